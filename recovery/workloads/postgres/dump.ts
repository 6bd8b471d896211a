/** The logical dump: one table, another major version of PostgreSQL, or the day when the backup sets are in doubt. */
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workload } from '../../../plan/types.ts';
import { postgresSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { makeOwnedFolder } from '../../core/account.ts';
import { DrError } from '../../core/errors.ts';
import { findPostgresBin } from '../../engines/find.ts';
import { discard, freshFolder } from '../capture.ts';
import type { SnapshotItem } from '../restore-plan.ts';
import type { Check } from '../restore-step.ts';
import type { Staged } from '../workload.ts';
import { clientArguments, clientEnv, clientSecrets } from './access/client.ts';
import { readRowCounts, rowCountFacts } from './row-counts.ts';
import { withClient } from './server.ts';

/** A migration may hold a table for a while; a lock that stays longer is somebody's who has gone home. */
const LOCK_WAIT_SECONDS = 60;

/** pg_dump waits for locks by a limit of the statement. */
const LOCKED = /lock timeout|could not obtain lock|statement timeout[\s\S]*LOCK TABLE/;

function explained(error: unknown): unknown {
  if (!(error instanceof DrError) || !LOCKED.test(error.fact)) return error;
  const table = /LOCK TABLE (.*?) IN ACCESS SHARE MODE/.exec(error.fact)?.[1];
  return new DrError({
    code: 'POSTGRES-BUSY',
    where: 'pg_dump',
    fact: `somebody holds ${table ?? 'a table'} locked for more than ${LOCK_WAIT_SECONDS} s, so it can't be dumped`,
    hint: "see who: SELECT pid, state, query FROM pg_stat_activity WHERE pid IN (SELECT pid FROM pg_locks WHERE mode = 'AccessExclusiveLock'); if it is nobody, a prepared transaction: SELECT gid, prepared FROM pg_prepared_xacts",
    cause: error,
  });
}

/** Directory format, uncompressed: restic deduplicates and compresses. Globals (roles with their hashes) are a file of their own. */
export async function captureDump(site: Site, workload: Workload, signal?: AbortSignal): Promise<Staged> {
  const pg = postgresSettings(site.environment);
  const folder = await freshFolder(site, workload);
  await makeOwnedFolder(folder, site.environment.runAs);
  await chmod(folder, 0o700);
  const bin = await findPostgresBin(pg.binDir);
  const at = clientArguments(pg);
  const secretEnv = await clientSecrets(site);
  const options = { as: site.environment.runAs, cwd: folder, env: clientEnv(pg), secretEnv, signal };
  const patience = `--lock-wait-timeout=${LOCK_WAIT_SECONDS * 1000}`;
  const dump = [
    patience,
    '--format=directory',
    '--jobs=2',
    '--compress=0',
    `--file=${join(folder, 'database')}`,
    pg.database,
  ];
  const globals = [
    '--globals-only',
    `--lock-wait-timeout=${LOCK_WAIT_SECONDS * 1000}`,
    `--file=${join(folder, 'globals.sql')}`,
  ];
  try {
    await site.run([join(bin, 'pg_dump'), ...at, ...dump], options);
    await site.run([join(bin, 'pg_dumpall'), ...at, ...globals], options);
  } catch (error) {
    throw explained(error);
  }
  const facts = await withClient(site, pg, async (client) => {
    const version =
      (await client.query<{ server_version: string }>('SHOW server_version')).rows[0]?.server_version ?? '';
    return { database: pg.database, serverVersion: version, ...rowCountFacts(await readRowCounts(client)) };
  });
  return { path: folder, facts, remove: discard(folder) };
}

/** Reads the dump of the item's destination to its end, as a restore would. */
export async function readDump(site: Site, item: SnapshotItem, signal: AbortSignal | undefined): Promise<Check> {
  const program = join(await findPostgresBin(site.environment.postgres?.binDir), 'pg_restore');
  await site.run([program, '--file=/dev/null', join(item.destination, 'database')], { cwd: '/', signal });
  const title = 'the logical dump was read to its end by pg_restore';
  return { id: `${item.workload}/read`, title, tier: item.tier, expected: 'no error', actual: 'no error', ok: true };
}
