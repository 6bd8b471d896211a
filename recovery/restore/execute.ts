/**
 * Runs the plan: data in parallel, services tier by tier behind a check of the tier before. Measures the RPO that the restore had: how far
 * before the disaster the restored data ends.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { seconds } from '../../plan/duration.ts';
import { ensureIdentity } from '../config/identity.ts';
import { makePassableFolder } from '../core/account.ts';
import { asDrError, hasBug } from '../core/as-dr-error.ts';
import { type DrError, EXIT, type ExitCode } from '../core/errors.ts';
import { exitFor } from '../core/exit.ts';
import { writeFile } from '../core/files/writes.ts';
import { dropOutside } from '../workloads/postgres/host/outside.ts';
import { typeOfItem } from '../workloads/registry.ts';
import type { RestoreItem, RestorePlan } from '../workloads/restore-plan.ts';
import {
  type Check,
  type RestoreContext,
  recordEnd,
  recordFailure,
  type StepReport,
  stepReports,
} from '../workloads/restore-step.ts';
import { dropBefore } from '../workloads/swap.ts';
import { type ItemResult, restoreItem } from './items.ts';
import { type StoppedService, startTier, stoppedServices, stopServices } from './services.ts';

/** PostgreSQL copies with processes of its own; more than this at once only shares the same disk. */
const ITEMS_AT_ONCE = 4;

export interface TierReady {
  readonly tier: string;
  readonly readyAt: string;
  /** From the declared moment of the disaster. */
  readonly seconds: number;
  /** The tier's RTO in the plan. */
  readonly objectiveSeconds: number;
  readonly met: boolean;
}

export interface RestoreResult {
  readonly id: string;
  readonly exit: ExitCode;
  readonly tiers: readonly TierReady[];
  readonly steps: readonly StepReport[];
  readonly verified: readonly Check[];
  readonly items: readonly ItemResult[];
  readonly failures: readonly { readonly workload: string; readonly error: DrError }[];
  readonly bytesRestored: number;
  readonly losses: readonly Loss[];
  /** Services that the restore stopped and that still are: none where it ended well. */
  readonly stopped: readonly StoppedService[];
  readonly endedAt: string;
}

/** Says that this site is whole; removed when a restore begins, written when all of it is verified. */
export function readyFile(stateDir: string): string {
  return join(stateDir, 'ready.json');
}

/**
 * With `keepGoing` a failed workload is reported and the others continue (exit 3); otherwise the first failure ends the restore after
 * what is under way. The target is marked ready only when nothing failed.
 */
export async function executeRestore(
  context: RestoreContext,
  options: { keepGoing: boolean; now: () => Date },
): Promise<RestoreResult> {
  const { plan, site, journal } = context;
  const { stateDir } = site.environment;
  await makePassableFolder(stateDir);
  await rm(readyFile(stateDir), { force: true });
  const failures: { workload: string; error: DrError }[] = [];
  const items: ItemResult[] = [];
  const checks: Check[] = [];
  const tiers: TierReady[] = [];
  const declared = new Date(plan.declaredAt).getTime();
  await stopServices(context);

  const limit = pLimit(ITEMS_AT_ONCE);
  const done = new Map(plan.items.map(({ workload }) => [workload, Promise.withResolvers<void>()]));
  const awaits = (item: RestoreItem): RestoreItem[] => {
    const { restoredAfter = [] } = typeOfItem(item);
    return plan.items.filter(({ type }) => restoredAfter.some((name) => name === type));
  };
  // What others wait for comes first, and waits for nothing itself: it always gets a place among those that run.
  const awaited = new Set(plan.items.flatMap(awaits));
  const ordered = plan.items.toSorted((a, b) => Number(awaited.has(b)) - Number(awaited.has(a)));
  const running = new Map(
    ordered.map((item) => [
      item.workload,
      limit(async () => {
        if (failures.length > 0 && !options.keepGoing) return;
        try {
          await Promise.all(awaits(item).map(({ workload }) => done.get(workload)?.promise));
          const result = await restoreItem(context, item);
          items.push(result);
          checks.push(...result.checks);
        } catch (error) {
          failures.push({ workload: item.workload, error: asDrError(error, item.workload) });
        } finally {
          done.get(item.workload)?.resolve();
        }
      }),
    ]),
  );
  // Services read configuration whatever its tier: all of the infrastructure comes before the first of them.
  const infrastructure = site.plan.workloads.filter((w) => w.group === 'infrastructure').map((w) => w.id);
  const needed = (tier: string) =>
    plan.items.filter((i) => i.tier <= tier || infrastructure.includes(i.workload)).map((i) => running.get(i.workload));
  for (const { id: tier, rto } of site.plan.tiers) {
    await Promise.all(needed(tier));
    if (failures.length > 0 && !options.keepGoing) break;
    const concerns = plan.items.some((i) => i.tier === tier) || plan.services.some((s) => s.tier === tier);
    if (!concerns) continue;
    try {
      checks.push(...(await startTier(context, tier)));
      const readyAt = options.now();
      const took = (readyAt.getTime() - declared) / 1000;
      const objectiveSeconds = seconds(rto);
      const met = took <= objectiveSeconds;
      tiers.push({ tier, readyAt: readyAt.toISOString(), seconds: took, objectiveSeconds, met });
      context.progress({ step: `restore/tier/${tier}`, title: `${tier} is back`, tier, state: 'done' });
    } catch (error) {
      failures.push({ workload: `services of ${tier}`, error: asDrError(error, `services of ${tier}`) });
      if (!options.keepGoing) break;
    }
  }
  await Promise.all(running.values());

  const whole = failures.length === 0 && plan.missing.length === 0;
  if (failures.length === 0) {
    await dropBefore(context);
    await ensureIdentity(site, options.now());
    for (const item of plan.items) if (item.type === 'postgres') await dropOutside(site, plan.id, item);
    const ready = {
      restore: plan.id,
      at: options.now().toISOString(),
      repository: plan.repository,
      target: plan.target,
      complete: whole,
    };
    await writeFile(readyFile(stateDir), `${JSON.stringify(ready, undefined, 2)}\n`, { flush: true });
  }
  await (failures.length === 0 ? recordEnd(journal, 'ready') : recordFailure(context));
  const [first] = failures;
  return {
    id: plan.id,
    exit: hasBug(failures.map(({ error }) => error))
      ? EXIT.failure
      : first && !(options.keepGoing && items.length > 0)
        ? first.error.exit
        : exitFor({ partial: !whole, objectiveMissed: tiers.some(({ met }) => !met) }),
    tiers,
    steps: stepReports(journal),
    verified: checks,
    items,
    failures,
    bytesRestored: items.reduce((sum, i) => sum + i.bytes, 0),
    losses: measureLoss(plan, items),
    stopped: stoppedServices(context),
    endedAt: options.now().toISOString(),
  };
}

export interface Loss {
  readonly workload: string;
  readonly tier: string;
  /** The last commit that PostgreSQL replayed; for others the moment of the copy. */
  readonly recoveredTo: string;
  /** From there to the declared moment of the disaster; 0 when the data is younger. */
  readonly seconds: number;
}

/** In the plan's order; only workloads that came back. Pure. */
function measureLoss(plan: RestorePlan, items: readonly ItemResult[]): Loss[] {
  const declared = Date.parse(plan.declaredAt);
  return plan.items.flatMap(({ workload, tier }) => {
    const recoveredTo = items.find((item) => item.workload === workload)?.recoveredTo;
    if (recoveredTo === undefined) return [];
    return [{ workload, tier, recoveredTo, seconds: Math.max(0, (declared - Date.parse(recoveredTo)) / 1000) }];
  });
}
