/** Runs the commands of `dr backup` one after another, with the same repositories, flags and caches. */
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Platform } from '../drill/platform/platform.ts';
import { connectRedis } from '../drill/platform/redis.ts';
import { FOLDER_WORKLOADS } from '../drill/platform/site-paths.ts';
import { layout, lineageName, STANZA } from '../plan/layout.ts';
import { makeOwnedFolder } from '../recovery/core/account.ts';
import { poll } from '../recovery/core/poll.ts';
import type { RunOptions } from '../recovery/core/process.ts';
import { findPostgresBin } from '../recovery/engines/find.ts';
import type { BenchContext } from './benchmark.ts';
import { ENVIRONMENT } from './database.ts';

type Argv = readonly [string, ...string[]];

interface Tools {
  readonly folder: string;
  readonly bin: string;
  readonly passwords: Readonly<Record<'local' | 'primary', string>>;
  run(argv: Argv, options?: RunOptions): Promise<void>;
}

function resticRepository(platform: Platform, id: 'local' | 'primary'): string {
  const path = platform.environment.repositories[id];
  const root = id === 'local' ? platform.paths.localRepository : join(platform.paths.root, 'backups-2');
  return join(path?.type === 'posix' ? path.path : root, layout(ENVIRONMENT).restic);
}

async function pgBackRest(platform: Platform, tools: Tools): Promise<void> {
  const lineage = lineageName('first', 1);
  const config = join(platform.paths.state, 'pgbackrest', lineage, 'pgbackrest.conf');
  const secretEnv = {
    PGBACKREST_REPO1_CIPHER_PASS: tools.passwords.local,
    PGBACKREST_REPO2_CIPHER_PASS: tools.passwords.primary,
  };
  for (const repository of [1, 2]) {
    const flags = [
      `--repo=${repository}`,
      '--type=full',
      '--compress-type=gz',
      `--process-max=${Math.max(2, availableParallelism())}`,
    ];
    const argv: Argv = [
      'pgbackrest',
      `--config=${config}`,
      `--stanza=${STANZA}`,
      'backup',
      ...flags,
      '--log-level-console=detail',
    ];
    await tools.run(argv, { as: platform.runAs, cwd: '/', secretEnv });
  }
}

async function dump(platform: Platform, tools: Tools, target: string): Promise<void> {
  await makeOwnedFolder(target, platform.runAs);
  const at = ['-h', platform.paths.run, '-U', 'postgres'];
  const as = { as: platform.runAs, cwd: '/' };
  const format = ['--format=directory', '--jobs=2', '--compress=0', `--file=${join(target, 'database')}`];
  await tools.run([join(tools.bin, 'pg_dump'), ...at, ...format, 'go_coffee'], as);
  await tools.run(
    [join(tools.bin, 'pg_dumpall'), ...at, '--globals-only', `--file=${join(target, 'globals.sql')}`],
    as,
  );
}

/** A save of this data takes tenths of a second. */
const SAVE = { seconds: 600, everySeconds: 0.02 };

async function saveRedis(platform: Platform, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  const redis = await connectRedis(platform.paths);
  try {
    const idle = async (): Promise<boolean> =>
      /rdb_bgsave_in_progress:0/.test(await redis.info('persistence')) &&
      /aof_rewrite_in_progress:0/.test(await redis.info('persistence'));
    await poll(SAVE, idle, (is) => is);
    await redis.bgsave();
    await poll(SAVE, idle, (is) => is);
  } finally {
    redis.disconnect();
  }
  await cp(join(platform.paths.redisData, 'dump.rdb'), join(target, 'dump.rdb'));
  await cp(join(platform.paths.redisData, 'appendonlydir'), join(target, 'appendonlydir'), { recursive: true });
}

async function mirror(platform: Platform, tools: Tools, folder: string): Promise<void> {
  const target = join(folder, 'go-coffee.git');
  const env = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' };
  await rm(folder, { recursive: true, force: true });
  await tools.run(['git', 'clone', '--mirror', '--quiet', platform.paths.git, target], { env });
  await tools.run(['git', '-C', target, 'fsck', '--connectivity-only', '--no-progress'], { env });
}

interface Folder {
  readonly workload: string;
  readonly path: string;
}

/** Returns the id of the snapshot; `--json` prints it in full. */
async function backUp(
  context: BenchContext,
  platform: Platform,
  tools: Tools,
  { workload, path }: Folder,
): Promise<string> {
  const flags = ['--json', '--host', 'first', '--tag', `workload=${workload}`, '--tag', 'by=hand', '--force'];
  const argv: Argv = [
    'restic',
    'backup',
    ...flags,
    '--repo',
    resticRepository(platform, 'local'),
    ...cache(platform),
    path,
  ];
  const { stdout } = await context.run(argv, {
    secretEnv: { RESTIC_PASSWORD: tools.passwords.local },
    env: { RESTIC_PROGRESS_FPS: '2' },
  });
  return /"snapshot_id":"([0-9a-f]+)"/.exec(stdout)?.[1] ?? '';
}

const cache = (platform: Platform): string[] => ['--cache-dir', join(platform.paths.state, 'cache', 'restic')];

async function copyPostgresConfig(platform: Platform, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  for (const name of ['postgresql.conf', 'postgresql.auto.conf', 'pg_hba.conf', 'pg_ident.conf'])
    await cp(join(platform.paths.postgresData, name), join(target, name));
}

export async function backUpByHand(
  context: BenchContext,
  platform: Platform,
  note: (step: string, seconds: number) => void,
): Promise<void> {
  const read = async (name: string) => (await readFile(join(platform.paths.root, '..', 'keys', name), 'utf8')).trim();
  const folder = join(platform.paths.root, 'by-hand');
  const tools: Tools = {
    folder,
    bin: await findPostgresBin(),
    passwords: { local: await read('local'), primary: await read('primary') },
    run: async (argv, options) => void (await context.run(argv, options)),
  };
  const at = (name: string) => join(folder, name);
  const timed = async (step: string, work: () => Promise<unknown>): Promise<void> => {
    const begun = performance.now();
    await work();
    note(step, (performance.now() - begun) / 1000);
  };
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o755 });
  const snapshots: string[] = [];
  const restic = async (workload: string, path: string) =>
    void snapshots.push(await backUp(context, platform, tools, { workload, path }));
  await timed('pgbackrest', () => pgBackRest(platform, tools));
  await timed('pg_dump', () => dump(platform, tools, at('postgres-dump')));
  await timed('BGSAVE', () => saveRedis(platform, at('redis')));
  await timed('git mirror', () => mirror(platform, tools, at('git')));
  await timed('postgres-config', () => copyPostgresConfig(platform, at('postgres-config')));
  await timed('restic backup', async () => {
    for (const workload of ['postgres-dump', 'redis', 'git', 'postgres-config']) await restic(workload, at(workload));
    for (const workload of FOLDER_WORKLOADS) await restic(workload, platform.paths.folder(workload));
  });
  await timed('restic copy', () =>
    tools.run(
      [
        'restic',
        ...['copy', '--from-repo', resticRepository(platform, 'local'), ...snapshots],
        ...['--repo', resticRepository(platform, 'primary'), ...cache(platform)],
      ],
      { secretEnv: { RESTIC_PASSWORD: tools.passwords.primary, RESTIC_FROM_PASSWORD: tools.passwords.local } },
    ),
  );
}
