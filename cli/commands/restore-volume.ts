/** `dr restore-volume`: runs before the first user of a volume starts. */
import { Command } from '@commander-js/extra-typings';
import type { Workload } from '../../plan/types.ts';
import type { Site } from '../../recovery/config/site.ts';
import { badInput } from '../../recovery/core/errors.ts';
import { formatBytes, formatTime, plural } from '../../recovery/report/format.ts';
import type { SeedOutcome } from '../../recovery/restore/seed/volume.ts';
import type { SeedVolume } from '../../recovery/workloads/workload.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../command.ts';
import { examples } from '../flags.ts';
import { openSite } from '../open-site.ts';

const declaration = () =>
  new Command('restore-volume')
    .argument('<workload>', 'a Redis or a folder of the plan')
    .description(
      'Fill an empty volume from a copy before its server or service first starts; one with data is not changed.',
    )
    .requiredOption('--from <repository>', 'repository to read; no other one is queried')
    .option('--to <target>', 'latest, a point’s id, or a time with a zone', 'latest')
    .option(
      '--into <folder>',
      'put a folder’s files there instead of its location in the environment file; the folder must exist',
    )
    .addHelpText(
      'after',
      examples(
        'dr restore-volume redis --from secondary',
        'dr restore-volume redis --from secondary --to 20261123T020000Z-full-7f3a',
        'dr restore-volume uploads --from secondary --into /mnt/uploads',
      ),
    );

async function restoreVolume(
  options: OptionsOf<typeof declaration>,
  context: SiteContext,
  named: string,
): Promise<CommandResult> {
  const [{ parseTarget }, { seedVolume }] = await Promise.all([
    import('../../recovery/points/target.ts'),
    import('../../recovery/restore/seed/volume.ts'),
  ]);
  const site = await openSite(context);
  const [workload, volume] = await volumeOf(site, named, options.into);
  const outcome = await seedVolume(site, workload, volume, {
    target: parseTarget(options.to, 'later'),
    targetText: options.to,
    from: options.from,
    now: context.now,
    progress: context.progress,
    signal: context.signal,
  });
  return { kind: 'Seed', data: outcome, text: volumeText(outcome) };
}

/** The volume of a workload whose type has one: manifests are restored by a stack, everything else by `dr restore`. */
async function volumeOf(site: Site, named: string, into: string | undefined): Promise<[Workload, SeedVolume]> {
  const [{ namedWorkloads }, { typeOf }] = await Promise.all([
    import('../../recovery/config/selection.ts'),
    import('../../recovery/workloads/registry.ts'),
  ]);
  const [workload] = namedWorkloads(site.plan, [named], 'WORKLOAD');
  const volume = workload && typeOf(site.environment, workload).volume;
  if (workload !== undefined && volume !== undefined) return [workload, volume(site, workload, into)];
  const known = site.plan.workloads.filter((each) => typeOf(site.environment, each).volume).map(({ id }) => id);
  throw badInput({
    code: 'SEED-WORKLOAD',
    where: named,
    fact: `is of type ${workload?.type}, and this command fills the volume of a Redis or of a folder`,
    hint: `write one of: ${known.join(', ')}; \`dr restore --to latest --only ${named}\` restores the others`,
  });
}

function volumeText({ decision, folder, mark, isMarked, keys, files, bytes = 0 }: SeedOutcome): string {
  const from =
    mark.from === undefined
      ? 'data of its own'
      : `the snapshot of ${formatTime(mark.from.capturedAt)} (${mark.from.point} in ${mark.from.repository})`;
  switch (decision) {
    case 'fill': {
      const restored = files === undefined ? `${keys ?? 0} keys` : `${plural(files, 'file')}, ${formatBytes(bytes)}`;
      return `${folder} was empty and now holds ${from}: ${restored}`;
    }
    case 'finish':
      return `${folder} holds ${from}, which an earlier run began to restore`;
    case 'keep':
      return `${folder} holds the data of ${mark.life}, which began with ${from}: nothing to do`;
    case 'adopt':
      return isMarked
        ? `${folder} already held data: it is marked as data of ${mark.life}, and nothing else was changed`
        : `${folder} already holds data: nothing was changed`;
  }
}

export const declare = siteCommand({ declare: declaration, run: restoreVolume });
