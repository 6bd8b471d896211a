/** `dr points locate`: what a target means, without restoring anything. */

import { Command } from '@commander-js/extra-typings';
import { selectWorkloads } from '../../../plan/select.ts';
import { refuseExternalPostgres } from '../../../recovery/config/environment.ts';
import type { Repository, Site } from '../../../recovery/config/site.ts';
import { formatMicros, type Micros, microsOf, parseMicros } from '../../../recovery/points/moment.ts';
import type { ResolvedItem } from '../../../recovery/points/resolve/types.ts';
import { parseTarget } from '../../../recovery/points/target.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { examples } from '../../flags.ts';
import { openSite } from '../../open-site.ts';

const declaration = () =>
  new Command('locate')
    .argument('<target>', 'before:744, lsn:0/3000060, name:TEXT, a time, a point’s id or latest')
    .description('Say where a recovery target lies: position, moment, and the set that a restore begins from.')
    .option('--from <repository>', 'the repository to read (default: the first that has the target)')
    .addHelpText('after', examples('dr points locate before:744', 'dr points locate "name:before release 2.3"'));

interface Last {
  readonly lineage: string;
  readonly timeline: number;
  readonly lsn: string;
  /** Absent for a point: its set ends where it is consistent. */
  readonly commit?: { readonly xid: string; readonly at: Micros };
}

/** The last transaction that a restore to a time, to latest or to a point holds. Undefined for a dump. */
async function lastIn(
  site: Site,
  repository: Repository,
  { capture, time, mode }: ResolvedItem,
  { now, signal }: SiteContext,
): Promise<Last | undefined> {
  if (capture.engine !== 'pgbackrest') return undefined;
  const { lineage, timeline, lsnStop } = capture;
  // A point by its id ends where its set is consistent.
  if (mode === 'immediate') return { lineage, timeline, lsn: lsnStop };
  const [{ openSearched }, { lastCommitUpTo }, { lineagesIn }] = await Promise.all([
    import('../../../recovery/find/search.ts'),
    import('../../../recovery/find/last-commit.ts'),
    import('../../../recovery/engines/pgbackrest/records/lineage.ts'),
  ]);
  const { entries } = await openSearched(site, repository.id);
  const sets = lineagesIn(entries).find((each) => each.lineage === lineage);
  if (sets === undefined) return undefined;
  const until = time === undefined ? microsOf(now()) : parseMicros(time);
  const found = await lastCommitUpTo(site, repository, { lineage: sets, until, signal });
  if (found === undefined) return undefined;
  const { xid, at, ...where } = found;
  return { lineage, ...where, commit: { xid, at } };
}

function lastData({ lineage, timeline, lsn, commit }: Last): object {
  const committed = commit === undefined ? {} : { transaction: commit.xid, committedAt: formatMicros(commit.at) };
  return { lineage, timeline, lsn, ...committed };
}

function lastText(last: Last | undefined): string {
  if (last === undefined) return '';
  const { lsn, lineage, timeline, commit } = last;
  const place = `position ${lsn} of ${lineage} (timeline ${timeline})`;
  if (commit === undefined) return `${place}: where its set is consistent\n`;
  return `${place}: the last commit that it holds, transaction ${commit.xid} at ${formatMicros(commit.at)}\n`;
}

async function pointsLocate(
  { from }: OptionsOf<typeof declaration>,
  context: SiteContext,
  text: string,
): Promise<CommandResult> {
  const { chooseRepository } = await import('../../../recovery/restore/choose-repository.ts');
  const target = parseTarget(text, 'later');
  const { now, progress, signal } = context;
  const site = await openSite(context);
  refuseExternalPostgres(site.environment);
  const workloads = selectWorkloads(site.plan, ['type:postgres']);
  const choice = {
    ...{ target, targetText: text, from, now: now(), progress, signal },
    ...{ allowTampered: false, allowCompromised: false },
  };
  const { repository, resolution } = await chooseRepository(site, choice, workloads);
  const [item] = resolution.items;
  const place = item?.place;
  const set = item?.capture.engine === 'pgbackrest' ? item.capture.set : undefined;
  const last = place === undefined && item !== undefined ? await lastIn(site, repository, item, context) : undefined;
  const data = {
    target: text,
    repository: repository.id,
    ...(item === undefined ? {} : { point: item.point, set, ...(item.time === undefined ? {} : { time: item.time }) }),
    ...(place === undefined
      ? {}
      : { lineage: place.lineage, timeline: place.timeline, lsn: place.lsn, time: formatMicros(place.at) }),
    ...(last === undefined ? {} : lastData(last)),
  };
  const where =
    place === undefined
      ? lastText(last)
      : `position ${place.lsn} of ${place.lineage} (timeline ${place.timeline}); as a time: ${formatMicros(place.at)}\n`;
  return {
    kind: 'TargetPlace',
    data,
    text: `${where}a restore begins from ${set ?? 'no set'} of ${item?.point ?? 'no point'} in ${repository.id}`,
  };
}

export const declareLocate = siteCommand({ declare: declaration, run: pointsLocate });
