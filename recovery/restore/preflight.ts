/** Everything that can be known before the target is touched. All of it throws with exit 2 or 6, naming what to do. */
import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { requireEngine } from '../doctor/engines.ts';
import { openRestic } from '../engines/restic/restic.ts';
import { badInput, precondition } from '../errors.ts';
import type { PostgresCapture, ResticCapture } from '../point.ts';
import { formatBytes } from '../report/format.ts';
import type { Repository, Site } from '../site.ts';
import type { RestoreItem, RestorePlan } from './plan-types.ts';
import { openSource } from './steps/postgres.ts';

/** At once, since each waits for a program or a disk. Of several findings the first in this order is told. */
async function together(...checks: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(checks)).find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

async function engines(site: Site, plan: RestorePlan): Promise<void> {
  const has = (test: (item: RestoreItem) => boolean) => plan.items.some(test);
  const needed = [
    ...(has((i) => i.capture.engine === 'pgbackrest') ? (['pgbackrest'] as const) : []),
    ...(has((i) => i.capture.engine === 'restic') ? (['restic'] as const) : []),
    ...(has((i) => i.type === 'redis') ? (['redis-server'] as const) : []),
    ...(has((i) => i.type === 'git') ? (['git'] as const) : []),
  ];
  await together(...needed.map((name) => requireEngine(name, site.run)));
}

async function checkSet(site: Site, source: Repository, capture: PostgresCapture): Promise<void> {
  const pgb = await openSource({ site, source }, capture);
  const info = await pgb.info(source);
  const set = info?.backup.find((b) => b.label === capture.set);
  if (set && !set.error) return;
  throw badInput({
    code: set ? 'SET-DAMAGED' : 'SET-MISSING',
    where: `set ${capture.set} in ${source.id}`,
    fact: set
      ? 'pgBackRest noted page checksum errors when it was made'
      : `pgBackRest does not list it; it lists ${info?.backup.length ?? 0} others`,
    hint: 'choose another point or repository (`dr points`); `dr verify` says what is wrong there',
  });
}

async function checkSnapshots(site: Site, source: Repository, captures: readonly ResticCapture[]): Promise<void> {
  if (captures.length === 0) return;
  const there = new Set((await openRestic(site, source, 'restorer').snapshots()).map((s) => s.id));
  const lost = captures.filter((c) => !there.has(c.snapshot));
  if (lost.length === 0) return;
  throw badInput({
    code: 'SNAPSHOT-MISSING',
    where: `restic in ${source.id}`,
    fact: `no snapshot ${lost.map((c) => `${c.snapshot.slice(0, 8)} (${c.workload})`).join(', ')}`,
    hint: 'choose another point or repository (`dr points`)',
  });
}

async function nearestExisting(path: string): Promise<string> {
  return stat(path).then(
    () => path,
    () => (path === '/' ? '/' : nearestExisting(dirname(path))),
  );
}

/** What a restore adds to a file system: files lie beside what they replace until they are verified; PostgreSQL is restored in place. */
async function checkDisk(plan: RestorePlan): Promise<void> {
  const needs = new Map<number, { path: string; needed: number; free: number; total: number }>();
  for (const item of plan.items) {
    const path = await nearestExisting(item.destination);
    const [{ dev }, fs] = [await stat(path), await statfs(path)];
    const need = needs.get(dev) ?? { path, needed: 0, free: fs.bavail * fs.bsize, total: fs.blocks * fs.bsize };
    const inPlace = item.type === 'postgres' && item.state !== 'absent' && item.state !== 'empty';
    need.needed += inPlace ? 0 : item.capture.bytes;
    needs.set(dev, need);
  }
  for (const { path, needed, free } of needs.values()) {
    if (needed <= free) continue;
    throw precondition({
      code: 'DISK-TOO-SMALL',
      where: path,
      fact: `the restore needs ${formatBytes(needed)} there and ${formatBytes(free)} are free`,
      hint: 'make room, or restore in parts with --only',
    });
  }
}

export async function preflight(site: Site, plan: RestorePlan, source: Repository): Promise<void> {
  const captures = plan.items.map((item) => item.capture);
  await together(
    engines(site, plan),
    checkDisk(plan),
    checkSnapshots(
      site,
      source,
      captures.filter((capture) => capture.engine === 'restic'),
    ),
    ...captures.filter((capture) => capture.engine === 'pgbackrest').map((capture) => checkSet(site, source, capture)),
  );
}
