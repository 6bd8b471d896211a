/** `dr points diff`: what changed between two points. */
import { Command } from '@commander-js/extra-typings';
import { namedWorkloads } from '../../../recovery/config/selection.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import { isCompromised } from '../../../recovery/points/marks.ts';
import { painter } from '../../../recovery/report/paint.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { examples, onlyOption } from '../../flags.ts';
import { openSite } from '../../open-site.ts';

const POINT = 'a recovery point’s id, or latest';

const declaration = () =>
  new Command('diff')
    .argument('<before>', POINT)
    .argument('<after>', POINT)
    .description(
      'Say what changed between two points: roles, grants, functions, triggers, settings, cron jobs, objects and rights of the cluster, files, users of Redis. What an intruder would leave comes first.',
    )
    .option('--from <repository>', 'the repository to read (default: the first that holds both points)')
    .addOption(onlyOption())
    .addHelpText(
      'after',
      `${examples(
        'dr points diff 20261122T020000Z-full-7f3a latest',
        'dr points diff 20261122T020000Z-full-7f3a 20261123T020000Z-full-91c2 --only postgres-dump',
        'dr points diff 20261122T020000Z-full-7f3a latest --from secondary -o json',
      )}\n\nExit 3: something could not be compared, and is named. Differences alone are exit 0. Rows and keys are not compared.`,
    );

/** Exit 1: nothing could be compared. Exit 3: not everything. Exit 5: a point was altered. */
async function pointsDiff(
  { from, only }: OptionsOf<typeof declaration>,
  context: SiteContext,
  before: string,
  after: string,
): Promise<CommandResult> {
  const [{ choosePoints }, { comparePoints }, { diffText, inOrder, summaryOf }] = await Promise.all([
    import('../../../recovery/compare/points.ts'),
    import('../../../recovery/compare/compare.ts'),
    import('../../../recovery/compare/text.ts'),
  ]);
  const { progress, signal } = context;
  const site = await openSite(context);
  const workloads = only.length === 0 ? site.plan.workloads : namedWorkloads(site.plan, only);
  const points = await choosePoints(site, { before, after }, { from, now: context.now() });
  const { sections, notCompared } = await comparePoints(site, points, { workloads, progress, signal });
  const sides = [points.before, points.after];
  const [old, now] = sides.map(({ point: { id, startedAt } }) => ({ id, at: startedAt }));
  if (old === undefined || now === undefined) throw new TypeError('two points are compared');
  const backwards =
    old.at > now.at ? ['the first point is the newer one: what is called new was there before, and is gone'] : [];
  const compromised = sides.filter(isCompromised).map(({ point }) => `${point.id} is marked compromised`);
  const diff = {
    repository: points.repository.id,
    ...{ before: old, after: now, summary: summaryOf(sections, notCompared) },
    ...{ sections: inOrder(sections), notCompared, notes: [...backwards, ...compromised] },
  };
  return {
    exit: exitFor({ failure: sections.length === 0, partial: notCompared.length > 0 }),
    kind: 'PointDifference',
    data: diff,
    text: diffText(diff, painter(context)),
  };
}

export const declareDiff = siteCommand({ declare: declaration, run: pointsDiff });
