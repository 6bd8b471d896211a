/** The platform's PostgreSQL: initialised, started and stopped by hand, as an administrator does before `dr` is set up. */
import { appendFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Run } from '../../recovery/core/process.ts';
import { findPostgresBin } from '../../recovery/engines/find.ts';
import { livingServer, removeStaleLocks } from '../../recovery/workloads/postgres/access/stale-locks.ts';
import { handOver } from '../host/secret-files.ts';
import { rolesSql } from './accounts.ts';
import { canarySql, DATABASE, INDEXES_SQL, rowCounts, rowsSql, TABLES_SQL } from './schema.ts';
import type { SitePaths } from './site-paths.ts';

export const PORT = 5432;

/** Without socket folder and port: these are given at the start, so that the file works at another site too. */
const SETTINGS = `
# Go Coffee
listen_addresses = ''
shared_buffers = 64MB
max_connections = 60
wal_level = replica
archive_mode = on
archive_timeout = 60
synchronous_commit = on
password_encryption = scram-sha-256
log_line_prefix = '%m [%p] %q%u@%d '
log_min_messages = warning
timezone = 'UTC'
`;

function hba(): string {
  return 'local all postgres peer map=admin\nlocal replication postgres peer map=admin\nlocal all all scram-sha-256\n';
}

/** Who may be the superuser over the socket: root, the server's own account, and whoever runs the drill. */
function ident(runAs: string | undefined): string {
  const names = new Set(['root', runAs ?? userInfo().username, userInfo().username]);
  return [...names].map((name) => `admin ${name} postgres\n`).join('');
}

export async function initPostgres(run: Run, paths: SitePaths, runAs: string | undefined): Promise<void> {
  const bin = await findPostgresBin();
  const flags = [
    '--data-checksums',
    '--no-sync',
    '-U',
    'postgres',
    '-E',
    'UTF8',
    '--locale',
    'C.UTF-8',
    '--auth',
    'peer',
  ];
  await run([join(bin, 'initdb'), '-D', paths.postgresData, ...flags], { as: runAs, cwd: '/' });
  await appendFile(join(paths.postgresData, 'postgresql.conf'), SETTINGS);
  await writeFile(join(paths.postgresData, 'pg_hba.conf'), hba());
  await writeFile(join(paths.postgresData, 'pg_ident.conf'), ident(runAs));
  await handOver(join(paths.postgresData, 'pg_hba.conf'), runAs);
}

export async function startPostgres(run: Run, paths: SitePaths, runAs: string | undefined): Promise<void> {
  if ((await postmasterPid(paths)) !== undefined) return;
  await removeStaleLocks({ dataDir: paths.postgresData, socketDir: paths.run, port: PORT });
  const bin = await findPostgresBin();
  const options = ['-o', `-k ${paths.run} -p ${PORT}`, '-l', paths.postgresLog, '-w', '-t', '60'];
  await run([join(bin, 'pg_ctl'), 'start', '-D', paths.postgresData, ...options], { as: runAs, cwd: '/' });
}

export async function stopPostgres(run: Run, paths: SitePaths, runAs: string | undefined): Promise<void> {
  if ((await postmasterPid(paths)) === undefined) return;
  const bin = await findPostgresBin();
  const argv = [join(bin, 'pg_ctl'), 'stop', '-D', paths.postgresData, '-m', 'fast', '-w', '-t', '60'] as const;
  await run(argv, { as: runAs, cwd: '/' });
}

/** Undefined when no server runs on this data directory. */
async function postmasterPid(paths: SitePaths): Promise<number | undefined> {
  return livingServer(join(paths.postgresData, 'postmaster.pid'));
}

export interface ConnectOptions {
  readonly database?: string;
  readonly user?: string;
  readonly password?: string;
}

/** A connected client, by default the superuser in the platform's database. It ignores `error` events: callers see failed queries. */
export async function connectPostgres(paths: SitePaths, options: ConnectOptions = {}): Promise<pg.Client> {
  const client = new pg.Client({
    host: paths.run,
    port: PORT,
    user: options.user ?? 'postgres',
    database: options.database ?? DATABASE,
    connectionTimeoutMillis: 5_000,
    ...(options.password === undefined ? {} : { password: options.password }),
  });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** The row of a query that gives exactly one. Throws for none. */
export function firstRow<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined) throw new Error('the query gave no row');
  return row;
}

export async function seedPostgres(
  paths: SitePaths,
  scale: number,
  seed: number,
  passwords: ReadonlyMap<string, string>,
): Promise<void> {
  const admin = await connectPostgres(paths, { database: 'postgres' });
  await admin.query(`create database ${DATABASE}`);
  await admin.end();
  const client = await connectPostgres(paths);
  try {
    // The rows can be generated again from the seed, so they need no durability while they are written.
    await client.query("set synchronous_commit = off; set maintenance_work_mem = '256MB'");
    await client.query('begin');
    await client.query(TABLES_SQL);
    for (const sql of rowsSql(rowCounts(scale), seed)) await client.query(sql);
    await client.query(INDEXES_SQL);
    await client.query(canarySql(seed));
    await client.query(rolesSql(passwords));
    await client.query('commit');
    await client.query('analyze');
    await client.query('checkpoint');
  } finally {
    await client.end();
  }
}
