/** Runs of one host take turns. The hourly run that meets the full one waits, and is skipped when that one has covered it meanwhile. */
import pRetry from 'p-retry';
import { seconds } from '../../plan/duration.ts';
import { layout } from '../../plan/layout.ts';
import { lockOf } from '../../plan/select.ts';
import { probeRepositories } from '../config/repositories.ts';
import type { Site } from '../config/site.ts';
import { DrError } from '../core/errors.ts';
import type { Progress } from '../core/progress.ts';
import { openCatalog } from '../points/catalog/catalog.ts';
import type { PointKind } from '../points/point.ts';
import { acquireLock, type Lock } from '../storage/lock.ts';
import { openPosixStore } from '../storage/posix/store.ts';
import { selectForBackup } from './select.ts';

/** A run that dies leaves its lock behind; its pid shows that. On another host nobody can look: the lock runs out. */
export const LOCK_SECONDS = 120;

export interface Turn {
  readonly lock: Lock;
  /** Id of a point that was begun in the minute of asking or later, and holds all that this run is about. */
  readonly coveredBy?: string;
}

async function coveringPoint(
  site: Site,
  asked: Date,
  kind: PointKind,
  only: readonly string[],
): Promise<string | undefined> {
  const wanted = selectForBackup(site.plan, site.environment, kind, only).workloads.map((w) => w.id);
  // The plan counts by the minute: a full run begun at 02:00 covers the hourly one due at 02:00, not the one due at 03:00.
  const due = Math.floor(asked.getTime() / 60_000) * 60_000;
  const probed = await probeRepositories(site, []);
  for (const { repository, error } of probed) {
    if (error) continue;
    const entries = await (await openCatalog(site, repository, 'writer')).points();
    const covering = entries.findLast(({ point }) => {
      // What changed since the last full copy is no full copy.
      if (kind === 'full' && point.pointKind !== 'full') return false;
      const held = point.captures.map((c) => c.workload);
      return new Date(point.startedAt).getTime() >= due && wanted.every((id) => held.includes(id));
    });
    if (covering) return covering.point.id;
  }
  return undefined;
}

/** Waits as long as the plan lets the longest run last. Throws `LOCKED` (exit 6) after that. */
export async function takeTurn(
  site: Site,
  request: { kind: PointKind; only: readonly string[]; progress: Progress; now: () => Date; signal?: AbortSignal },
): Promise<Turn> {
  const asked = request.now();
  const store = openPosixStore(site.environment.stateDir);
  const wanted = selectForBackup(site.plan, site.environment, request.kind, request.only).workloads.map((w) => w.id);
  const key = layout(site.environment.name).lock(lockOf(site.plan, request.kind, wanted));
  const what = `dr backup --kind ${request.kind}`;
  const longest = Math.max(...site.plan.schedules.map((s) => seconds(s.longestRun)));
  let waited = false;
  const lock = await pRetry(() => acquireLock(store, key, { ttlSeconds: LOCK_SECONDS, what }), {
    retries: longest,
    minTimeout: 1000,
    maxTimeout: 1000,
    factor: 1,
    ...(request.signal ? { signal: request.signal } : {}),
    shouldRetry: ({ error }) => error instanceof DrError && error.code === 'LOCKED',
    onFailedAttempt: ({ error }) => {
      if (!waited)
        request.progress({
          step: 'backup/turn',
          title: 'wait for the run before',
          state: 'start',
          detail: error.message,
        });
      waited = true;
    },
  });
  if (!waited) return { lock };
  request.progress({ step: 'backup/turn', title: 'wait for the run before', state: 'done' });
  const coveredBy = await coveringPoint(site, asked, request.kind, request.only);
  return coveredBy === undefined ? { lock } : { lock, coveredBy };
}
