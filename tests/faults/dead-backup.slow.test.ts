/**
 * A backup dies before its point is written. `dr points` shows nothing of it, the next backup works, and prune removes what it
 * left behind.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSite, type Site } from '../../recovery/config/site.ts';
import { silentLog } from '../../recovery/core/log.ts';
import { openPgBackRest } from '../../recovery/engines/pgbackrest/pgbackrest.ts';
import { openRestic } from '../../recovery/engines/restic/restic.ts';
import { runPrune } from '../../recovery/prune/run.ts';
import { drEnds, type Golden, startDr, withGolden } from './golden.ts';

const DAY_MS = 24 * 3_600_000;

const names = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

/** restic's finished files; a file that is being written has a longer name. */
const resticNames = async (folder: string): Promise<string[]> =>
  (await names(folder)).filter((name) => /^[0-9a-f]{64}$/.test(name));

async function points(envFile: string): Promise<string[]> {
  const { stdout } = await drEnds(0, envFile, ['points', '-o', 'json']);
  return (JSON.parse(stdout) as { points: { id: string }[] }).points.map(({ id }) => id).sort();
}

/** Kills `dr backup`, with its engines, as soon as `more` holds. */
async function killBackup(envFile: string, args: readonly string[], more: () => Promise<boolean>): Promise<void> {
  const running = startDr(envFile, ['backup', ...args]);
  while (running.alive() && !(await more())) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(running.alive()).toBe(true);
  running.kill9();
  expect((await running.done).exitCode).toBeUndefined();
}

/** restic takes a lock that shuts out everyone while it prunes or checks; this one dies while it holds it. */
async function leaveResticLock(site: Site, locks: string): Promise<void> {
  const restic = openRestic(site, site.repository('local'), 'writer');
  // The backup that was killed may have left one of its own.
  const before = await resticNames(locks);
  const own = async () => (await resticNames(locks)).filter((name) => !before.includes(name));
  const stop = new AbortController();
  // On SIGTERM restic 0.14 exits without cleaning up.
  const checking = restic.run(['check', '--read-data'], { signal: stop.signal }).catch(() => undefined);
  while ((await own()).length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  stop.abort();
  await checking;
  expect(await own()).toHaveLength(1);
}

interface Held {
  readonly snapshots: string[];
  readonly sets: string[];
}

/** What the engines hold in one repository, whether a point names it or not. */
async function held(site: Site, golden: Golden, id: string): Promise<Held> {
  const repository = site.repository(id);
  const snapshots = await openRestic(site, repository, 'restorer').snapshots();
  const folder = join(golden.folder, `look-${id}`);
  const pg = await openPgBackRest(site, { lineage: 'first-1', repositories: [repository], role: 'restorer', folder });
  const info = await pg.info(repository);
  return { snapshots: snapshots.map((s) => s.id).sort(), sets: info?.backup.map(({ label }) => label) ?? [] };
}

async function prune(site: Site, days: number): Promise<void> {
  const now = () => new Date(Date.now() + days * DAY_MS);
  const approve = async (): Promise<void> => {
    throw new Error('no point was to go');
  };
  const request = { repositories: ['local', 'secondary'], dryRun: false, now, progress: () => undefined, approve };
  expect((await runPrune(site, request)).exit).toBe(0);
}

test('two dead backups and a stale restic lock leave no point, stop nobody and are pruned after a day', async () => {
  await withGolden(async (golden) => {
    const source = await golden.startSource();
    const site = await openSite(source.envFile, silentLog);
    const local = join(golden.repositories, 'local/drill');
    const before = await held(site, golden, 'local');

    // Between the files and the point: snapshots are there.
    const snapshots = join(local, 'restic/snapshots');
    const files = ['--kind', 'full', '--only', 'uploads,manifests'];
    await killBackup(
      source.envFile,
      files,
      async () => (await resticNames(snapshots)).length > before.snapshots.length,
    );
    // After pgBackRest has finished the set in one repository and writes to the other.
    const sets = join(local, 'pgbackrest/first-1/backup/go-coffee');
    const finished = async () => (await names(join(sets, 'latest'))).includes('backup.manifest');
    const newest = before.sets.at(-1) ?? '';
    const second = join(golden.repositories, 'secondary/drill/pgbackrest/first-1/backup/go-coffee');
    const begun = (await names(second)).length;
    const atSecond = async () => (await finished()) && (await names(second)).length > begun;
    await killBackup(source.envFile, ['--kind', 'full', '--only', 'postgres'], atSecond);
    await leaveResticLock(site, join(local, 'restic/locks'));

    const { full, incremental } = golden.facts.points;
    expect(await points(source.envFile)).toEqual([full, incremental]);
    const left = await held(site, golden, 'local');
    expect(left.snapshots.length).toBeGreaterThan(before.snapshots.length);
    expect(left.sets).toHaveLength(before.sets.length + 1);
    expect(left.sets.at(-1)).not.toBe(newest);

    // The next backup works in spite of the stale locks.
    const next = ['backup', '--kind', 'full', '--only', 'postgres,uploads', '-o', 'json'];
    const { runId } = JSON.parse((await drEnds(0, source.envFile, next)).stdout) as { runId: string };
    expect(await points(source.envFile)).toEqual([full, incremental, runId]);
    const after = await held(site, golden, 'local');

    // For a day it could be a backup that still runs on another host.
    await prune(site, 0);
    expect(await held(site, golden, 'local')).toEqual(after);
    await prune(site, 1.1);
    const pruned = await held(site, golden, 'local');
    const dead = left.sets.at(-1) ?? '';
    expect(pruned.sets).toEqual(after.sets.filter((set) => set !== dead));
    expect(pruned.snapshots).toEqual(
      after.snapshots.filter((id) => before.snapshots.includes(id) || !left.snapshots.includes(id)),
    );
    expect(await points(source.envFile)).toEqual([full, incremental, runId]);
    await drEnds(0, source.envFile, ['verify']);
  });
});
