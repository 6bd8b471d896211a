/** The paths of one site. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Folder workloads, by the plan's names. */
export const FOLDER_WORKLOADS = [
  'event-store',
  'uploads',
  'static-assets',
  'manifests',
  'config-and-secrets',
  'network-policies',
  'monitoring-config',
  'images',
  'artifacts',
  'configuration-files',
] as const;
export type FolderWorkload = (typeof FOLDER_WORKLOADS)[number];

export interface SitePaths {
  /** Folder of the whole site, except for sockets where its path is too long for them. */
  readonly root: string;
  readonly envFile: string;
  readonly postgresData: string;
  readonly postgresLog: string;
  readonly redisData: string;
  readonly redisConfig: string;
  readonly redisSocket: string;
  readonly git: string;
  readonly localRepository: string;
  readonly state: string;
  readonly secrets: string;
  readonly logs: string;
  /** Sockets of PostgreSQL, Redis and the services. */
  readonly run: string;
  /** Pid files; outside of the site, which a drill deletes. */
  readonly pids: string;
  folder(workload: FolderWorkload): string;
}

/** The path of a Unix socket has at most 107 bytes; the longest name here is a service's. */
const LONGEST_FOLDER = 107 - '/payment-service.sock'.length;

export async function sitePaths(drillFolder: string, site: string): Promise<SitePaths> {
  const root = join(drillFolder, site);
  const at = (...parts: string[]): string => join(root, ...parts);
  const near = at('run');
  // The system's temporary folder may have a long path too.
  const short = tmpdir().length < 40 ? tmpdir() : '/tmp';
  const run = near.length <= LONGEST_FOLDER ? near : await mkdtemp(join(short, 'go-coffee-run-'));
  return {
    root,
    envFile: at('dr.yaml'),
    postgresData: at('postgres', 'data'),
    postgresLog: at('logs', 'postgres.log'),
    redisData: at('redis', 'data'),
    redisConfig: at('redis', 'redis.conf'),
    redisSocket: join(run, 'redis.sock'),
    git: at('git', 'go-coffee'),
    localRepository: at('backups'),
    state: at('state'),
    secrets: at('secrets'),
    logs: at('logs'),
    run,
    pids: join(drillFolder, 'pids', site),
    folder: (workload) => at(workload),
  };
}
