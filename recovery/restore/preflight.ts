/** Everything that can be known before the target is touched. All of it throws with exit 2 or 6, naming what to do. */
import type { Repository, Site } from '../config/site.ts';
import { badInput } from '../core/errors.ts';
import { requireEngine } from '../engines/find.ts';
import { openRestic } from '../engines/restic/restic.ts';
import { readRoot } from '../engines/restic/restore.ts';
import type { PostgresCapture, ResticCapture } from '../points/point.ts';
import { openSource } from '../workloads/postgres/source.ts';
import { enginesOf, typeOfItem } from '../workloads/registry.ts';
import type { RestorePlan } from '../workloads/restore-plan.ts';
import { checkDisk } from './disk.ts';

/** All at once, since each waits for a program or a disk. Throws the first failure in this order. */
async function together(...checks: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(checks)).find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

async function engines(site: Site, plan: RestorePlan): Promise<void> {
  const needed = enginesOf(plan.items.map(typeOfItem));
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
  const restic = openRestic(site, source, 'restorer');
  const there = new Set((await restic.exists()) ? (await restic.snapshots()).map((s) => s.id) : []);
  const lost = captures.filter((c) => !there.has(c.snapshot));
  const [first] = captures;
  if (lost.length === 0 && first !== undefined) return readRoot(restic, first.snapshot);
  throw badInput({
    code: 'SNAPSHOT-MISSING',
    where: `restic in ${source.id}`,
    fact: `no snapshot ${lost.map((c) => `${c.snapshot.slice(0, 8)} (${c.workload})`).join(', ')}`,
    hint: 'choose another point or repository (`dr points`)',
  });
}

export async function preflight(site: Site, plan: RestorePlan, source: Repository): Promise<void> {
  const captures = plan.items.map((item) => item.capture);
  await together(
    engines(site, plan),
    checkDisk(site, plan),
    ...plan.items.map((item) => typeOfItem(item).preflight(site)),
    checkSnapshots(
      site,
      source,
      captures.filter((capture) => capture.engine === 'restic'),
    ),
    ...captures.filter((capture) => capture.engine === 'pgbackrest').map((capture) => checkSet(site, source, capture)),
  );
}
