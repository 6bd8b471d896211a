/** The outcome of a rebuild by tier, and whether the stack was made from the chosen point. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { TierId } from '../../plan/types.ts';
import { type ResolvedPoint, resolvedPointSchema } from '../points/resolved/resolved-point.ts';
import type { DataCheck, RebuildOutcome, RebuildPlan, TierOutcome } from './types.ts';

/** A tier of which nothing is captured has no check in the stack, and is never ready. Another one without a check is, at the end of the run. */
export function tierOutcomes(
  { tiers, declaredAt }: Pick<RebuildPlan, 'tiers' | 'declaredAt'>,
  readyAt: ReadonlyMap<TierId, Date>,
  endedAt: Date | undefined,
): TierOutcome[] {
  let before = 0;
  return tiers.map(({ tier, objects }) => {
    if (!readyAt.has(tier) && objects.length === 0) return { tier, nothing: true };
    const ready = readyAt.get(tier) ?? endedAt;
    if (ready === undefined) return { tier };
    // No tier is ready before the tiers that it needs.
    before = Math.max(before, ready.getTime());
    return {
      tier,
      readyAt: new Date(before).toISOString(),
      seconds: Math.max(0, (before - Date.parse(declaredAt)) / 1000),
    };
  });
}

/** For people: a tier whose services the plan has, and the point has not. */
export function emptyTiers({ tiers, plan }: Pick<RebuildOutcome, 'tiers' | 'plan'>): string[] {
  return tiers.flatMap(({ tier, nothing }) => {
    if (nothing === undefined) return [];
    const services = plan.tiers.find((each) => each.tier === tier)?.services ?? [];
    return [
      `${tier}: nothing of it is captured, so it is not up${services.length === 0 ? '' : ` (${services.join(', ')})`}`,
    ];
  });
}

/** Checks of the stack's own outputs. */
export function outputChecks(
  outputs: Readonly<Record<string, unknown>>,
  plan: RebuildPlan,
  readyAt: ReadonlyMap<TierId, Date>,
): DataCheck[] {
  const evidence = `output recoveredFrom of stack ${plan.stack}`;
  const found = resolvedPointSchema.safeParse(outputs.recoveredFrom).data;
  const madeFrom = ({ postgres, dump }: ResolvedPoint): string =>
    postgres === undefined ? `${dump?.point}, dumps of ${dump?.capturedAt}` : `${postgres.point}, set ${postgres.set}`;
  const began: DataCheck = {
    title: 'the platform was made from the chosen point',
    expected: madeFrom(plan.pin),
    actual: found === undefined ? 'no point' : madeFrom(found),
    ok: found !== undefined && isDeepStrictEqual(found, plan.pin),
    evidence,
  };
  const tiers = [...readyAt].map(
    ([tier, at]): DataCheck => ({
      title: `${tier} is healthy`,
      tier,
      expected: 'dr health passes',
      actual: `passed at ${at.toISOString()}`,
      ok: true,
      evidence: `Job recovery-check-${tier.toLowerCase()}`,
    }),
  );
  return [began, ...tiers];
}
