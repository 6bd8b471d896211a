/** `dr seed` */
/** `dr seed`: what runs before whoever uses a volume first starts. */
import { namedWorkloads } from '../../recovery/config/selection.ts';
import { openSite } from '../../recovery/config/site.ts';
import { badInput } from '../../recovery/core/errors.ts';
import { parseTarget } from '../../recovery/points/target.ts';
import { formatBytes, formatTime, plural } from '../../recovery/report/format.ts';
import { type SeedOutcome, seedVolume } from '../../recovery/restore/seed/volume.ts';
import { typeOf } from '../../recovery/workloads/registry.ts';
import type { Declare, Execute, SiteOptions } from '../command.ts';
import { examples } from '../flags.ts';

export interface SeedOptions extends SiteOptions {
  readonly workload: string;
  /** Repository to read. */
  readonly from: string;
  /** `latest`, a point's id or a time with a zone. */
  readonly to: string;
  /** @default where the environment file has the workload */
  readonly into?: string;
}

function describe({ decision, folder, mark, keys, files, bytes = 0 }: SeedOutcome): string {
  const from =
    mark.from === undefined
      ? 'data of its own'
      : `the snapshot of ${formatTime(mark.from.capturedAt)} (${mark.from.point} in ${mark.from.repository})`;
  switch (decision) {
    case 'fill': {
      const laid = files === undefined ? `${keys ?? 0} keys` : `${plural(files, 'file')}, ${formatBytes(bytes)}`;
      return `${folder} was empty and now holds ${from}: ${laid}`;
    }
    case 'finish':
      return `${folder} holds ${from}, as an earlier run had begun it`;
    case 'keep':
      return `${folder} holds the data of ${mark.life}, which began with ${from}: nothing to do`;
    case 'adopt':
      return `${folder} held data already: marked as those of ${mark.life}, and nothing else was touched`;
  }
}

export const seedCommand: Execute<SeedOptions> = async (options, context) => {
  const site = await openSite(options.env, context.log);
  const [workload] = namedWorkloads(site.plan, [options.workload]);
  const volume = workload && typeOf(site.environment, workload).volume;
  if (workload === undefined || volume === undefined) {
    // Objects go back through a stack, or by `dr restore`.
    const known = site.plan.workloads.filter((each) => typeOf(site.environment, each).volume).map(({ id }) => id);
    throw badInput({
      code: 'SEED-WORKLOAD',
      where: options.workload,
      fact: `is of type ${workload?.type}, and this command fills the volume of a Redis or of a folder`,
      hint: `write one of: ${known.join(', ')}; \`dr restore --only ${options.workload}\` restores the others`,
    });
  }
  const outcome = await seedVolume(site, workload, volume(site, workload, options.into), {
    target: parseTarget(options.to, context.now()),
    targetText: options.to,
    from: options.from,
    now: context.now,
    progress: context.progress,
    signal: context.signal,
  });
  return { kind: 'Seed', data: outcome, text: describe(outcome) };
};

export const declareSeed: Declare = (program, action) => {
  const command = program
    .command('seed')
    .argument('<workload>', 'a Redis or a folder of the plan')
    .description(
      'Fill an empty volume from a copy before its server or service first starts; one with data is left alone.',
    )
    .requiredOption('--from <repository>', 'repository to read; no other one is asked')
    .option('--to <target>', 'latest, a point’s id, or a time with a zone', 'latest')
    .option(
      '--into <folder>',
      'a folder’s files go there and not to its place in the environment file; it must be there',
    )
    .action(action(async () => (await import('./seed.ts')).seedCommand, { args: ['workload'] }));
  examples(command, [
    'dr seed redis --from secondary',
    'dr seed redis --from secondary --to 20261123T020000Z-full-7f3a',
    'dr seed uploads --from secondary --into /mnt/uploads',
  ]);
};
