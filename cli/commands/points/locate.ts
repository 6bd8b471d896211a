/** `dr points locate`: what a target means, without restoring anything. */
import { Command } from '@commander-js/extra-typings';
import { selectWorkloads } from '../../../plan/select.ts';
import { formatMicros } from '../../../recovery/points/moment.ts';
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

async function pointsLocate(
  { from }: OptionsOf<typeof declaration>,
  context: SiteContext,
  text: string,
): Promise<CommandResult> {
  const { chooseRepository } = await import('../../../recovery/restore/choose-repository.ts');
  const target = parseTarget(text, 'later');
  const { now, progress, signal } = context;
  const site = await openSite(context);
  const workloads = selectWorkloads(site.plan, ['type:postgres']);
  const choice = {
    ...{ target, targetText: text, from, now: now(), progress, signal },
    ...{ allowTampered: false, allowCompromised: false },
  };
  const { repository, resolution } = await chooseRepository(site, choice, workloads);
  const [item] = resolution.items;
  const place = item?.place;
  const set = item?.capture.engine === 'pgbackrest' ? item.capture.set : undefined;
  const data = {
    target: text,
    repository: repository.id,
    ...(item === undefined ? {} : { point: item.point, set, ...(item.time === undefined ? {} : { time: item.time }) }),
    ...(place === undefined
      ? {}
      : { lineage: place.lineage, timeline: place.timeline, lsn: place.lsn, time: formatMicros(place.at) }),
  };
  const where =
    place === undefined
      ? ''
      : `position ${place.lsn} of ${place.lineage} (timeline ${place.timeline}); as a time: ${formatMicros(place.at)}\n`;
  return {
    kind: 'TargetPlace',
    data,
    text: `${where}a restore begins from ${set ?? 'no set'} of ${item?.point ?? 'no point'} in ${repository.id}`,
  };
}

export const declareLocate = siteCommand({ declare: declaration, run: pointsLocate });
