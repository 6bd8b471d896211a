/** Whose files a backup copies. That pgBackRest takes a replica's is shown on the cluster (`tests/cluster/scenarios/local.ts`). */
import { expect, test } from 'vitest';
import { makeSetFrom } from '../../../recovery/backup/replica.ts';
import type { PostgresSettings } from '../../../recovery/config/environment.ts';
import type { Repository } from '../../../recovery/config/site.ts';
import { DrError } from '../../../recovery/core/errors.ts';
import type { PgBackRest } from '../../../recovery/engines/pgbackrest/pgbackrest.ts';

const SETTINGS = {
  ...{ host: 'postgres.shop.svc', port: 5432, user: 'postgres', database: 'shop', dataDir: '/data', socketDir: '/run' },
  tls: { port: 8432, ca: '/ca', certificate: '/crt', key: '/key' },
} as PostgresSettings;
const REPOSITORY = { id: 'local', settings: { type: 'posix' } } as Repository;
const HOST = 'postgres-1.postgres-members.shop.svc';
const failed = (code: string) => new DrError({ code, where: 'x', fact: 'y', hint: 'z' });

/** Its backups from a replica end with `error`; each one that does not leaves a set. */
function engine(error?: unknown) {
  const runs: string[][] = [];
  const sets: { label: string; type: 'full' }[] = [];
  const pg = {
    number: () => 1,
    info: async () => ({ backup: [...sets] }),
    run: async (_: string, args: string[]) => {
      runs.push(args);
      if (error !== undefined && args.includes('--backup-standby')) throw error;
      sets.push({ label: `2026010${sets.length + 1}-000000F`, type: 'full' });
    },
  };
  return { pg: pg as unknown as PgBackRest, runs };
}

const request = (signal?: AbortSignal) => ({ type: 'full', signed: new Set<string>(), signal }) as const;

test('a replica’s, with the leader as the first server', async () => {
  const { pg, runs } = engine();
  const made = await makeSetFrom(HOST, [pg, REPOSITORY, SETTINGS], request(), expect.unreachable);
  expect(made).toMatchObject({ from: HOST, set: { label: '20260101-000000F' } });
  expect(runs[0]).toEqual(
    expect.arrayContaining(['--backup-standby', `--pg2-host=${HOST}`, '--pg2-host-type=tls', '--pg2-path=/data']),
  );
});

test('the leader’s where no replica follows, or its files can’t be copied, which is said', async () => {
  const alone = engine();
  expect(
    await makeSetFrom(undefined, [alone.pg, REPOSITORY, SETTINGS], request(), expect.unreachable),
  ).not.toHaveProperty('from');
  const { pg, runs } = engine(failed('ENGINE-FAILED'));
  const said: string[] = [];
  const made = await makeSetFrom(HOST, [pg, REPOSITORY, SETTINGS], request(), (why) => said.push(why));
  expect(made).not.toHaveProperty('from');
  expect(runs.map((args) => args.includes('--backup-standby'))).toEqual([true, false]);
  expect(said).toEqual([expect.stringContaining(`${HOST}: `)]);
});

test.each([
  ['a fault of the repository', failed('REPOSITORY-UNREACHABLE'), undefined],
  ['a signal', failed('ENGINE-FAILED'), AbortSignal.abort()],
  ['a bug', new TypeError('x'), undefined],
])('%s is no reason to begin anew', async (_, error, signal) => {
  const { pg, runs } = engine(error);
  await expect(makeSetFrom(HOST, [pg, REPOSITORY, SETTINGS], request(signal), () => {})).rejects.toBe(error);
  expect(runs).toHaveLength(1);
});
