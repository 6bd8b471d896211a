/** `dr seed` */
import { namedWorkloads } from '../backup/select.ts';
import { badInput } from '../errors.ts';
import { formatTime } from '../report/format.ts';
import { type SeedOutcome, seedRedis } from '../seed/redis.ts';
import { openSite } from '../site.ts';
import { parseTarget } from '../target.ts';
import type { Execute, SeedOptions } from './command.ts';

function describe({ decision, folder, mark, keys }: SeedOutcome): string {
  const from =
    mark.from === undefined
      ? 'data of its own'
      : `the snapshot of ${formatTime(mark.from.capturedAt)} (${mark.from.point} in ${mark.from.repository})`;
  switch (decision) {
    case 'fill':
      return `${folder} was empty and now holds ${from}: ${keys ?? 0} keys`;
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
  if (workload?.type !== 'redis') {
    const known = site.plan.workloads.filter(({ type }) => type === 'redis').map(({ id }) => id);
    throw badInput({
      code: 'SEED-WORKLOAD',
      where: options.workload,
      fact: `is of type ${workload?.type}, and only the volume of a Redis begins from a copy by this command`,
      hint: `write one of: ${known.join(', ')}; \`dr restore --only ${options.workload}\` restores the others`,
    });
  }
  const outcome = await seedRedis(site, workload, {
    target: parseTarget(options.to, context.now()),
    targetText: options.to,
    from: options.from,
    now: context.now,
    progress: context.progress,
    signal: context.signal,
  });
  return { kind: 'Seed', data: outcome, text: describe(outcome) };
};
