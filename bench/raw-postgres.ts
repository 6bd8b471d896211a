/** Restores and starts PostgreSQL as an administrator does by hand, with pgBackRest alone. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { handOver } from '../drill/host/secret-files.ts';
import type { Platform } from '../drill/platform/platform.ts';
import { layout, STANZA } from '../plan/layout.ts';
import { makeOwnedFolder } from '../recovery/core/account.ts';
import { poll } from '../recovery/core/poll.ts';
import { findPostgresBin } from '../recovery/engines/find.ts';
import type { BenchContext, Database } from './benchmark.ts';
import { ENVIRONMENT, keyFile } from './database.ts';

/** Same process-max, asynchronous archive-get and spool as `dr` has. */
async function writeConfig(database: Database, site: Platform, folder: string): Promise<string> {
  const { source, capture } = database;
  for (const sub of ['lock', 'log', 'spool']) await makeOwnedFolder(join(folder, sub), site.runAs);
  const file = join(folder, 'pgbackrest.conf');
  const lines = [
    '[global]',
    `repo1-path=${join(source.paths.localRepository, layout(ENVIRONMENT).pgbackrest(capture.lineage))}`,
    'repo1-bundle=y',
    'repo1-cipher-type=aes-256-cbc',
    `repo1-cipher-pass=${(await readFile(keyFile(database, 'local'), 'utf8')).trim()}`,
    'archive-async=y',
    `process-max=${Math.max(2, availableParallelism())}`,
    'log-level-file=info',
    ...['lock', 'log', 'spool'].map((sub) => `${sub}-path=${join(folder, sub)}`),
    `[${STANZA}]`,
    `pg1-path=${site.paths.postgresData}`,
    `pg1-socket-path=${site.paths.run}`,
  ];
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  await handOver(file, site.runAs);
  return file;
}

export interface RawPostgres {
  /** `pgbackrest restore` of the set; `target` is empty. */
  restore(): Promise<void>;
  /** Starts the server and returns when it takes writes. */
  startAndReplay(): Promise<void>;
  /** Kills the server and empties the site. */
  clear(): Promise<void>;
}

export async function rawPostgres(context: BenchContext, database: Database, site: Platform): Promise<RawPostgres> {
  const folder = join(site.paths.root, 'pgbackrest');
  const { postgresData, postgresLog, run: socketDir } = site.paths;
  const config = await writeConfig(database, site, folder);
  const as = { as: site.runAs, cwd: '/' };
  const pgBackRest = `pgbackrest --config=${config} --stanza=${STANZA}`;
  const pgCtl = join(await findPostgresBin(), 'pg_ctl');
  return {
    async restore() {
      await makeOwnedFolder(postgresData, site.runAs);
      const argv: [string, ...string[]] = [
        'pgbackrest',
        ...[`--config=${config}`, `--stanza=${STANZA}`, 'restore', '--repo=1'],
        ...[`--set=${database.capture.set}`, '--type=default', `--target-timeline=${database.capture.timeline}`],
        `--recovery-option=restore_command=${pgBackRest} archive-get %f "%p"`,
        // The source's archive must stay as it is.
        ...['--archive-mode=off', '--link-all', '--log-level-console=detail'],
      ];
      await context.run(argv, as);
    },
    async startAndReplay() {
      await context.run([pgCtl, 'start', '-D', postgresData, '-W', '-l', postgresLog, '-o', `-k ${socketDir}`], as);
      await untilWritable(site);
    },
    async clear() {
      await site.kill9();
      // A killed server that is not reaped yet counts as running for the owner of its socket's lock.
      const sockets = (await readdir(socketDir)).map((name) => join(socketDir, name));
      for (const path of [postgresData, postgresLog, join(folder, 'spool'), ...sockets])
        await rm(path, { recursive: true, force: true });
      await mkdir(site.paths.logs, { recursive: true });
      await makeOwnedFolder(join(folder, 'spool'), site.runAs);
    },
  };
}

/** Far more than the replay of the benchmark's WAL takes. */
const REPLAY_SECONDS = 600;

async function untilWritable(site: Platform): Promise<void> {
  const timeout = { seconds: REPLAY_SECONDS, everySeconds: 0.01 };
  const { accepted } = await poll(
    timeout,
    () => isRecovering(site),
    (recovering) => recovering === false,
  );
  if (!accepted) throw new Error(`the server does not take writes; its log: ${site.paths.postgresLog}`);
}

/** Undefined while the server does not answer. */
async function isRecovering(site: Platform): Promise<boolean | undefined> {
  try {
    const client = await site.postgres({ database: 'postgres' });
    try {
      return (await client.query<{ busy: boolean }>('select pg_is_in_recovery() as busy')).rows[0]?.busy;
    } finally {
      await client.end();
    }
  } catch {
    return undefined;
  }
}
