/**
 * PostgreSQL and Redis are stopped (SIGSTOP): they accept connections and answer nothing. Each command ends within its limits and says so;
 * none takes them for dead, lays files under them or starts a second server.
 */
import { once } from 'node:events';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { descendantsOf } from '../../recovery/core/pids.ts';
import { processesIn } from '../../recovery/core/process/holders.ts';
import { postgresLife } from '../../recovery/workloads/postgres/access/alive.ts';
import { inspectPostgres } from '../../recovery/workloads/postgres/inspect.ts';
import { startServer } from '../../recovery/workloads/postgres/server.ts';
import { redisLife } from '../../recovery/workloads/redis/alive.ts';
import { makeSite } from '../recovery/config/site-fixture.ts';
import { makeScratch } from '../scratch.ts';
import { dr, withGolden } from './golden.ts';

const SERVERS = /^(?:postgres|redis)/;
/** PostgreSQL has 5 s for a connection, Redis 30 s for a command, and a command may ask twice. */
const LIMIT_SECONDS = 90;

const RESTORE = ['restore', '--to', 'latest', '--no-backup', '--confirm', 'drill'];

const namesIn = async (folder: string): Promise<string[]> => (await readdir(folder)).sort();

test.concurrent('a port that accepts and never answers is somebody, for both', async () => {
  const { folder, remove } = await makeScratch();
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  try {
    const site = await makeSite(folder);
    const { port } = silent.address() as AddressInfo;
    const place = { dataDir: folder, host: '127.0.0.1', port };
    const postgres = { ...place, socketDir: folder, user: 'postgres', database: 'postgres' };
    const found = await Promise.all([redisLife(site, place), postgresLife(site, postgres)]);
    expect(found).toMatchObject([
      { alive: true, answers: false, fact: `127.0.0.1:${port}: no answer within 30 s` },
      { alive: true, fact: expect.stringContaining(`127.0.0.1:${port}`) },
    ]);
    await expect(startServer(site, postgres)).rejects.toMatchObject({ code: 'SERVER-ELSEWHERE' });
    // Of a server on another host nothing else can be seen.
    const ca = join(folder, 'ca.pem');
    await writeFile(ca, '');
    const settings = { ...postgres, tls: { port: 8432, ca, certificate: 'tls.crt', key: 'tls.key' } };
    const { signal } = new AbortController();
    expect(await inspectPostgres(site, { settings, before: undefined, signal })).toMatchObject({
      server: 'up',
      unanswered: expect.stringContaining('takes connections and does not answer'),
    });
  } finally {
    silent.close();
    await remove();
  }
});

test.concurrent('stopped servers are alive, unanswered, and left as they are', async () => {
  await withGolden(async ({ startSource }) => {
    const { envFile, paths } = await startSource();
    const folders = [paths.postgresData, paths.redisData];
    const servers = async () => (await Promise.all(folders.map((folder) => processesIn(folder, SERVERS)))).flat();
    const pids = await servers();
    const all = [...new Set([...pids, ...(await Promise.all(pids.map(descendantsOf))).flat()])];
    const files = async () => ({
      names: await Promise.all(folders.map(namesIn)),
      inode: (await stat(join(paths.postgresData, 'PG_VERSION'))).ino,
    });
    const before = await files();
    for (const pid of all) process.kill(pid, 'SIGSTOP');
    try {
      const commands = [['health'], ['assess'], ['doctor'], ['secrets', 'rotate', '--dry-run'], RESTORE];
      const [health, assess, doctor, rotate, restore] = await Promise.all(
        commands.map((command) => dr(envFile, command, { timeoutSeconds: LIMIT_SECONDS })),
      );
      expect(health?.exitCode, health?.stderr).toBe(1);
      expect(health?.stdout).toMatch(/FAILED +PostgreSQL answers/);
      expect(health?.stdout).toMatch(/FAILED +Redis answers .*no answer within 30 s/);
      expect(assess?.exitCode, assess?.stderr).toBe(0);
      expect(assess?.stdout).toMatch(/PostgreSQL +up +well .*does not answer.*kill -CONT \d+/);
      expect(assess?.stdout).toMatch(/Redis +up +well .*does not answer.*kill -CONT \d+/);
      expect(assess?.stdout).not.toContain('nothing wrong was found');
      expect(doctor?.stdout).toMatch(/redis server +warning +\S+ no answer within 30 s/);
      expect(rotate?.exitCode, rotate?.stderr).toBe(3);
      expect(rotate?.stdout).toMatch(/NOT ANSWERED.*\n {2}- postgres: .*\n.*\n {2}- redis: .*no answer within 30 s/);
      expect(restore?.exitCode, `${restore?.stdout}${restore?.stderr}`).not.toBe(0);
      expect(restore?.exitCode).toBeDefined();
      expect(`${restore?.stdout}${restore?.stderr}`).toMatch(/DR-REDIS-ELSEWHERE \S+: .*kill -CONT \d+/);
      const postgres = await dr(envFile, [...RESTORE, '--only', 'postgres'], { timeoutSeconds: LIMIT_SECONDS });
      expect(`${postgres.stdout}${postgres.stderr}`).toMatch(/DR-SERVER-STILL-RUNNING \S+: .*kill -CONT \d+/);
      expect(postgres.exitCode).toBe(1);
      expect(await servers()).toEqual(pids);
      expect(await files()).toEqual(before);
    } finally {
      for (const pid of all) process.kill(pid, 'SIGCONT');
    }
  });
});
