/** The backup slot of a host: who waits, and who need not run any more. */
import { mkdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { planDigest } from '../../../plan/digest.ts';
import { layout } from '../../../plan/layout.ts';
import { productionPlan } from '../../../plan/production.ts';
import { lockOf } from '../../../plan/select.ts';
import { acquireBackupSlot } from '../../../recovery/backup/slot.ts';
import type { Site } from '../../../recovery/config/site.ts';
import type { ProgressEvent } from '../../../recovery/core/progress.ts';
import { openCatalog } from '../../../recovery/points/catalog/catalog.ts';
import type { Capture, PointKind } from '../../../recovery/points/point.ts';
import { acquireLock, type Lock } from '../../../recovery/storage/lock.ts';
import { openPosixStore } from '../../../recovery/storage/posix/store.ts';
import { scratch } from '../../scratch.ts';
import { makeSite, repositoryOf } from '../config/site-fixture.ts';
import { pointBody, resticCapture } from '../points/point-fixture.ts';

const ASKED = '2026-11-23T02:00:20Z';
const UPLOADS = [resticCapture('uploads', '2026-11-23T02:00:10Z')];

async function siteWithUploads(): Promise<Site> {
  const folder = await scratch();
  const site = await makeSite(folder);
  await mkdir(`${folder}/local`, { recursive: true });
  const environment = { ...site.environment, folders: { uploads: { path: `${folder}/uploads` } } };
  return { ...site, environment, plan: productionPlan, planDigest: planDigest(productionPlan) };
}

async function otherRun(site: Site, kind: PointKind): Promise<Lock> {
  const key = layout(site.environment.name).lock(lockOf(site.plan, kind, ['uploads']));
  const what = `dr backup --kind ${kind}`;
  return acquireLock(openPosixStore(site.environment.stateDir), key, { ttlSeconds: 60, what });
}

/** What a run of `kind` that was asked for at 02:00:20 does after another one that began at `begun` and wrote `captures`. */
async function slotAfter(
  kind: PointKind,
  other: { kind: PointKind; begun: string; captures: Capture[] },
): Promise<{ coveredBy: string | undefined; id: string; events: ProgressEvent[] }> {
  const site = await siteWithUploads();
  const running = await otherRun(site, other.kind);
  const events: ProgressEvent[] = [];
  let id = '';
  const slot = await acquireBackupSlot(site, {
    kind,
    only: [],
    now: () => new Date(ASKED),
    progress: (event) => {
      events.push(event);
      if (event.state !== 'start') return;
      // It waits: the other run writes its point and ends.
      void (async () => {
        const catalog = await openCatalog(site, repositoryOf(site), 'writer');
        id = (await catalog.write(pointBody(other.begun, other.captures, { kind: other.kind }))).id;
        await running.release();
      })();
    },
  });
  await slot.lock.release();
  return { coveredBy: slot.coveredBy, id, events };
}

test('nobody runs: the slot is taken at once', async () => {
  const site = await siteWithUploads();
  const events: ProgressEvent[] = [];
  const request = {
    kind: 'full',
    only: [],
    now: () => new Date(ASKED),
    progress: (e: ProgressEvent) => events.push(e),
  } as const;
  const slot = await acquireBackupSlot(site, request);
  expect(slot.coveredBy).toBeUndefined();
  expect(events).toEqual([]);
  // The lock is its own now: another run would wait.
  await expect(otherRun(site, 'full')).rejects.toMatchObject({ code: 'LOCKED', exit: 6 });
  await slot.lock.release();
});

test('the hourly run that meets the full one of the same minute waits, and is skipped', async () => {
  const { coveredBy, id, events } = await slotAfter('incremental', {
    kind: 'full',
    begun: '2026-11-23T02:00:01Z',
    captures: UPLOADS,
  });
  expect(coveredBy).toBe(id);
  expect(events.map((event) => [event.step, event.state])).toEqual([
    ['backup/turn', 'start'],
    ['backup/turn', 'done'],
  ]);
  expect(events[0]?.detail).toMatch(/held by .* \(dr backup --kind full\) since /);
});

test.each<[string, PointKind, { kind: PointKind; begun: string; captures: Capture[] }]>([
  ['began before it was due', 'incremental', { kind: 'full', begun: '2026-11-23T01:58:00Z', captures: UPLOADS }],
  ['does not hold all of it', 'incremental', { kind: 'full', begun: '2026-11-23T02:00:01Z', captures: [] }],
  ['is no full one', 'full', { kind: 'incremental', begun: '2026-11-23T02:00:01Z', captures: UPLOADS }],
])('the run before %s: the work is done all the same', async (_, kind, other) => {
  expect((await slotAfter(kind, other)).coveredBy).toBeUndefined();
});
