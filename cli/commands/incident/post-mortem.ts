/** `dr incident post-mortem`: the plan's template, filled from the events. */
import { createHash } from 'node:crypto';
import { Command, Option } from '@commander-js/extra-typings';
import { badInput } from '../../../recovery/core/errors.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { examples, verbatimListOption } from '../../flags.ts';
import { askFor, byOption, openAll, writtenBy } from './open.ts';

const declaration = () =>
  new Command('post-mortem')
    .argument('<id>', 'an incident’s id, e.g. inc-20261123T020000Z-7f3a')
    .description('Write the plan’s post-mortem from the events; what only people know is asked for.')
    .option('--out <file>', 'write it there (default: stdout)')
    .addOption(new Option('--format <format>', 'md or html').choices(['md', 'html']).default('md'))
    .option('--check', 'only say what is missing, and write nothing; exit 3 when something is', false)
    .option('--title <text>', 'a short name of the incident (default: what was wrong)')
    .option('--summary <text>', 'what happened, in a few sentences')
    .option('--root-cause <text>', 'why it happened (default: as `dr incident resolve` was told)')
    .option('--resolution <text>', 'what was done (default: as `dr incident resolve` was told)')
    .option('--lessons <text>', 'what was learned')
    .addOption(
      verbatimListOption('--action <item>', 'an action item: "what; who; YYYY-MM-DD"; it becomes a follow-up', 'none'),
    )
    .addOption(byOption())
    .addHelpText(
      'after',
      examples(
        'dr incident post-mortem inc-20261123T020000Z-7f3a --check',
        'dr incident post-mortem inc-20261123T020000Z-7f3a --lessons "Test the failover" --action "Drill it; CTO; 2026-12-31"',
        'dr incident post-mortem inc-20261123T020000Z-7f3a --out post-mortem.html --format html',
      ),
    );

const QUESTIONS = {
  summary: 'What happened, in a few sentences?',
  'root-cause': 'Why did it happen?',
  lessons: 'What was learned?',
} as const;

/** `--check` changes nothing, so a text beside it would be lost. Throws exit 2. */
function check(options: OptionsOf<typeof declaration>, command: ReturnType<typeof declaration>): void {
  if (!options.check) return;
  const beside = command.options.find(
    (option) => option.long !== '--check' && command.getOptionValueSource(option.attributeName() as 'title') === 'cli',
  );
  if (beside === undefined) return;
  throw badInput({
    code: 'USAGE',
    where: 'incident post-mortem',
    fact: `--check writes nothing, so ${beside.long} means nothing beside it`,
    hint: 'leave --check out: without it the texts are kept, and what is missing is said too',
  });
}

/** Exit 3 while something is missing: then it is a draft, and the incident keeps waiting for it. */
async function postMortem(
  options: OptionsOf<typeof declaration>,
  context: SiteContext,
  id: string,
): Promise<CommandResult> {
  const [{ ANSWERED_FIELDS, writePostMortem }, { documentHtml, markdownOf }, { actionItem }] = await Promise.all([
    import('../../../recovery/incident/post-mortem/write.ts'),
    import('../../../recovery/incident/post-mortem/document.ts'),
    import('../../../recovery/incident/follow-ups.ts'),
  ]);
  const { site, incidents } = await openAll(context);
  const before = incidents.get(id);
  const written = await writtenBy({ by: options.by }, context);
  const { missing: open } = writePostMortem(before, site.plan, context.now());
  const typed: Record<string, string | undefined> = {
    title: options.title,
    summary: options.summary,
    'root-cause': options.rootCause,
    resolution: options.resolution,
    lessons: options.lessons,
  };
  const questions = Object.fromEntries(Object.entries(QUESTIONS).filter(([field]) => open.includes(field)));
  const answers = options.check ? {} : await askFor(typed, questions, context.signal);
  const actions: ReturnType<typeof actionItem>[] = [];
  for (const text of options.action) actions.push(actionItem(text, { followUps: [...before.followUps, ...actions] }));
  for (const field of ANSWERED_FIELDS) {
    const value = answers[field]?.trim();
    if (value !== undefined && value !== '') await incidents.append(id, { type: 'answered', field, value }, written);
  }
  for (const each of actions) await incidents.append(id, each, written);
  const document = writePostMortem(incidents.get(id), site.plan, context.now());
  const { missing, title, blocks } = document;
  const flags = missing.map((field) => `--${field}`);
  if (options.check) {
    const text = missing.length === 0 ? 'complete' : `missing: ${flags.join(', ')}`;
    return {
      exit: exitFor({ partial: missing.length > 0 }),
      kind: 'PostMortemCheck',
      data: { incident: id, missing },
      text,
    };
  }
  const text = options.format === 'html' ? documentHtml(title, blocks) : markdownOf(blocks);
  if (options.out !== undefined) {
    const { checkReportFile, writeReportFile } = await import('../../../recovery/report/report-folder.ts');
    await checkReportFile(context.log, '--out', options.out);
    await writeReportFile(options.out, text, 0o640);
  }
  const { resolvedAt } = incidents.get(id);
  const digest = createHash('sha256').update(text).digest('hex');
  const file = options.out === undefined ? {} : { file: options.out };
  // A draft is not what the plan wants within 48 hours.
  if (missing.length === 0 && resolvedAt !== undefined)
    await incidents.append(id, { type: 'post-mortem', digest, ...file }, written);
  const draft = missing.length === 0 ? '' : `\nstill to be written: ${flags.join(', ')}`;
  const where = options.out === undefined ? text.trimEnd() : `written to ${options.out}`;
  return {
    exit: exitFor({ partial: missing.length > 0 }),
    kind: 'PostMortem',
    data: { incident: id, title, missing, digest, format: options.format, ...file, text },
    text: `${where}${draft}`,
  };
}

export const declare = siteCommand({ declare: declaration, check, run: postMortem });
