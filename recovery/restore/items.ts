/** One workload back in its place, and asked whether it is right. */
import { type DrError, EXIT } from '../core/errors.ts';
import { restoreFolder } from '../workloads/folder.ts';
import { restoreGit } from '../workloads/git/restore.ts';
import { placeConfiguration } from '../workloads/postgres/config.ts';
import { restorePostgres } from '../workloads/postgres/restore.ts';
import { restoreRedis } from '../workloads/redis/restore.ts';
import { verifyItem } from '../workloads/registry.ts';
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
}

/** What stays done when a workload has proved to be wrong: WAL is saved once, before it is overwritten, and a lineage begins once. */
const KEPT = /\/(?:rescue|lineage)$/;

/** In each run: an earlier run's verdict says nothing of what was done to the data since. What is wrong is laid down anew by the next. */
async function verified(context: RestoreContext, item: RestoreItem): Promise<Check[]> {
  const { journal } = context;
  const id = `${item.workload}/verify`;
  try {
    return await step(context, item, id, 'verify', () => verifyItem(context, item), true);
  } catch (error) {
    if ((error as DrError).exit !== EXIT.verificationFailed) throw error;
    const steps = new Set(journal.entries.flatMap((e) => (e.event === 'step' ? [e.step] : [])));
    const own = [...steps].filter((name) => name.startsWith(`${item.workload}/`) && !KEPT.test(name));
    await redo(context, own, 'what was restored is not right: to be done again');
    throw error;
  }
}

/** @param configured resolves when PostgreSQL's configuration is in place; the server is not started before. */
export async function restoreItem(
  context: RestoreContext,
  item: RestoreItem,
  configured: Promise<unknown>,
): Promise<ItemResult> {
  const begun = performance.now();
  let copySeconds: number | undefined;
  let recoveredTo = item.capture.capturedAt;
  switch (item.type) {
    case 'postgres':
      await configured;
      ({ copySeconds, recoveredTo } = await restorePostgres(context, item));
      break;
    case 'postgres-config':
      await placeConfiguration(context, item);
      break;
    case 'redis':
      await restoreRedis(context, item);
      break;
    case 'git':
      await restoreGit(context, item);
      break;
    default:
      await restoreFolder(context, item);
  }
  copySeconds ??= (performance.now() - begun) / 1000;
  const checks = await verified(context, item);
  return { workload: item.workload, checks, bytes: item.capture.bytes, copySeconds, recoveredTo };
}
