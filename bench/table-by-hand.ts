/** A table of just before a mistake, as an experienced person brings it back: pgBackRest, `pg_waldump`, a server aside, `pg_dump`. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { waitFor } from '../drill/host/processes.ts';
import { handOver } from '../drill/host/secret-files.ts';
import type { Platform } from '../drill/platform/platform.ts';
import { layout, STANZA } from '../plan/layout.ts';
import { makeOwnedFolder } from '../recovery/core/account.ts';
import { poll } from '../recovery/core/poll.ts';
import { findPostgresBin } from '../recovery/engines/find.ts';
import type { BenchContext, DatabaseCapture } from './benchmark.ts';
import { ENVIRONMENT } from './database.ts';

export interface Mistake {
  readonly platform: Platform;
  readonly capture: DatabaseCapture;
  /** File with the repository's passphrase. */
  readonly passphrase: string;
  /** In schema `public`. */
  readonly table: string;
}

const DATABASE = 'go_coffee';
const PORT = 5999;

async function configure({ platform, capture, passphrase }: Mistake, folder: string): Promise<string> {
  for (const sub of ['lock', 'log']) await makeOwnedFolder(join(folder, sub), platform.runAs);
  const file = join(folder, 'pgbackrest.conf');
  const lines = [
    '[global]',
    `repo1-path=${join(platform.paths.localRepository, layout(ENVIRONMENT).pgbackrest(capture.lineage))}`,
    'repo1-bundle=y',
    'repo1-cipher-type=aes-256-cbc',
    `repo1-cipher-pass=${(await readFile(passphrase, 'utf8')).trim()}`,
    `process-max=${Math.max(2, availableParallelism())}`,
    'log-level-file=off',
    ...['lock', 'log'].map((sub) => `${sub}-path=${join(folder, sub)}`),
    `[${STANZA}]`,
    `pg1-path=${platform.paths.postgresData}`,
  ];
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  await handOver(file, platform.runAs);
  return file;
}

async function one(client: pg.Client, sql: string): Promise<string> {
  return String(Object.values((await client.query(sql)).rows[0] ?? {})[0]);
}

/** Names of segments from one to another, on one timeline. */
export function segments(first: string, last: string): string[] {
  const place = (name: string): number =>
    Number.parseInt(name.slice(8, 16), 16) * 256 + Number.parseInt(name.slice(16), 16);
  const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');
  return Array.from({ length: place(last) - place(first) + 1 }, (_, n) => {
    const at = place(first) + n;
    return `${last.slice(0, 8)}${hex(Math.floor(at / 256))}${hex(at % 256)}`;
  });
}

/** The transaction that deleted most of the table's rows. */
export function worstDelete(text: string): string {
  const deleted = new Map<string, number>();
  for (const [, xid = ''] of text.matchAll(/tx:\s+(\d+),.*desc: DELETE /g))
    deleted.set(xid, (deleted.get(xid) ?? 0) + 1);
  const [found] = [...deleted].sort((a, b) => b[1] - a[1]);
  if (found === undefined) throw new Error('pg_waldump shows no DELETE of that table');
  return found[0];
}

/** @param into name of the database that the table is laid into, beside the live one */
export async function tableByHand(context: BenchContext, mistake: Mistake, into: string): Promise<void> {
  const { platform, capture, table } = mistake;
  const { runAs, paths } = platform;
  const folder = join(paths.root, 'table-by-hand');
  const [data, wal, socket, dump] = ['data', 'wal', 'run', 'run/table.dump'].map((name) => join(folder, name)) as [
    ...[string, string, string, string],
  ];
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o755 });
  for (const path of [folder, data, wal, socket]) await makeOwnedFolder(path, runAs);
  const as = { as: runAs, cwd: '/' };
  const bin = await findPostgresBin();
  const program = (name: string) => join(bin, name);
  const pgBackRest = ['pgbackrest', `--config=${await configure(mistake, folder)}`, `--stanza=${STANZA}`] as const;
  const live = await platform.postgres();
  try {
    const relation = await one(
      live,
      `select '1663/' || (select oid from pg_database where datname = current_database()) || '/' || pg_relation_filenode('${table}')`,
    );
    const last = await one(live, 'select pg_walfile_name(pg_switch_wal())');
    const archived = "select coalesce(last_archived_wal, '') from pg_stat_archiver";
    const isThere = async () => (await one(live, archived)).slice(0, 24) >= last;
    await waitFor('the last WAL is archived', isThere, 120);
    const info = (await context.run([...pgBackRest, 'info', '--output=json'], as)).stdout;
    const first =
      new RegExp(`"archive":\\{"start":"(\\w+)"[^}]*\\}[^]*?"label":"${capture.set}"`).exec(info)?.[1] ?? last;
    const wanted = segments(first, last);
    for (const name of wanted) await context.run([...pgBackRest, 'archive-get', name, join(wal, name)], as);
    const filter = ['--rmgr=Heap', `--relation=${relation}`, `--path=${wal}`];
    const dumped = await context.run([program('pg_waldump'), ...filter, first, last], { ...as, accept: 'any' });
    const xid = worstDelete(dumped.stdout);
    const target = [
      '--type=xid',
      `--target=${xid}`,
      '--target-exclusive',
      '--target-action=pause',
      '--archive-mode=off',
    ];
    await context.run([...pgBackRest, 'restore', `--pg1-path=${data}`, `--set=${capture.set}`, ...target], as);
    const aside = [`-k ${socket}`, `-p ${PORT}`, "-c listen_addresses=''", '-c hot_standby=on'].join(' ');
    await context.run(
      [program('pg_ctl'), 'start', '-D', data, '-W', '-l', join(folder, 'log', 'server'), '-o', aside],
      as,
    );
    const at = ['-h', socket, '-p', String(PORT), '-U', 'postgres'];
    const state = ['-d', DATABASE, '-Atc', 'select pg_get_wal_replay_pause_state()'];
    const { accepted } = await poll(
      { seconds: 600, everySeconds: 0.05 },
      async () => (await context.run([program('psql'), ...at, ...state], { ...as, accept: 'any' })).stdout.trim(),
      (said) => said === 'paused',
    );
    if (!accepted) throw new Error(`the server aside does not pause at ${xid}`);
    await context.run([program('pg_dump'), ...at, '-Fc', '-t', `public.${table}`, '-f', dump, DATABASE], as);
    const here = ['-h', paths.run, '-U', 'postgres'];
    await context.run([program('createdb'), ...here, into], as);
    // Foreign keys to tables that are not there fail, which people expect.
    await context.run([program('pg_restore'), ...here, '-d', into, dump], { ...as, accept: [0, 1] });
    await context.run([program('pg_ctl'), 'stop', '-D', data, '-m', 'immediate'], as);
  } finally {
    await live.end();
  }
  await rm(folder, { recursive: true, force: true });
}
