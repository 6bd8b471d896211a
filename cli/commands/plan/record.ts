/** `dr plan record`: a test that people did, or what only a person can see. */
import { Command, Option } from '@commander-js/extra-typings';
import { didYouMean } from '../../../plan/nearest.ts';
import type { Plan } from '../../../plan/types.ts';
import { badInput } from '../../../recovery/core/errors.ts';
import type { RecordFacts } from '../../../recovery/records/document.ts';
import { PROOFS } from '../../../recovery/records/proofs.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { dryRunOption, examples } from '../../flags.ts';
import { openSite } from '../../open-site.ts';

const declaration = () =>
  new Command('record')
    .argument('<what>', `a test of the plan, or one of: ${PROOFS.join(', ')}`)
    .description('Record a test that people did, or confirm what no program can see. It is signed.')
    .requiredOption('--by <name>', 'who answers for it')
    .addOption(
      new Option('--result <result>', 'how it ended').choices(['passed', 'failed'] as const).makeOptionMandatory(),
    )
    .option('--note <text>', 'what was seen, where it is, what was missed')
    .addOption(dryRunOption())
    .addHelpText(
      'after',
      examples(
        'dr plan record third-party --by "Ada Lovelace" --result passed --note "payments and mail answered"',
        'dr plan record alert-delivery --by "Ada Lovelace" --result passed',
        'dr plan record offsite-custody --by "Ada Lovelace" --result passed --note "drive 3, in the safe of the bank"',
      ),
    );

async function planRecord(
  options: OptionsOf<typeof declaration>,
  context: SiteContext,
  what: string,
): Promise<CommandResult> {
  const site = await openSite(context);
  const { by, result, note } = options;
  const facts: RecordFacts & { readonly by: string } = {
    by,
    ...aboutOf(site.plan, what),
    result,
    ...(note === undefined ? {} : { note }),
  };
  const head = `${facts.about} ${facts.id}: ${result}, by ${by}`;
  if (options.dryRun)
    return { kind: 'PlanRecord', data: { ...facts, dryRun: true }, text: `${head}\nnothing was recorded` };
  const { recorded } = await import('./recorded.ts');
  const { exit, data, lines } = await recorded(site, facts, context.now());
  return { exit, kind: 'PlanRecord', data, text: [head, ...lines].join('\n') };
}

function aboutOf({ tests }: Plan, what: string): Pick<RecordFacts, 'about' | 'id'> {
  const ids = tests.map(({ id }) => id);
  if (ids.includes(what)) return { about: 'test', id: what };
  if (PROOFS.some((proof) => proof === what)) return { about: 'proof', id: what };
  const known = [...ids, ...PROOFS];
  throw badInput({
    code: 'RECORD-UNKNOWN',
    where: 'what',
    fact: `"${what}" is neither a test of the plan nor something to confirm.${didYouMean(what, known)}`,
    hint: `one of: ${known.join(', ')}`,
  });
}

export const declare = siteCommand({ declare: declaration, run: planRecord });
