/**
 * The backup slot of a host: one run at a time. The hourly run that meets the full one waits, and is skipped when that one has covered
 * it by then.
 */
import { seconds } from '../../plan/duration.ts';
import { layout } from '../../plan/layout.ts';
import { lockOf } from '../../plan/select.ts';
import { probeRepositories, reachable } from '../config/repositories.ts';
import type { Site } from '../config/site.ts';
import type { Progress } from '../core/progress.ts';
import { openCatalog } from '../points/catalog/catalog.ts';
import { goodEntries } from '../points/catalog/good.ts';
import type { PointKind } from '../points/point.ts';
import { correctedNow } from '../storage/clock.ts';
import type { Lock } from '../storage/lock.ts';
import { openStateStore } from '../storage/posix/store.ts';
import { waitForLock } from '../storage/with-lock.ts';
import { selectForBackup } from './select.ts';

export interface BackupSlot {
  readonly lock: Lock;
  /** Id of a point that was begun in the minute of the request or later, and holds everything that this run would copy. */
  readonly coveredBy?: string;
}

export interface SlotRequest {
  readonly kind: PointKind;
  readonly only: readonly string[];
  readonly progress: Progress;
  readonly now: () => Date;
  readonly signal?: AbortSignal;
}

async function coveringPoint(site: Site, { kind, only, now }: SlotRequest, asked: Date): Promise<string | undefined> {
  const wanted = selectForBackup(site.plan, site.environment, kind, only).workloads.map((w) => w.id);
  // The plan counts by the minute: a full run begun at 02:00 covers the hourly one due at 02:00, not the one due at 03:00.
  const due = Math.floor(asked.getTime() / 60_000) * 60_000;
  for (const repository of reachable(await probeRepositories(site, []))) {
    // A point of next year would cover every run until then.
    const all = await (await openCatalog(site, repository, 'writer')).points();
    const entries = goodEntries(all, await correctedNow(await repository.store('writer'), now()));
    const covering = entries.findLast(({ point }) => {
      // A copy of what changed is not a full copy.
      if (kind === 'full' && point.pointKind !== 'full') return false;
      const held = point.captures.map((c) => c.workload);
      return new Date(point.startedAt).getTime() >= due && wanted.every((id) => held.includes(id));
    });
    if (covering) return covering.point.id;
  }
  return undefined;
}

/** Waits as long as the plan lets the longest run last. Throws `LOCKED` (exit 6) after that. */
export async function acquireBackupSlot(site: Site, request: SlotRequest): Promise<BackupSlot> {
  const { kind, only, progress, now, signal } = request;
  const asked = now();
  const store = openStateStore(site.environment.stateDir);
  const wanted = selectForBackup(site.plan, site.environment, kind, only).workloads.map((w) => w.id);
  const key = layout(site.environment.name).lock(lockOf(site.plan, kind, wanted));
  const longest = Math.max(...site.plan.schedules.map((s) => seconds(s.longestRun)));
  // Ids of steps are stable: this one is older than the word.
  const event = { step: 'backup/turn', title: 'wait for the previous run' };
  let waited = false;
  const lock = await waitForLock(store, key, {
    what: `dr backup --kind ${kind}`,
    waitSeconds: longest,
    everySeconds: 1,
    signal,
    onWait: (held) => {
      waited = true;
      progress({ ...event, state: 'start', detail: held.message });
    },
  });
  if (!waited) return { lock };
  progress({ ...event, state: 'done' });
  const coveredBy = await coveringPoint(site, request, asked);
  return coveredBy === undefined ? { lock } : { lock, coveredBy };
}
