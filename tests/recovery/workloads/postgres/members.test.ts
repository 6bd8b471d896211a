/** What a failover asks of a database and makes it do, on a real PostgreSQL by the very command that runs in its pod. */
import { appendFile, chown, mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lookUpAccount } from '../../../../recovery/core/account.ts';
import { silentLog } from '../../../../recovery/core/log.ts';
import { makeRun } from '../../../../recovery/core/process.ts';
import { findPostgresBin } from '../../../../recovery/engines/find.ts';
import { parseRows, psqlArguments } from '../../../../recovery/kubernetes/psql.ts';
import type { SiteCluster } from '../../../../recovery/kubernetes/site-cluster.ts';
import { DEFAULT_SEGMENT_BYTES, formatLsn, parseLsn, placeOfSegment } from '../../../../recovery/points/wal-segment.ts';
import { endWrites, forksOf, leaderOf, membersOf, switchWal } from '../../../../recovery/workloads/postgres/members.ts';
import { withFolder } from '../../../platform.ts';

const run = makeRun(silentLog);
const runAs = process.getuid?.() === 0 ? 'postgres' : undefined;
const as = { as: runAs, cwd: '/' };

/** A server of the test's own, by its socket; the pod of the same name is it. */
async function makeServer(folder: string) {
  const bin = await findPostgresBin();
  const data = join(folder, 'data');
  await mkdir(data);
  const owner = await lookUpAccount(runAs);
  if (owner !== undefined) for (const path of [folder, data]) await chown(path, owner.uid, owner.gid);
  await run([join(bin, 'initdb'), '-D', data, '--no-sync', '-U', 'postgres', '--auth', 'trust'], as);
  await appendFile(join(data, 'postgresql.conf'), "listen_addresses = ''\nfsync = off\nwal_level = replica\n");
  const ctl = (...args: string[]) =>
    run([join(bin, 'pg_ctl'), '-D', data, '-w', '-l', join(folder, 'log'), ...args], as);
  const start = () => ctl('-o', `-k ${folder}`, 'start');
  const sql = async (statement: string) => {
    const [, ...args] = psqlArguments(statement);
    const { stdout } = await run([join(bin, 'psql'), '--host', folder, ...args]);
    return parseRows(statement, stdout);
  };
  const cluster: Pick<SiteCluster, 'pods' | 'sql'> = {
    pods: async () => [{ name: 'postgres-0', app: 'postgres', ready: true, serves: true }],
    sql: (_, __, statement) => sql(statement),
  };
  return {
    cluster: cluster as SiteCluster,
    start,
    sql,
    stop: () => ctl('stop', '-m', 'fast'),
    promote: () => ctl('promote'),
    async follow(): Promise<void> {
      await writeFile(join(data, 'standby.signal'), '');
      if (owner !== undefined) await chown(join(data, 'standby.signal'), owner.uid, owner.gid);
      await start();
    },
  };
}

test('a leader hands over: no write after the end, its segment finished, and the next history begins there', async () => {
  expect(userInfo().username).not.toBe('');
  await withFolder(async (folder) => {
    const server = await makeServer(folder);
    await server.start();
    await server.sql('CREATE TABLE public.orders (id int)');
    await server.sql('INSERT INTO public.orders VALUES (1)');
    const leader = await leaderOf(server.cluster, 'go-coffee');
    expect(leader).toMatchObject({ pod: 'postgres-0', follows: false, timeline: 1, lastCommit: undefined });
    if (leader === undefined) return;
    expect(await forksOf(server.cluster, 'go-coffee', leader)).toEqual([]);

    await endWrites(server.cluster, 'go-coffee', leader);
    await expect(server.sql('INSERT INTO public.orders VALUES (2)')).rejects.toMatchObject({
      fact: expect.stringContaining('read-only transaction'),
    });
    const written = await switchWal(server.cluster, 'go-coffee', leader);
    const [{ segment, lsn } = {}] = await server.sql(
      `SELECT pg_walfile_name('${formatLsn(written)}') AS segment, pg_current_wal_lsn()::text AS lsn`,
    );
    // All of it lies in finished segments: the server has left the last of them.
    expect(parseLsn(String(lsn)) >= placeOfSegment(String(segment), DEFAULT_SEGMENT_BYTES).end).toBe(true);
    const again = await switchWal(server.cluster, 'go-coffee', leader);
    expect(again > written).toBe(true);
    await server.stop();

    await server.follow();
    const [standby] = await membersOf(server.cluster, 'go-coffee');
    expect(standby).toMatchObject({ follows: true });
    expect(standby?.lsn !== undefined && standby.lsn >= again).toBe(true);
    await expect(switchWal(server.cluster, 'go-coffee', leader)).rejects.toThrow();

    await server.promote();
    const next = await leaderOf(server.cluster, 'go-coffee');
    expect(next).toMatchObject({ follows: false });
    const [fork, ...more] = next === undefined ? [] : await forksOf(server.cluster, 'go-coffee', next);
    expect(more).toEqual([]);
    expect(fork?.timeline).toBe(1);
    expect(fork !== undefined && fork.lsn >= again).toBe(true);
    await server.stop();
  });
});

test('a pod whose server does not answer is no member, and no failure', async () => {
  await withFolder(async (folder) => {
    const server = await makeServer(folder);
    expect(await membersOf(server.cluster, 'go-coffee')).toEqual([]);
  });
});
