/** `dr repository recreate`: begin a repository anew that is lost or damaged beyond repair. */
import { Command, Option } from '@commander-js/extra-typings';
import { precondition } from '../../../recovery/core/errors.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import { plural } from '../../../recovery/report/format.ts';
import type { RecreatePlan } from '../../../recovery/repository/recreate/plan.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { confirmOption, dryRunOption, examples } from '../../flags.ts';
import { openSite } from '../../open-site.ts';
import { backupOutcome } from './backup-text.ts';

const declaration = () =>
  new Command('recreate')
    .argument('<id>', 'the repository')
    .description('Empty a repository that is damaged beyond repair, fill it from another one, and make a full backup.')
    .option('--from <repository>', 'the one to fill it from (default: the one with the newest good point)')
    .addOption(
      new Option(
        '--accept-loss <name>',
        'the repository’s name: what it holds may go, though no other has a verified point',
      ),
    )
    .addOption(dryRunOption())
    .addOption(confirmOption('the repository’s name'))
    .addHelpText(
      'after',
      examples(
        'dr repository recreate local --dry-run',
        'dr repository recreate local --confirm local',
        'dr repository recreate local --from secondary --accept-loss local --confirm local',
      ),
    );

/** Lists get long: a repository may hold a year of points. */
const SHOWN = 10;

function goneLine({ repository, onlyHere }: RecreatePlan): string[] {
  if (onlyHere.length === 0) return [];
  const shown = onlyHere.slice(-SHOWN).join(', ');
  const more = onlyHere.length > SHOWN ? ` and ${onlyHere.length - SHOWN} older ones` : '';
  return [
    `${repository}: ${plural(onlyHere.length, 'point')} that no other repository holds are lost: ${shown}${more}`,
  ];
}

function linesOf(plan: RecreatePlan): string[] {
  const { repository, before, points, verified, source, makesFolder, loss } = plan;
  return [
    ...(before === undefined
      ? []
      : [`${repository}: being recreated since ${before.since} (${before.state}); this goes on with it`]),
    makesFolder
      ? `${repository}: its folder does not exist and is made: is a disk not mounted?`
      : `${repository}: all of its copies, its catalog and ${plural(points, 'point')} are removed; fences, evidence and incidents stay`,
    ...goneLine(plan),
    verified === undefined
      ? 'no other repository holds a verified point'
      : `${verified.repository} holds ${verified.point}, which is verified`,
    source === undefined
      ? `${repository}: no other repository holds a point: it gets a full backup alone`
      : `${repository}: filled with ${plural(source.points, 'point')} of ${source.repository}, then a full backup`,
    ...(loss === undefined ? [] : [`must be accepted by name (--accept-loss ${repository}): ${loss}`]),
  ];
}

/** Throws `LOSS-NOT-ACCEPTED` (exit 6). */
function refuseLoss({ repository, loss }: RecreatePlan, accepted: string | undefined): void {
  if (loss === undefined || accepted === repository) return;
  throw precondition({
    code: 'LOSS-NOT-ACCEPTED',
    where: `repository ${repository}`,
    fact: loss,
    hint: `verify another one first (\`dr verify --deep\`), or accept that: --accept-loss ${repository}`,
  });
}

/** Exit 3: it takes part and lacks points of the other one, or the full backup lacks something. */
async function recreateOne(
  { dryRun, from, acceptLoss }: OptionsOf<typeof declaration>,
  context: SiteContext,
  id: string,
): Promise<CommandResult> {
  const [{ planRecreate }, { recreate }] = await Promise.all([
    import('../../../recovery/repository/recreate/plan.ts'),
    import('../../../recovery/repository/recreate/run.ts'),
  ]);
  const { progress, now, signal } = context;
  const site = await openSite(context);
  const repository = site.repository(id);
  const plan = await planRecreate(site, repository, { from, now: now() });
  const lines = linesOf(plan);
  if (dryRun) return { kind: 'RepositoryRecreate', data: { dryRun, ...plan }, text: lines.join('\n') };
  refuseLoss(plan, acceptLoss);
  await context.confirm({ name: id, what: lines });
  const { points, leftOut, backup } = await recreate(site, repository, plan, { progress, now, signal });
  const outcome = backupOutcome(id, backup);
  const lacking = leftOut.map((point) => `${point} was left out: ${plan.source?.repository} does not hold all of it`);
  return {
    kind: 'RepositoryRecreate',
    data: { dryRun, ...plan, filled: { points, leftOut }, backup: outcome.data },
    text: [...lines, ...lacking, ...outcome.lines].join('\n'),
    exit: outcome.exit === 0 ? exitFor({ partial: leftOut.length > 0 }) : outcome.exit,
  };
}

export const declare = siteCommand({ declare: declaration, run: recreateOne });
