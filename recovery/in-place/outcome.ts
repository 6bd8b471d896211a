/** The outcome of a restore in place, with the clocks and objectives of a rebuild. Pure. */
import type { Plan } from '../../plan/types.ts';
import { exitFor } from '../core/exit.ts';
import { rebuildReport } from '../rebuild/report.ts';
import type { RebuildOutcome, RebuildPlan, TierOutcome } from '../rebuild/types.ts';
import type { DrillEnvironment, DrillReport, TimelineEvent } from '../report/types.ts';
import type { Woken } from './services.ts';
import type { ClaimOf, InPlacePlan } from './types.ts';
import type { VerifiedStores } from './verify.ts';

export interface InPlaceOutcome {
  readonly plan: InPlacePlan;
  /** In the form of a rebuild's, for its report. */
  readonly rebuilt: RebuildOutcome;
  readonly kept: readonly ClaimOf[];
  /** False: a check did not pass, and the services are still stopped. */
  readonly woken: boolean;
  readonly fullBackup: VerifiedStores['fullBackup'];
}

interface Facts {
  readonly made: InPlacePlan;
  readonly plan: Plan;
  readonly resumed: boolean;
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly events: readonly TimelineEvent[];
  readonly kept: readonly ClaimOf[];
  readonly verified: VerifiedStores;
  readonly woken: Woken;
}

function asRebuild({ made, plan }: Pick<Facts, 'made' | 'plan'>): RebuildPlan {
  const { stack, site, next, context, namespaces, target, repository, pin, declaredAt, stores } = made;
  // What is left as it is has lost nothing.
  const untouched = stores.includes('redis') ? [] : [{ workload: 'redis', recoveredTo: declaredAt, seconds: 0 }];
  return {
    ...{ stack, site, context, namespaces, target, repository, pin, declaredAt },
    isNew: false,
    generation: next.generation,
    from: pin.from,
    tiers: made.tiers.map(({ tier, name, workloads }) => ({
      tier,
      name,
      services: plan.tiers.find(({ id }) => id === tier)?.services.map(({ title }) => title) ?? [],
      objects: workloads,
    })),
    foundation: 0,
    changes: {},
    leftOut: [],
    loss: [...made.loss, ...untouched],
    notes: made.notes,
  };
}

export function outcomeOf(facts: Facts): InPlaceOutcome {
  const { made, resumed, startedAt, endedAt, kept, verified, woken } = facts;
  const { checks } = verified;
  const tiers = made.tiers.map(({ tier }): TierOutcome => {
    const found = woken.find((each) => each.tier === tier);
    if (found === undefined) return { tier };
    return {
      tier,
      readyAt: found.at,
      seconds: Math.max(0, (Date.parse(found.at) - Date.parse(made.declaredAt)) / 1000),
    };
  });
  const rebuilt: RebuildOutcome = {
    plan: asRebuild(facts),
    resumed,
    exit: exitFor({ verificationFailed: checks.some(({ ok }) => !ok) }),
    startedAt: startedAt.toISOString(),
    endedAt: endedAt.toISOString(),
    tiers,
    checks,
    setAside: [],
    timeline: [
      ...facts.events.map(({ at, event }) => ({ at, event })),
      { at: verified.at.toISOString(), event: 'data checked' },
      ...woken.map(({ at, tier }) => ({ at, tier, event: `${tier} is back, checked` })),
    ].toSorted((a, b) => (a.at < b.at ? -1 : 1)),
    outputs: {},
    changes: {},
  };
  return { plan: made, rebuilt, kept, woken: woken.length > 0, fullBackup: verified.fullBackup };
}

export function inPlaceReport(plan: Plan, { plan: made, rebuilt }: InPlaceOutcome, on: DrillEnvironment): DrillReport {
  const report = rebuildReport(plan, rebuilt, on);
  const losses = report.losses.filter(({ what }) => what !== 'redis' || made.stores.includes('redis'));
  return { ...report, scenario: 'in-place', title: `Restore in place of stack ${made.stack}`, losses };
}
