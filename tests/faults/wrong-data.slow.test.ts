/** The engines exit 0 and the data is wrong. Each thing that verification checks is corrupted, and found. */
import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Platform } from '../../drill/platform/platform.ts';
import { startPostgres, stopPostgres } from '../../drill/platform/postgres.ts';
import { corruptPages } from '../../drill/scenarios/corrupt-pages.ts';
import { openSite } from '../../recovery/config/site.ts';
import { readyFile } from '../../recovery/restore/execute.ts';
import { verifyItem } from '../../recovery/workloads/registry.ts';
import type { RestoreItem, RestorePlan, SetItem } from '../../recovery/workloads/restore-plan.ts';
import type { Check, RestoreContext } from '../../recovery/workloads/restore-step.ts';
import { drEnds, withGolden } from './golden.ts';

interface Restored {
  readonly plan: RestorePlan;
  readonly verified: readonly Check[];
}

async function sql(site: Platform, text: string): Promise<void> {
  const client = await site.postgres();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

const RESTORE = ['restore', '--no-backup', '-o', 'json', '--confirm', 'drill', '--to'];
const KEEP = `CREATE TABLE kept AS SELECT * FROM dr.canary`;
const ALTER = `UPDATE dr.canary SET content = content || '!' WHERE id = 1`;
/** As an attacker would who knows how canary rows are checked. */
const FORGE = `UPDATE dr.canary SET content = 'x', digest = encode(sha256('x'), 'hex') WHERE id = 1`;
const BACK = `UPDATE dr.canary c SET content = k.content, digest = k.digest FROM kept k WHERE k.id = c.id;
  INSERT INTO dr.canary OVERRIDING SYSTEM VALUE SELECT * FROM kept ON CONFLICT DO NOTHING`;

/** The same number of bytes, so that only the content is wrong. */
async function overwrite(file: string, from: number, bytes: string): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.write(bytes, from);
  await handle.close();
}

test('every check of a restore finds its corruption', async () => {
  await withGolden(async ({ facts, startSource, emptySite }) => {
    const source = await startSource();
    await sql(source, ALTER);
    // Its shutdown ships the last WAL.
    await source.stop();

    const site = await emptySite('second');
    const failed = await drEnds(5, site.envFile, [...RESTORE, 'latest']);
    const wrongOnes = (JSON.parse(failed.stdout) as Restored).verified.filter((check) => !check.ok);
    expect(failed.stdout).toContain(
      'canary rows are as they were written: expected no difference, found row 1 was altered',
    );
    await expect(readFile(readyFile(site.paths.state))).rejects.toThrow('ENOENT');
    expect(wrongOnes).toEqual([]);

    // A moment before the rows were altered is good, and only now the target is ready.
    const good = await drEnds(0, site.envFile, [...RESTORE, facts.times.lastCommit]);
    const { plan, verified } = JSON.parse(good.stdout) as Restored;
    await readFile(readyFile(site.paths.state));
    expect(verified.map((check) => check.id).sort()).toEqual([
      ...['git/go-coffee', 'git/repositories', 'manifests/files', 'manifests/yaml'],
      ...['postgres-config/files', 'postgres-config/placed'],
      ...['archive', 'canary', 'checksums', 'moment', 'system-id'].map((name) => `postgres/${name}`),
      ...['redis/keys', 'redis/role', 'uploads/files'],
    ]);
    await sql(site, KEEP);

    const context = { site: await openSite(site.envFile) } as RestoreContext;
    const itemOf = (workload: string, change: (item: RestoreItem) => RestoreItem = (item) => item): RestoreItem =>
      change(plan.items.find((item) => item.workload === workload) as RestoreItem);
    /** Titles of the checks of one workload that failed. */
    const wrong = async (workload: string, change?: (item: RestoreItem) => RestoreItem): Promise<string> =>
      verifyItem(context, itemOf(workload, change)).then(
        () => 'nothing',
        (error) => {
          expect(error).toMatchObject({ exit: 5, code: 'VERIFICATION-FAILED' });
          return (error as { fact: string }).fact;
        },
      );
    for (const workload of ['postgres', 'redis', 'uploads', 'manifests', 'git'])
      expect(await wrong(workload)).toBe('nothing');

    // PostgreSQL
    await sql(site, FORGE);
    expect(await wrong('postgres')).toMatch(/^canary rows .*the rows differ from those that the point remembers$/);
    await sql(site, 'DELETE FROM dr.canary WHERE id = 1');
    expect(await wrong('postgres')).toMatch(/canary rows .* the point holds \d+/);
    await sql(site, BACK);
    await sql(site, 'ALTER TABLE dr.canary RENAME TO gone');
    expect(await wrong('postgres')).toMatch(/^canary rows .*dr\.canary is missing/);
    await sql(site, 'ALTER TABLE dr.gone RENAME TO canary');
    const other = (item: RestoreItem): RestoreItem => ({
      ...item,
      capture: { ...item.capture, systemId: '7' } as never,
    });
    expect(await wrong('postgres', other)).toMatch(/^is the cluster that was backed up: expected 7, found \d+$/);
    const further = (item: RestoreItem): RestoreItem => ({
      ...(item as SetItem),
      end: { kind: 'end-of-wal', timeline: 1 },
      walLast: '0000000100000000000000EE',
    });
    expect(await wrong('postgres', further)).toMatch(
      /^replayed to the end of the archived WAL: expected segment 0+10+EE/,
    );
    const earlier = (item: RestoreItem): RestoreItem => ({
      ...(item as SetItem),
      end: { kind: 'time', timeline: 1, time: facts.times.afterFull },
    });
    expect(await wrong('postgres', earlier)).toMatch(/^the last replayed commit is not after the target: expected ≤ /);
    await sql(site, `ALTER SYSTEM SET archive_command = '/state/pgbackrest/first-1/archive-push.sh %p'`);
    await sql(site, 'SELECT pg_reload_conf(), pg_sleep(0.2)');
    await expect.poll(() => wrong('postgres')).toMatch(/^archives to a lineage of its own: expected not first-1/);
    await sql(site, 'ALTER SYSTEM RESET archive_command');
    await sql(site, 'SELECT pg_reload_conf()');
    await expect.poll(() => wrong('postgres')).toBe('nothing');
    await corruptPages(site, ['public.golden_rows'], 1, 1);
    // Its pages are still in memory: a new server reads them from the disk.
    await stopPostgres(site.run, site.paths, site.runAs);
    await startPostgres(site.run, site.paths, site.runAs);
    await expect(sql(site, 'SELECT count(*) FROM golden_rows')).rejects.toThrow('invalid page');
    expect(await wrong('postgres')).toMatch(/^page checksum failures since the start: expected 0, found [1-9]/);

    // Redis
    const redis = await site.redis();
    const key = (await redis.randomkey()) ?? '';
    const value = await redis.dumpBuffer(key);
    await redis.del(key);
    expect(await wrong('redis')).toMatch(
      /^keys of the RDB are loaded, or have expired since: expected \d+, found \d+ and 0 expired$/,
    );
    await redis.restore(key, 0, value as never);
    redis.disconnect();
    expect(await wrong('redis')).toBe('nothing');

    // Folders
    const image = join(site.paths.folder('uploads'), '00/latte-art-0.jpg');
    const bytes = await readFile(image);
    for (const damage of [
      () => rm(image),
      () => writeFile(image, bytes.subarray(1)),
      () => writeFile(`${image}.new`, 'x'),
    ]) {
      await damage();
      expect(await wrong('uploads')).toMatch(
        /^uploads holds what was captured: expected 8 files, \d+ bytes, found \d files/,
      );
      await rm(`${image}.new`, { force: true });
      await writeFile(image, bytes);
    }
    expect(await wrong('uploads')).toBe('nothing');
    const manifest = join(site.paths.folder('manifests'), 'namespace.yaml');
    await overwrite(manifest, 0, '{[:');
    expect(await wrong('manifests')).toMatch(
      /^manifests: YAML files parse as they did: expected \d+ good, found bad: \S*namespace\.yaml$/,
    );

    // Git
    const mirror = itemOf('git').destination;
    const git = async (...args: string[]) =>
      (await site.run(['git', '-C', join(mirror, 'go-coffee.git'), ...args])).stdout.trim();
    const head = await git('rev-parse', 'main');
    await git('update-ref', 'refs/heads/main', 'main~1');
    expect(await wrong('git')).toContain('refs of go-coffee: expected ');
    await git('update-ref', '-d', 'refs/heads/main');
    expect(await wrong('git')).toContain('refs of go-coffee: expected ');
    await git('update-ref', 'refs/heads/main', head);
    expect(await wrong('git')).toBe('nothing');
    await rm(join(mirror, 'go-coffee.git/objects'), { recursive: true });
    expect(await wrong('git')).toMatch(/^refs of go-coffee: expected \w+, found ended \d+: /);
  });
});
