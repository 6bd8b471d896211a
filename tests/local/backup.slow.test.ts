/** `dr backup` with real engines: what is captured, what one failure must not stop, and where no secret may stand. */
import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Platform } from '../../drill/platform/platform.ts';
import { openSite } from '../../recovery/config/site.ts';
import { openRestic } from '../../recovery/engines/restic/restic.ts';
import { restoreSnapshot } from '../../recovery/engines/restic/restore.ts';
import { openCatalog } from '../../recovery/points/catalog/catalog.ts';
import type { RecoveryPoint } from '../../recovery/points/point.ts';
import { type DrResult, drEnds, editEnvironment, startDr, withGolden } from '../faults/golden.ts';

interface Backup {
  readonly runId: string;
  readonly points: Readonly<Record<string, string>>;
  readonly workloads: readonly { workload: string; captures: object; error?: { code: string; fact: string } }[];
  readonly repositories: readonly { id: string; error?: { code: string; fact: string } }[];
}

const answer = ({ stdout }: DrResult): Backup => JSON.parse(stdout) as Backup;
const backup = async (exit: number, site: Platform, ...args: string[]): Promise<Backup> =>
  answer(await drEnds(exit, site.envFile, ['backup', '-o', 'json', '--kind', ...args]));

async function points(site: Platform, repository: string): Promise<RecoveryPoint[]> {
  const opened = await openSite(site.envFile);
  const catalog = await openCatalog(opened, opened.repository(repository), 'restorer');
  return (await catalog.points()).map((entry) => entry.point);
}

test('Redis is captured as of now, with its append-only files; --only makes no complete point; hooks stand around it', async () => {
  await withGolden(async ({ folder, startSource }) => {
    const site = await startSource();
    const log = join(folder, 'hooks');
    const hook: [string, ...string[]] = ['sh', '-c', `echo $DR_HOOK $DR_WORKLOAD >> ${log}`];
    await editEnvironment(site.envFile, ({ redis, ...rest }) => ({
      ...rest,
      ...(redis ? { redis: { ...redis, hooks: { pre: hook, post: hook } } } : {}),
    }));
    const redis = await site.redis();
    await redis.set('just-now', 'before the backup');
    const keys = await redis.dbsize();
    const { runId } = await backup(0, site, 'incremental', '--only', 'redis');
    redis.disconnect();
    expect(await readFile(log, 'utf8')).toBe('pre redis\npost redis\n');

    const opened = await openSite(site.envFile);
    for (const id of ['local', 'secondary']) {
      const point = (await points(site, id)).at(-1);
      expect(point).toMatchObject({ id: runId, complete: false, captures: [{ workload: 'redis' }] });
      const [capture] = point?.captures ?? [];
      if (capture?.engine !== 'restic') throw new Error('Redis is held by restic');
      expect(capture.facts).toMatchObject({ keys, appendOnly: true });
      const into = join(folder, `redis-${id}`);
      await restoreSnapshot(openRestic(opened, opened.repository(id), 'restorer'), {
        snapshot: capture.snapshot,
        folder: into,
      });
      const copy = join(into, capture.path);
      expect((await readFile(join(copy, 'dump.rdb'))).includes('just-now')).toBe(true);
      expect(await readdir(join(copy, 'appendonlydir'))).toContain('appendonly.aof.manifest');
    }
  });
});

test('a workload that fails: the point holds the others and names it, latest takes its older copy, its repair makes it whole', async () => {
  await withGolden(async ({ folder, startSource }) => {
    const site = await startSource();
    const manifests = site.paths.folder('manifests');
    await rename(manifests, join(folder, 'manifests'));
    const hooks = { pre: ['sh', '-c', 'echo not now >&2; exit 9'] as [string, ...string[]] };
    const before = await editEnvironment(site.envFile, (environment) => environment);
    await editEnvironment(site.envFile, ({ folders, ...rest }) => ({
      ...rest,
      folders: { ...folders, uploads: { path: site.paths.folder('uploads'), hooks } },
    }));
    const result = await backup(3, site, 'full');
    const errors = Object.fromEntries(result.workloads.map(({ workload, error }) => [workload, error?.code]));
    expect(errors).toMatchObject({ postgres: undefined, uploads: 'HOOK-FAILED', manifests: 'FOLDER-MISSING' });
    expect(result.points).toEqual({ local: result.runId, secondary: result.runId });
    for (const id of ['local', 'secondary']) {
      const point = (await points(site, id)).at(-1);
      expect(point).toMatchObject({ id: result.runId, complete: false });
      expect(point?.captures.map(({ workload }) => workload)).toEqual(expect.arrayContaining(['postgres', 'redis']));
      expect(point?.failed).toEqual([
        expect.objectContaining({ workload: 'uploads', code: 'HOOK-FAILED', fact: expect.stringContaining('not now') }),
        { workload: 'manifests', code: 'FOLDER-MISSING', fact: `${manifests} is not a folder` },
      ]);
    }
    const shown = await drEnds(0, site.envFile, ['points', 'show', result.runId]);
    expect(shown.stdout).toContain(`lacks manifests: FOLDER-MISSING: ${manifests} is not a folder`);
    // What can be had of it is the copy before, and that is said.
    const plan = await drEnds(0, site.envFile, ['restore', '--to', 'latest', '--dry-run', '--from', 'local']);
    expect(plan.stdout).toContain(`manifests could not be copied in ${result.runId} (FOLDER-MISSING: `);

    // Only what failed, and nothing else: there is nothing that a point could hold.
    const alone = await backup(1, site, 'incremental', '--only', 'uploads');
    expect(alone.points).toEqual({});

    await rename(join(folder, 'manifests'), manifests);
    await editEnvironment(site.envFile, () => before);
    const whole = await backup(0, site, 'incremental', '--only', 'uploads,manifests');
    const later = await drEnds(0, site.envFile, ['restore', '--to', 'latest', '--dry-run', '--from', 'local']);
    expect(later.stdout).not.toContain('could not be copied');
    expect(whole.points).toEqual({ local: whole.runId, secondary: whole.runId });
  });
});

test('a busy folder, a git repository of another user, a missing secret: each concerns its own workload', async () => {
  await withGolden(async ({ folder, startSource }) => {
    const site = await startSource();
    const uploads = site.paths.folder('uploads');
    const busy = join(uploads, 'busy');
    await mkdir(busy);
    for (let n = 0; n < 4000; n += 1) await writeFile(join(busy, `f${n}`), 'x');
    // It deletes while restic reads, and ends by itself.
    const { pid } = spawn('sh', ['-c', `sleep 0.3; while rm -r ${busy}/f* 2>/dev/null; do :; done`], {
      stdio: 'ignore',
    });
    await site.run(['chown', '-R', 'nobody', site.environment.git?.repositories[0]?.url ?? '']);
    const { workloads } = await backup(0, site, 'incremental', '--only', 'uploads,git');
    expect(pid).toBeGreaterThan(0);
    expect(workloads.map(({ error }) => error)).toEqual([undefined, undefined]);

    const secret = join(folder, 'redis-password');
    await editEnvironment(site.envFile, ({ redis, ...rest }) => ({
      ...rest,
      ...(redis && { redis: { ...redis, password: { file: secret } } }),
    }));
    const partial = await backup(3, site, 'incremental', '--only', 'uploads,redis');
    expect(partial.points).toEqual({ local: partial.runId, secondary: partial.runId });
    expect((await points(site, 'local')).at(-1)?.failed).toMatchObject([{ workload: 'redis', code: 'SECRET-MISSING' }]);
    await drEnds(2, site.envFile, ['backup', '--kind', 'incremental', '--only', 'redis']);
  });
});

test('a repository that is down: the others get their point, and it catches up', async () => {
  await withGolden(async ({ repositories, startSource }) => {
    const site = await startSource();
    const away = join(repositories, 'away');
    const place = (id: string): string => join(repositories, id);

    await rename(place('secondary'), away);
    const first = await backup(3, site, 'incremental');
    expect(first.points).toEqual({ local: first.runId });
    expect(first.repositories).toEqual([
      { id: 'local' },
      { id: 'secondary', error: expect.objectContaining({ code: 'REPOSITORY-UNREACHABLE' }) },
    ]);
    // Nothing was written where a disk should be.
    expect(await readdir(repositories)).toEqual(['away', 'local']);
    await rename(away, place('secondary'));

    // A mount point without its disk: the folder is there and holds nothing. It is the one that the others are copied from.
    await rename(place('local'), away);
    await mkdir(place('local'));
    const second = await backup(3, site, 'incremental');
    expect(second.points).toEqual({ secondary: second.runId });
    expect(second.repositories).toMatchObject([{ id: 'local', error: {} }, { id: 'secondary' }]);
    expect(second.workloads.filter(({ error }) => error)).toEqual([]);
    await rm(place('local'), { recursive: true });
    await rename(away, place('local'));

    const third = await backup(0, site, 'incremental');
    expect(third.points).toEqual({ local: third.runId, secondary: third.runId });
  });
});

/** Command lines of all processes, as anybody on the host may read them. */
async function commandLines(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
}

test('no secret in an argument list, a generated file or a log', async () => {
  await withGolden(async ({ folder, keys, startSource }) => {
    const site = await startSource();
    const files = [
      ...(await readdir(keys)).map((name) => join(keys, name)),
      join(site.paths.secrets, 'redis-password'),
    ];
    const secrets = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    expect(new Set(secrets).size).toBe(files.length);
    const log = join(folder, 'dr.log');
    const running = startDr(site.envFile, ['backup', '--kind', 'full', '-v'], { env: { DR_LOG_FILE: log } });
    const engines = new Set<string>();
    const shown = new Set<string>();
    while (running.alive()) {
      for (const line of await commandLines()) {
        const engine = /(?:^|\/)(pgbackrest|restic|pg_dump|redis-check-rdb|git)\0/.exec(line)?.[1];
        if (engine) engines.add(engine);
        if (secrets.some((secret) => line.includes(secret))) shown.add(line);
      }
    }
    const { exitCode, stdout, stderr } = await running.done;
    expect(exitCode).toBe(0);
    expect([...engines]).toEqual(expect.arrayContaining(['pgbackrest', 'restic']));
    expect([...shown]).toEqual([]);

    const said = `${stdout}${stderr}${await readFile(log, 'utf8')}`;
    expect(said).toContain('pgbackrest');
    for (const secret of secrets) expect(said.includes(secret)).toBe(false);
    // Settings, scripts, journals, logs of the engines, and what is stored: nothing holds one in clear text.
    const patterns = secrets.flatMap((secret) => ['-e', secret]);
    const places = [site.paths.state, site.paths.logs, site.envFile, join(folder, 'repositories')];
    const found = await site.run(['grep', '-rlaF', ...patterns, ...places], { accept: [0, 1] });
    expect(found.stdout).toBe('');
  });
});
