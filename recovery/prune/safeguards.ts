/** When a prune wants more than a name: a mistaken clock, retention or plan shows in how much would go. Pure but for the two clocks. */
import type { Plan } from '../../plan/types.ts';
import type { Repository } from '../config/site.ts';
import { DrError, EXIT, precondition } from '../core/errors.ts';
import { doubtsOf } from '../points/catalog/doubts.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import { formatPercent, plural } from '../report/format.ts';
import { clockSkew, skewText } from '../storage/clock.ts';
import type { RepositoryPlan } from './types.ts';

/** Minutes move a retention of days by nothing. */
const MOST_SKEW_SECONDS = 600;

/** Throws `CLOCK-DOUBT` (exit 6): the age of a point says nothing where a clock is wrong. */
export async function refuseDoubtfulClock(
  repository: Repository,
  entries: readonly CatalogEntry[],
  now: Date,
): Promise<void> {
  const where = `repository ${repository.id}`;
  const skew = (await clockSkew(await repository.store('writer'))) ?? 0;
  if (Math.abs(skew) > MOST_SKEW_SECONDS) {
    throw precondition({
      code: 'CLOCK-DOUBT',
      where,
      fact: `this host's clock is ${skewText(skew)} the repository's: what is old can't be told`,
      hint: 'set the clock right (timedatectl), then prune again; nothing was removed',
    });
  }
  const doubtful = [...doubtsOf(entries, now).values()].filter(({ kind }) => kind === 'clock');
  const [first] = doubtful;
  if (first === undefined) return;
  const more = doubtful.length > 1 ? `, and ${plural(doubtful.length - 1, 'more point')} like it` : '';
  throw precondition({
    code: 'CLOCK-DOUBT',
    where,
    fact: `${first.point} ${first.fact}${more}: what is old can't be told`,
    hint: `look at it (dr points show ${first.point}); if its content is good: dr points mark ${first.point} clean; if not: compromised`,
  });
}

/** With backups every hour, a newest point of this age means that they have stopped, or that the clock is wrong. */
const NEWEST_DAYS = 14;
const DAY_MS = 86_400_000;

/** Why a plan needs its number of points typed; undefined where a name is enough. */
function reasonFor({ repository, points, remove }: RepositoryPlan, share: number): string | undefined {
  if (remove.length === 0) return undefined;
  if (remove.length > points.length * share)
    return `${remove.length} of ${plural(points.length, 'point')} in ${repository} would go, more than ${formatPercent(share)}`;
  const newest = Math.max(...points.map(({ endedAt }) => Date.parse(endedAt)));
  const age = (Date.now() - newest) / DAY_MS;
  if (age <= NEWEST_DAYS) return undefined;
  return `the newest point in ${repository} is ${Math.floor(age)} days old by this host's clock, and ${plural(remove.length, 'point')} would go`;
}

/**
 * Throws `PRUNE-SHARE` (exit 7) where a repository would lose more than the plan's share of its points, or has got no new point for two
 * weeks, and the number was not typed.
 * @param typed points that may go, over all repositories
 */
export function checkShare(plans: readonly RepositoryPlan[], plan: Plan, typed: number | undefined): void {
  const reasons = plans.flatMap((each) => reasonFor(each, plan.safeguards.pruneShare) ?? []);
  const total = plans.reduce((sum, { remove }) => sum + remove.length, 0);
  if (typed === undefined ? reasons.length === 0 : typed === total) return;
  throw new DrError({
    code: 'PRUNE-SHARE',
    where: '--remove',
    fact:
      typed === undefined
        ? reasons.join('\n')
        : `${typed} is not the number of points that would go, which is ${total}`,
    hint: `see which (dr prune --dry-run); if that is right: --remove ${total}`,
    exit: EXIT.refused,
  });
}
