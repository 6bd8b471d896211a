/**
 * A repository hangs, and the others get WAL all the same. It is gone: `dr repository detach` lets backups go on without it, `attach` takes it back if it is the same, and `recreate` fills
 * one anew that is damaged beyond repair.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type pg from 'pg';
import { expect, test } from 'vitest';
import { waitFor } from '../../drill/host/processes.ts';
import type { Platform } from '../../drill/platform/platform.ts';
import { dr, drEnds, type Golden, startDr, withGolden } from './golden.ts';

const statesOf = async ({ environment }: Platform): Promise<Record<string, { state: string }>> =>
  JSON.parse(await readFile(join(environment.stateDir, 'detached.json'), 'utf8')).repositories;

/** Ends the segment; throws unless it is archived within 90 s: after three failures PostgreSQL waits a minute. */
async function archives(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS name');
  const sql = 'SELECT last_archived_wal >= $1 AS done, pg_sleep(0.2) FROM pg_stat_archiver';
  for (let tries = 0; tries < 450; tries += 1)
    if ((await client.query<{ done: boolean }>(sql, [rows[0]?.name])).rows[0]?.done === true) return;
  throw new Error('the segment was not archived');
}

const PUSH_TO_SECONDARY = 'pgbackrest/first-1/push-2/pgbackrest.conf';

/** Accepts connections and answers none. */
async function blackHole(): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** One that hangs holds up itself alone: the other has the newest WAL before the server gets to ship its oldest. */
async function hangsAlone({ environment }: Platform, client: pg.Client, repositories: string): Promise<void> {
  const hole = await blackHole();
  try {
    const config = join(environment.stateDir, PUSH_TO_SECONDARY);
    const { port } = hole.address() as AddressInfo;
    const s3 = { type: 's3', path: '/x', 's3-bucket': 'b', 's3-region': 'r', 's3-endpoint': '127.0.0.1' };
    const place = { ...s3, 's3-uri-style': 'path', 's3-key': 'k', 's3-key-secret': 's', 'storage-port': port };
    const lines = Object.entries(place).map(([name, value]) => `repo2-${name}=${value}`);
    const before = (await readFile(config, 'utf8')).replace('archive-timeout=15', 'archive-timeout=2').split('\n');
    const others = before.filter((line) => !/^repo2-(type|path)=|^\[global\]$/.test(line));
    await writeFile(config, ['[global]', ...lines, ...others].join('\n'));
    const next = async (): Promise<string> => {
      await client.query("INSERT INTO golden_rows (phase, note) VALUES ('hangs', 'x')");
      const sql = 'SELECT pg_walfile_name(pg_switch_wal()) AS name';
      return (await client.query<{ name: string }>(sql)).rows[0]?.name ?? '';
    };
    const archive = join(repositories, 'local/drill/pgbackrest/first-1/archive');
    const inLocal = (name: string) => async (): Promise<boolean> =>
      (await readdir(archive, { recursive: true })).some((file) => file.includes(`/${name}-`));
    const oldest = await next();
    await waitFor('a segment in the repository that answers', inLocal(oldest), 60);
    // PostgreSQL still asks for that one.
    await waitFor('the next segment there', inLocal(await next()), 60);
    const { rows } = await client.query<{ last: string }>('SELECT last_archived_wal AS last FROM pg_stat_archiver');
    expect((rows[0]?.last ?? '') < oldest).toBe(true);
  } finally {
    hole.close();
  }
}

async function detachAndAttach(golden: Golden, source: Platform, client: pg.Client): Promise<void> {
  const { envFile } = source;
  const folder = join(golden.repositories, 'secondary');
  const aside = join(golden.folder, 'secondary-away');
  await rename(folder, aside);
  const planned = await drEnds(0, envFile, ['repository', 'detach', 'secondary', '--dry-run']);
  expect(planned.stdout).toContain('does not answer');
  await drEnds(7, envFile, ['repository', 'detach', 'secondary']);
  expect(existsSync(join(source.environment.stateDir, 'detached.json'))).toBe(false);
  const detach = ['repository', 'detach', 'secondary', '--confirm', 'secondary'];
  await drEnds(0, envFile, detach);
  // The push that hangs is let go after four minutes by itself.
  await source.run(['pkill', '-9', '-f', join(source.environment.stateDir, PUSH_TO_SECONDARY)], { accept: [0, 1] });
  await drEnds(0, envFile, detach);
  await archives(client);
  const made = await drEnds(0, envFile, ['backup', '--kind', 'incremental']);
  expect(made.stdout).toMatch(/secondary: detached since .*dr repository attach secondary/);
  expect(existsSync(folder)).toBe(false);
  const health = await dr(envFile, ['health', '--comprehensive', '-o', 'json']);
  const checks = JSON.parse(health.stdout).checks as { id: string; ok?: boolean }[];
  expect(checks.filter(({ id }) => id.endsWith('/secondary'))).toMatchObject([{ id: 'detached/secondary' }]);
  expect(checks.find(({ id }) => id === 'detached/secondary')).not.toHaveProperty('ok');
  await drEnds(0, envFile, ['repository', 'status']);
  const last = await drEnds(6, envFile, ['repository', 'detach', 'local', '--confirm', 'local']);
  expect(last.stderr).toContain('DR-REPOSITORY-LAST');

  const absent = await dr(envFile, ['repository', 'attach', 'secondary']);
  expect(absent.stderr).toContain('DR-REPOSITORY-UNREACHABLE');
  await mkdir(folder);
  const other = await drEnds(5, envFile, ['repository', 'attach', 'secondary']);
  expect(other.stderr).toContain('DR-REPOSITORY-CHANGED');
  await rm(folder, { recursive: true });
  await rename(aside, folder);
  await drEnds(0, envFile, ['repository', 'attach', 'secondary']);
  expect(await statesOf(source)).toEqual({});
  await archives(client);
  await drEnds(0, envFile, ['repository', 'status']);
  await drEnds(0, envFile, ['verify', '--repository', 'secondary', '--read-data', '0']);
}

async function recreateLocal(golden: Golden, source: Platform, client: pg.Client): Promise<void> {
  const { envFile } = source;
  const local = (...path: readonly string[]): string => join(golden.repositories, 'local/drill', ...path);
  for (const copy of ['', '.copy']) await rm(local(`pgbackrest/first-1/backup/go-coffee/backup.info${copy}`));
  for (const part of await readdir(local('restic/data'))) await rm(local('restic/data', part), { recursive: true });
  await drEnds(5, envFile, ['repository', 'status', 'local']);

  const recreate = ['repository', 'recreate', 'local', '--confirm', 'local'];
  const refused = await drEnds(6, envFile, recreate);
  expect(refused.stderr).toContain('DR-LOSS-NOT-ACCEPTED');
  expect(await readdir(local('catalog/v1/points'))).not.toEqual([]);
  await drEnds(0, envFile, ['points', 'mark', golden.facts.points.full, 'verified', '--repository', 'secondary']);
  const planned = await drEnds(0, envFile, [...recreate, '--dry-run']);
  expect(planned.stdout).toContain(`secondary holds ${golden.facts.points.full}, which is verified`);
  expect(await statesOf(source)).toEqual({});

  const run = startDr(envFile, recreate);
  while (run.alive() && !existsSync(local('restic/config'))) await new Promise((resolve) => setTimeout(resolve, 20));
  while (run.alive() && (await statesOf(source)).local?.state !== 'filling')
    await new Promise((resolve) => setTimeout(resolve, 5));
  run.kill9();
  await run.done;
  expect(await statesOf(source)).toMatchObject({ local: { state: 'filling', from: 'secondary' } });
  expect((await drEnds(6, envFile, ['repository', 'attach', 'local'])).stderr).toContain(
    'dr repository recreate local',
  );
  await client.query("INSERT INTO golden_rows (phase, note) VALUES ('meanwhile', 'x')");
  await archives(client);
  await drEnds(0, envFile, recreate);
  expect(await statesOf(source)).toEqual({});
  await drEnds(0, envFile, ['repository', 'status']);
  await drEnds(0, envFile, ['verify', '--repository', 'local', '--read-data', '0']);
  const both = await drEnds(0, envFile, ['backup', '--kind', 'incremental', '-o', 'json']);
  expect(Object.keys(JSON.parse(both.stdout).points)).toEqual(['local', 'secondary']);
}

test('detached, attached, recreated; and what was copied is restored to a moment of before', async () => {
  await withGolden(async (golden) => {
    const source = await golden.startSource();
    const client = await source.postgres();
    await hangsAlone(source, client, golden.repositories);
    await detachAndAttach(golden, source, client);
    await recreateLocal(golden, source, client);
    await client.end();
    await source.stop();
    const { envFile } = await golden.emptySite('anew');
    const to = golden.facts.times.lastCommit;
    await drEnds(0, envFile, ['restore', '--to', to, '--from', 'local', '--confirm', 'drill', '--no-backup']);
  });
});
