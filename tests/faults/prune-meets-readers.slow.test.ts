/** What removes copies, and what reads them, begin at the same moment: nothing that is read is removed, or the reader stops and says so. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { openSite, type Repository, type Site } from '../../recovery/config/site.ts';
import { silentLog } from '../../recovery/core/log.ts';
import { openCatalog } from '../../recovery/points/catalog/catalog.ts';
import { runPrune } from '../../recovery/prune/run.ts';
import { whileAlone } from '../../recovery/storage/alone.ts';
import { leasePoint } from '../../recovery/storage/lease.ts';
import { acquireLock } from '../../recovery/storage/lock.ts';
import type { ObjectStore } from '../../recovery/storage/object-store.ts';
import { pruningLock } from '../../recovery/storage/writers.ts';
import { startDr } from './dr-process.ts';
import { type SmallSite, withSmallSite } from './small-site.ts';
import { stateOf } from './untouched.ts';

const DAY_MS = 86_400_000;
const RESTORE = ['restore', '--only', 'uploads', '--no-backup', '--confirm', 'drill'];

const uploads = (site: SmallSite): string => join(site.paths.folder('uploads'), 'a.txt');

/** The new point's id. */
async function backUp(site: SmallSite, content: string): Promise<string> {
  await mkdir(dirname(uploads(site)), { recursive: true });
  await writeFile(uploads(site), content);
  await site.dr(0, 'backup', '--kind', 'full');
  return (await pointsOf(site)).at(-1) ?? '';
}

function inRepository({ environment }: SmallSite, ...path: readonly string[]): string {
  const { local } = environment.repositories;
  if (local?.type !== 'posix') throw new Error('the site has no folder repository');
  return join(local.path, environment.name, ...path);
}

async function pointsOf(site: SmallSite): Promise<string[]> {
  const found = await readdir(inRepository(site, 'catalog/v1/points'));
  return found.map((name) => name.replace('.json', '')).sort();
}

const leasesOf = async (site: SmallSite): Promise<string[]> =>
  (await readdir(inRepository(site, 'leases'), { recursive: true, withFileTypes: true }).catch(() => []))
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);

/** Once it is armed, something happens when the repository's lineages are listed: between prune's decision and what follows it. */
function meanwhile(site: Site, happens: (store: ObjectStore, repository: Repository) => Promise<void>) {
  const state = { armed: false };
  const watched = (repository: Repository): Repository => ({
    ...repository,
    store: async (role) => {
      const store = await repository.store(role);
      const list: ObjectStore['list'] = async (prefix, asOf) => {
        const now = state.armed && prefix === repository.layout.pgbackrestPrefix;
        if (now) state.armed = false;
        if (now) await happens(store, repository);
        return store.list(prefix, asOf);
      };
      return new Proxy(store, {
        get: (_, name) => {
          const own: unknown = name === 'list' ? list : Reflect.get(store, name, store);
          return typeof own === 'function' ? own.bind(store) : own;
        },
      });
    },
  });
  const repositories = new Map([...site.repositories].map(([id, each]) => [id, watched(each)]));
  const repository = (id: string): Repository => repositories.get(id) ?? site.repository(id);
  return { site: { ...site, repositories, repository }, state };
}

test.each(['lease', 'hold'])('a %s that comes after the decision is seen before anything is removed', async (how) => {
  await withSmallSite({ workloads: ['uploads'] }, async (small) => {
    const old = await backUp(small, 'one');
    await backUp(small, 'two');
    await backUp(small, 'three');
    const { site, state } = meanwhile(await openSite(small.envFile, silentLog), async (store, repository) => {
      if (how === 'lease') {
        const request = { point: old, holder: 'a restore', ttlSeconds: (100 * DAY_MS) / 1000 };
        await leasePoint(store, repository.layout, request);
      } else await (await openCatalog(site, repository, 'writer')).mark(old, 'hold', 'somebody');
    });
    const { outcomes } = await runPrune(site, {
      repositories: ['local'],
      dryRun: false,
      now: () => new Date(Date.now() + 40 * DAY_MS),
      progress: () => undefined,
      approve: async (plans) => {
        expect(plans[0]?.remove).toContain(old);
        state.armed = true;
      },
    });
    expect(outcomes[0]?.error).toBeUndefined();
    expect(outcomes[0]?.plan?.remove).not.toContain(old);
    expect(await pointsOf(small)).toContain(old);
  });
});

test('a restore that leases its point while it is pruned waits, and stops where the point has gone', async () => {
  await withSmallSite({ workloads: ['uploads'] }, async (small) => {
    const old = await backUp(small, 'one');
    await backUp(small, 'two');
    const before = await stateOf(small);
    const site = await openSite(small.envFile, silentLog);
    const repository = site.repository('local');
    const prune = await acquireLock(await repository.store('writer'), pruningLock(repository.layout), {
      what: 'dr prune (local)',
    });
    const restore = startDr(small.envFile, [...RESTORE, '--to', old]);
    await vi.waitFor(async () => expect(await leasesOf(small)).toHaveLength(1), { timeout: 30_000 });
    // What a prune does that had decided before.
    await (await openCatalog(site, repository, 'writer')).removePoints([old], 'prune');
    await prune.release();
    const { exitCode, stderr } = await restore.done;
    expect(exitCode, stderr).toBe(6);
    expect(stderr).toContain('held by');
    expect(stderr).toContain(`DR-POINT-GONE repository local: the point ${old} is not there`);
    expect(await stateOf(small)).toEqual(before);
    expect(await leasesOf(small)).toEqual([]);
    await small.dr(0, ...RESTORE, '--to', 'latest');
    expect(await readFile(uploads(small), 'utf8')).toBe('two');
  });
});

test('a mark "hold" that comes while its point is pruned says that it has gone', async () => {
  await withSmallSite({ workloads: ['uploads'] }, async (small) => {
    const old = await backUp(small, 'one');
    await backUp(small, 'two');
    const site = await openSite(small.envFile, silentLog);
    const repository = site.repository('local');
    const prune = await acquireLock(await repository.store('writer'), pruningLock(repository.layout), { what: 'x' });
    const mark = startDr(small.envFile, ['points', 'mark', old, 'hold']);
    const marks = inRepository(small, 'marks', old);
    await vi.waitFor(async () => expect((await readdir(marks)).join()).toContain('hold'), { timeout: 30_000 });
    await (await openCatalog(site, repository, 'writer')).removePoints([old], 'prune');
    await prune.release();
    const { exitCode, stdout, stderr } = await mark.done;
    expect(exitCode).not.toBe(0);
    expect(stdout + stderr).toContain('has removed it');
  });
});

test('a forged point that somebody restores stays with its snapshots, and a repository that is read is not emptied', async () => {
  await withSmallSite({ workloads: ['uploads'] }, async (small) => {
    const point = await backUp(small, 'one');
    const file = inRepository(small, 'catalog/v1/points', `${point}.json`);
    await writeFile(file, (await readFile(file, 'utf8')).replace('"site":"first"', '"site":"other"'));
    const site = await openSite(small.envFile, silentLog);
    const repository = site.repository('local');
    const store = await repository.store('restorer');
    const lease = await leasePoint(store, repository.layout, { point, holder: 'restore-1' });
    const listed = await small.dr(0, 'repository', 'clean', 'local', '--confirm', 'drill');
    expect(await pointsOf(small)).toEqual([point]);
    expect(listed).not.toContain('1 snapshot');

    expect(await small.dr(0, 'repository', 'recreate', 'local', '--dry-run')).toContain(`restore-1 reads ${point}`);
    expect(await small.dr(6, 'repository', 'recreate', 'local', '--confirm', 'local')).toContain('LOSS-NOT-ACCEPTED');
    expect(await pointsOf(small)).toEqual([point]);

    await lease.release();
    await small.dr(0, 'repository', 'clean', 'local', '--confirm', 'drill');
    expect(await pointsOf(small)).toEqual([]);
  });
});

test('a verification beside a backup finds nothing; beside a prune it is refused and says who is at work', async () => {
  await withSmallSite({ workloads: ['uploads'] }, async (small) => {
    await backUp(small, 'one');
    const folder = dirname(uploads(small));
    await Promise.all(Array.from({ length: 300 }, (_, n) => writeFile(join(folder, `${n}`), randomBytes(100_000))));
    const backup = startDr(small.envFile, ['backup', '--kind', 'full']);
    for (let deep = false; backup.alive(); deep = !deep) {
      const said = await small.dr(0, 'verify', ...(deep ? ['--deep'] : []));
      expect(said).toContain('verdict: ok');
    }
    expect((await backup.done).exitCode).toBe(0);

    const site = await openSite(small.envFile, silentLog);
    const repository = site.repository('local');
    const store = await repository.store('writer');
    await whileAlone(store, repository.layout, 'dr prune (local)', async () => {
      expect(await small.dr(6, 'verify')).toMatch(/DR-LOCKED prune: held by .*dr prune \(local\)/);
    });
  });
});
