/** Restores one workload, and checks that it is right. */
import { DrError, EXIT } from '../core/errors.ts';
import { typeOfItem, verifyItem } from '../workloads/registry.ts';
import type { RestoreItem } from '../workloads/restore-plan.ts';
import { type Check, type RestoreContext, redo, step } from '../workloads/restore-step.ts';

export interface ItemResult {
  readonly workload: string;
  readonly checks: readonly Check[];
  /** Bytes laid down, and how long that alone took. */
  readonly bytes: number;
  readonly copySeconds: number;
  /** ISO 8601: the moment that the data is of. */
  readonly recoveredTo: string;
  /** What a person should know of it. */
  readonly note?: string;
}

/** Steps that stay done when the data has proved to be wrong: WAL is saved once, before it is overwritten, and a lineage begins once. */
const KEPT = /\/(?:rescue|lineage|keep)$/;

/** Checks in each run: the data may have changed since an earlier verdict. What is wrong is restored again by the next run. */
async function verified(context: RestoreContext, item: RestoreItem): Promise<Check[]> {
  const { journal } = context;
  try {
    let checks: Check[] = [];
    await step(context, { item, id: `${item.workload}/verify`, what: 'verify', again: true }, async () => {
      checks = await verifyItem(context, item);
      return checks;
    });
    return checks;
  } catch (error) {
    if (!(error instanceof DrError) || error.exit !== EXIT.verificationFailed) throw error;
    const steps = new Set(journal.entries.flatMap((e) => (e.event === 'step' ? [e.step] : [])));
    const own = [...steps].filter((name) => name.startsWith(`${item.workload}/`) && !KEPT.test(name));
    await redo(context, own, 'what was restored is not right: to be done again');
    throw error;
  }
}

export async function restoreItem(context: RestoreContext, item: RestoreItem): Promise<ItemResult> {
  const begun = performance.now();
  const restored = await typeOfItem(item).restore(context);
  const {
    copySeconds = (performance.now() - begun) / 1000,
    recoveredTo = item.capture.capturedAt,
    note,
  } = restored ?? {};
  const checks = await verified(context, item);
  const { workload, capture } = item;
  return { workload, checks, bytes: capture.bytes, copySeconds, recoveredTo, ...(note === undefined ? {} : { note }) };
}
