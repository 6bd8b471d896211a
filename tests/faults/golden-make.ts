/** Makes the golden site: a small platform with a full and an incremental backup in two folders, and rows written after each. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type pg from 'pg';
import { parse, stringify } from 'yaml';
import { createPlatform, type Platform } from '../../drill/platform/platform.ts';
import { SELF_CHANGING_TABLES } from '../../drill/platform/schema.ts';
import { type Environment, environmentSchema } from '../../recovery/config/environment.ts';
import { type FolderFingerprint, folderFingerprint } from '../../recovery/workloads/files/fingerprint.ts';
import { plantCanary } from '../../recovery/workloads/postgres/canary.ts';
import { type DatabaseFingerprint, databaseFingerprint } from '../../recovery/workloads/postgres/fingerprint.ts';
import { redisFingerprint } from '../../recovery/workloads/redis/fingerprint.ts';
import { drEnds } from './dr-process.ts';

/** Folders of the golden site. Few, so that a restore takes seconds. */
export const GOLDEN_FOLDERS = ['uploads', 'manifests'] as const;
const GOLDEN_REPOSITORIES = ['local', 'secondary'] as const;

/** Rows of `golden_rows` by the moment they were committed. */
export interface GoldenRows {
  readonly beforeFull: number;
  readonly beforeIncremental: number;
  /** Committed and archived after the last backup: only WAL replay brings them back. */
  readonly afterIncremental: number;
}

export interface GoldenFacts {
  readonly points: { readonly full: string; readonly incremental: string };
  readonly rows: GoldenRows;
  /** ISO 8601, of the server's clock, each between two commits. */
  readonly times: { readonly afterFull: string; readonly afterIncremental: string; readonly lastCommit: string };
  /** Segments that were archived after the incremental set, in order. */
  readonly walAfterIncremental: readonly string[];
  readonly systemId: string;
  /** The last state, without tables that change by themselves. */
  readonly database: DatabaseFingerprint;
  /** At the incremental point. */
  readonly redis: { readonly keys: number; readonly digest: string };
  readonly folders: Readonly<Record<(typeof GOLDEN_FOLDERS)[number], FolderFingerprint>>;
  readonly gitHead: string;
}

/** Tables that a restored server may change by itself. */
export const SELF_CHANGING: readonly string[] = SELF_CHANGING_TABLES;

/** Rewrites dr.yaml and returns the new document. */
export async function editEnvironment(
  envFile: string,
  edit: (environment: Environment) => Environment,
): Promise<Environment> {
  const environment = environmentSchema.parse(edit(environmentSchema.parse(parse(await readFile(envFile, 'utf8')))));
  await writeFile(envFile, stringify(environment, { lineWidth: 0 }));
  return environment;
}

/** Only the golden workloads, no services, and the two folder repositories below `repositories`. */
export function goldenEnvironment(
  environment: Environment,
  folder: string,
  workloads: readonly string[] = ['postgres', 'redis', 'git', ...GOLDEN_FOLDERS],
): Environment {
  const { postgres, redis, git, folders, ...rest } = environment;
  const repositories = GOLDEN_REPOSITORIES.map((id) => [
    id,
    {
      type: 'posix' as const,
      path: join(folder, 'repositories', id),
      passphrases: [{ name: `${id}-1`, from: { file: join(folder, 'keys', id) } }],
    },
  ]);
  const wanted = (name: string): boolean => workloads.includes(name);
  return {
    ...rest,
    ...(postgres && wanted('postgres') ? { postgres } : {}),
    ...(redis && wanted('redis') ? { redis } : {}),
    ...(git && wanted('git') ? { git } : {}),
    folders: Object.fromEntries(Object.entries(folders).filter(([name]) => wanted(name))),
    services: {},
    repositories: Object.fromEntries(repositories),
  };
}

async function insertRows(client: pg.Client, phase: string, count: number): Promise<void> {
  await client.query(
    `INSERT INTO golden_rows (phase, note) SELECT $1, md5($1 || i) FROM generate_series(1, $2::int) i`,
    [phase, count],
  );
}

async function serverTime(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  return (rows[0]?.now ?? new Date(0)).toISOString();
}

/** Ends the segment and waits until the archive has it. */
async function switchWal(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS name');
  const name = rows[0]?.name ?? '';
  for (let tries = 0; tries < 600; tries += 1) {
    const { rows: found } = await client.query<{ last: string | null }>(
      'SELECT last_archived_wal AS last, pg_sleep(0.05) FROM pg_stat_archiver',
    );
    if ((found[0]?.last ?? '').slice(0, 24) >= name) return name;
  }
  throw new Error(`${name} was not archived within 30 s`);
}

const ROWS: GoldenRows = { beforeFull: 100, beforeIncremental: 50, afterIncremental: 400 };
/** Segments after the incremental set: enough to be killed between. */
const SEGMENTS = 8;

async function backup(platform: Platform, kind: string): Promise<string> {
  const { stdout } = await drEnds(0, platform.envFile, ['backup', '--kind', kind, '-o', 'json']);
  return (JSON.parse(stdout) as { runId: string }).runId;
}

async function fill(platform: Platform): Promise<GoldenFacts> {
  const client = await platform.postgres();
  const redis = await platform.redis();
  try {
    // Its commits would come after `lastCommit`, on a machine slow enough that a minute passes until the copy is taken.
    await client.query('ALTER SYSTEM SET autovacuum = off');
    await client.query('SELECT pg_reload_conf()');
    await client.query('CREATE TABLE golden_rows (id bigserial PRIMARY KEY, phase text NOT NULL, note text NOT NULL)');
    await insertRows(client, 'before full', ROWS.beforeFull);
    // The dump and the set run side by side: in the first backup either may finish first.
    await plantCanary(client, 'before the first backup');
    const full = await backup(platform, 'full');
    const afterFull = await serverTime(client);
    await insertRows(client, 'before incremental', ROWS.beforeIncremental);
    await redis.set('golden', 'before incremental');
    const atIncremental = await redisFingerprint(redis);
    const incremental = await backup(platform, 'incremental');
    const afterIncremental = await serverTime(client);
    const walAfterIncremental: string[] = [];
    for (let i = 0; i < SEGMENTS; i += 1) {
      await insertRows(client, 'after incremental', ROWS.afterIncremental / SEGMENTS);
      if (i < SEGMENTS - 1) walAfterIncremental.push(await switchWal(client));
    }
    const lastCommit = await serverTime(client);
    walAfterIncremental.push(await switchWal(client));
    const { rows } = await client.query<{ id: string }>(
      'SELECT system_identifier::text AS id FROM pg_control_system()',
    );
    const { stdout: gitHead } = await platform.run(['git', '-C', platform.paths.git, 'rev-parse', 'HEAD']);
    return {
      points: { full, incremental },
      rows: ROWS,
      times: { afterFull, afterIncremental, lastCommit },
      walAfterIncremental,
      systemId: rows[0]?.id ?? '',
      database: await databaseFingerprint(client, { exclude: SELF_CHANGING }),
      redis: { keys: atIncremental.keys, digest: atIncremental.digest },
      folders: {
        uploads: await folderFingerprint(platform.paths.folder('uploads')),
        manifests: await folderFingerprint(platform.paths.folder('manifests')),
      },
      gitHead: gitHead.trim(),
    };
  } finally {
    redis.disconnect();
    await client.end();
  }
}

/** The site `first` below `folder`, its repositories and keys; everything is stopped, cleanly. `facts.json` is written last. */
async function makeGolden(folder: string): Promise<void> {
  await mkdir(join(folder, 'repositories'), { recursive: true });
  const platform = await createPlatform({ folder, site: 'first', scale: 0.02, seed: 7, local: false, services: false });
  try {
    await editEnvironment(platform.envFile, (environment) => goldenEnvironment(environment, folder));
    await drEnds(0, platform.envFile, ['init', '--restart']);
    const facts = await fill(platform);
    await platform.stop();
    await writeFile(join(folder, 'facts.next'), JSON.stringify(facts));
    await rename(join(folder, 'facts.next'), join(folder, 'facts.json'));
  } finally {
    await platform.kill9();
  }
}

/** Facts of the golden site. The first caller makes it while the others wait. */
export async function goldenFacts(folder: string): Promise<GoldenFacts> {
  const failure = join(folder, 'failed');
  await mkdir(dirname(folder), { recursive: true });
  try {
    await mkdir(folder);
    await makeGolden(folder).catch(async (error: unknown) => {
      await writeFile(failure, String(error));
      throw error;
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const deadline = Date.now() + 110_000;
  while (Date.now() < deadline) {
    const text = await readFile(join(folder, 'facts.json'), 'utf8').catch(() => undefined);
    if (text !== undefined) return JSON.parse(text) as GoldenFacts;
    const failed = await readFile(failure, 'utf8').catch(() => undefined);
    if (failed !== undefined) throw new Error(`the golden site could not be made: ${failed}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await rm(folder, { recursive: true, force: true });
  throw new Error(`the golden site in ${folder} was not finished within 110 s`);
}
