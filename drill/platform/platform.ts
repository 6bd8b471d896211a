/** One site of the throwaway platform: real stores, files, code and services, all below one folder. */
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import type { ChannelSettings } from '../../recovery/config/channels.ts';
import type { Environment } from '../../recovery/config/environment.ts';
import { isThere } from '../../recovery/core/absent.ts';
import { lookUpAccount, makeOwnedFolder } from '../../recovery/core/account.ts';
import { badInput } from '../../recovery/core/errors.ts';
import { silentLog } from '../../recovery/core/log.ts';
import { makeRun, type Run } from '../../recovery/core/process.ts';
import { endTracked } from '../host/processes.ts';
import { killBelow } from '../host/processes-below.ts';
import { makeSecretFolder, randomSecret, writeSecret } from '../host/secret-files.ts';
import type { S3Region } from '../s3/region.ts';
import * as content from './content.ts';
import { KEY_NAMES, type SiteDescription, writeEnvironment } from './environment-document.ts';
import { makeGitRepository } from './git-repository.ts';
import { imageLayout } from './images.ts';
import { configAndSecrets, manifests, monitoringConfig, networkPolicies } from './kubernetes.ts';
import {
  type ConnectOptions,
  connectPostgres,
  initPostgres,
  seedPostgres,
  startPostgres,
  stopPostgres,
} from './postgres.ts';
import { connectRedis, startRedis, stopRedis, writeRedisConfig } from './redis.ts';
import { seedRedis } from './redis-data.ts';
import { SERVICES, startServices, stopServices } from './services.ts';
import { type FolderWorkload, type SitePaths, sitePaths } from './site-paths.ts';

export interface SiteOptions {
  /** The drill's folder, shared by its sites; each site lies in `<folder>/<site>`, the keys in `<folder>/keys`. */
  readonly folder: string;
  /** @default 'drill' */
  readonly environment?: string;
  readonly site: string;
  readonly regions?: { readonly primary?: S3Region; readonly secondary?: S3Region };
  /** Whether the site has a local repository. @default true */
  readonly local?: boolean;
  /** Who is told of a drill's incident. @default nobody */
  readonly testChannels?: Readonly<Record<string, ChannelSettings>> | undefined;
}

export interface PlatformOptions extends SiteOptions {
  /** 1 is about 150 MB of database. */
  readonly scale: number;
  readonly seed: number;
  /** Start the services as well. @default true */
  readonly services?: boolean;
}

export interface Platform {
  readonly environment: Environment;
  /** Path of dr.yaml. */
  readonly envFile: string;
  readonly paths: SitePaths;
  readonly runAs: string | undefined;
  readonly run: Run;
  /** PostgreSQL, Redis, then the services. */
  start(): Promise<void>;
  startStores(): Promise<void>;
  startServices(): Promise<void>;
  /** In reverse order, cleanly. */
  stop(): Promise<void>;
  stopServices(): Promise<void>;
  /** Sends SIGKILL to every process of the site. Returns their command lines. */
  kill9(): Promise<string[]>;
  /** Kills all processes and deletes the site's folder. */
  destroy(): Promise<void>;
  /** A connected client, by default the superuser; the caller ends it. */
  postgres(options?: ConnectOptions): Promise<pg.Client>;
  /** A connected client; the caller disconnects it. */
  redis(password?: string): Promise<Redis>;
}

/** The account that PostgreSQL and Redis run as: PostgreSQL refuses root. */
function engineAccount(): string | undefined {
  return process.getuid?.() === 0 ? 'postgres' : undefined;
}

async function makeKeys(folder: string, runAs: string | undefined): Promise<void> {
  await makeSecretFolder(folder, runAs);
  for (const name of KEY_NAMES) {
    const path = join(folder, name);
    if (!(await isThere(path))) await writeSecret(path, randomSecret(), runAs);
  }
}

/** Throws `DRILL-FOLDER` (exit 2) where the engines' account can't pass a folder above, such as root's home. */
async function checkPassable(run: Run, folder: string, runAs: string | undefined): Promise<void> {
  const { exitCode } = await run(['test', '-x', folder], { as: runAs, accept: [0, 1], cwd: '/' });
  if (exitCode === 0) return;
  throw badInput({
    code: 'DRILL-FOLDER',
    where: '--folder',
    fact: `the account ${runAs} can't enter ${folder}: a folder above it is closed to others`,
    hint: 'name a folder that every account may pass: --folder /var/tmp',
  });
}

/** A new site: folders, the configuration of Redis, dr.yaml. No data. */
export async function createEmptySite(options: SiteOptions): Promise<Platform> {
  const runAs = engineAccount();
  await lookUpAccount(runAs);
  const run = makeRun(silentLog);
  const keys = join(options.folder, 'keys');
  await mkdir(options.folder, { recursive: true });
  // The engines' account passes through; what is below has stricter modes.
  await chmod(options.folder, 0o755);
  await checkPassable(run, options.folder, runAs);
  const paths = await sitePaths(options.folder, options.site);
  await makeKeys(keys, runAs);
  await mkdir(paths.root, { recursive: true });
  await chmod(paths.root, 0o755);
  await mkdir(paths.pids, { recursive: true });
  for (const path of [join(paths.root, 'postgres'), paths.redisData, paths.logs, paths.run])
    await makeOwnedFolder(path, runAs);
  await chmod(paths.run, 0o755);
  await makeSecretFolder(paths.secrets, runAs);
  await writeRedisConfig(paths, randomSecret(), runAs);
  const description: SiteDescription = {
    environment: options.environment ?? 'drill',
    site: options.site,
    paths,
    keys,
    runAs,
    regions: options.regions ?? {},
    local: options.local ?? true,
    testChannels: options.testChannels,
  };
  const environment = await writeEnvironment(description);
  return operate(environment, paths, run, runAs);
}

function operate(environment: Environment, paths: SitePaths, run: Run, runAs: string | undefined): Platform {
  const startStores = async (): Promise<void> => {
    await Promise.all([startPostgres(run, paths, runAs), startRedis(run, paths, runAs)]);
  };
  const kill9 = async (): Promise<string[]> => {
    const killed = await killBelow(paths.root, paths.run);
    for (const { id } of SERVICES) await endTracked(join(paths.pids, id), 'SIGKILL');
    return killed.map(({ command }) => command);
  };
  return {
    environment,
    envFile: paths.envFile,
    paths,
    run,
    runAs,
    startStores,
    startServices: () => startServices(paths),
    stopServices: () => stopServices(paths),
    kill9,
    async start() {
      await startStores();
      await startServices(paths);
    },
    async stop() {
      await stopServices(paths);
      await Promise.all([stopPostgres(run, paths, runAs), stopRedis(paths)]);
    },
    async destroy() {
      await kill9();
      for (const path of [paths.root, paths.run, paths.pids])
        await rm(path, { recursive: true, force: true, maxRetries: 3 });
    },
    postgres: (options) => connectPostgres(paths, options),
    redis: (password) => connectRedis(paths, password),
  };
}

async function writeFolders(
  paths: SitePaths,
  secrets: ReadonlyMap<string, Readonly<Record<string, string>>>,
  { scale, seed }: PlatformOptions,
): Promise<void> {
  const images = imageLayout(
    SERVICES.map((s) => s.id),
    seed,
  );
  const specs = SERVICES.map(({ id, tier }) => ({ id, tier, image: images.references.get(id) ?? '' }));
  const trees: readonly (readonly [FolderWorkload, ReadonlyMap<string, string | Buffer>, number?])[] = [
    ['uploads', content.uploads(scale, seed)],
    ['event-store', content.eventStore(scale, seed)],
    ['static-assets', content.staticAssets(seed)],
    ['artifacts', content.artifacts(seed)],
    ['configuration-files', content.configurationFiles()],
    ['images', images.files],
    ['manifests', manifests(specs)],
    ['config-and-secrets', configAndSecrets(specs, secrets), 0o600],
    ['network-policies', networkPolicies(specs)],
    ['monitoring-config', monitoringConfig(specs)],
  ];
  await Promise.all(trees.map(([workload, files, mode]) => content.writeTree(paths.folder(workload), files, mode)));
}

/** A complete site with data, running. */
export async function createPlatform(options: PlatformOptions): Promise<Platform> {
  const platform = await createEmptySite(options);
  const { paths, run, runAs } = platform;
  const secrets = new Map(
    SERVICES.map(({ id }) => [id, { dbPassword: randomSecret(), token: randomSecret() }] as const),
  );
  await Promise.all([
    initPostgres(run, paths, runAs).then(() => startPostgres(run, paths, runAs)),
    startRedis(run, paths, runAs),
    makeGitRepository(run, paths.git),
    writeFolders(paths, secrets, options),
  ]);
  const passwords = new Map([...secrets].map(([id, { dbPassword }]) => [id, dbPassword] as const));
  const redis = await platform.redis();
  try {
    await Promise.all([
      seedPostgres(paths, options.scale, options.seed, passwords),
      seedRedis(redis, options.scale, options.seed),
    ]);
  } finally {
    redis.disconnect();
  }
  if (options.services ?? true) await platform.startServices();
  return platform;
}
