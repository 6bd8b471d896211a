/** The site's `dr.yaml`. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ChannelSettings } from '../../recovery/config/channels.ts';
import { type Environment, environmentSchema } from '../../recovery/config/environment.ts';
import type { Keyring } from '../../recovery/core/fields.ts';
import type { RepositorySettings } from '../../recovery/storage/backends.ts';
import type { S3Region } from '../s3/region.ts';
import { PORT } from './postgres.ts';
import { redisPasswordFile } from './redis.ts';
import { DATABASE } from './schema.ts';
import { serviceControls } from './services.ts';
import { FOLDER_WORKLOADS, type SitePaths } from './site-paths.ts';

export interface SiteDescription {
  /** Prefix in every repository, and the name that `--confirm` expects. */
  readonly environment: string;
  readonly site: string;
  readonly paths: SitePaths;
  /** Folder of signing key and passphrases: outside of every site, as if from escrow. */
  readonly keys: string;
  readonly runAs: string | undefined;
  readonly regions: { readonly primary?: S3Region; readonly secondary?: S3Region };
  /** Whether the site has a local repository. */
  readonly local: boolean;
  /** Who is told in an exercise. */
  readonly testChannels?: Readonly<Record<string, ChannelSettings>> | undefined;
}

/** Names of the secret files below `keys`. */
export const KEY_NAMES = ['signing', 'local', 'primary', 'secondary'] as const;

function keyring(keys: string, name: (typeof KEY_NAMES)[number]): Keyring {
  return [{ name: `${name}-1`, from: { file: join(keys, name) } }];
}

function repositories(description: SiteDescription): Record<string, RepositorySettings> {
  const { paths, keys, regions, local } = description;
  return {
    ...(local ? { local: { type: 'posix', path: paths.localRepository, passphrases: keyring(keys, 'local') } } : {}),
    ...(regions.primary ? { primary: regions.primary.settings(keyring(keys, 'primary')) } : {}),
    ...(regions.secondary ? { secondary: regions.secondary.settings(keyring(keys, 'secondary')) } : {}),
  };
}

function environmentDocument(description: SiteDescription): Environment {
  const { paths, testChannels } = description;
  return environmentSchema.parse({
    apiVersion: 'go-coffee-dr/v1',
    kind: 'Environment',
    name: description.environment,
    site: description.site,
    stateDir: paths.state,
    ...(description.runAs === undefined ? {} : { runAs: description.runAs }),
    signingKeys: keyring(description.keys, 'signing'),
    postgres: {
      dataDir: paths.postgresData,
      socketDir: paths.run,
      port: PORT,
      user: 'postgres',
      database: DATABASE,
      logFile: paths.postgresLog,
    },
    redis: {
      socket: paths.redisSocket,
      password: { file: redisPasswordFile(paths) },
      dataDir: paths.redisData,
      configFile: paths.redisConfig,
    },
    folders: Object.fromEntries(FOLDER_WORKLOADS.map((workload) => [workload, { path: paths.folder(workload) }])),
    git: { repositories: [{ name: 'go-coffee', url: paths.git }] },
    services: serviceControls(paths),
    repositories: repositories(description),
    ...(testChannels === undefined ? {} : { incident: { testChannels }, evidence: { paths: [paths.logs] } }),
  });
}

export async function writeEnvironment(description: SiteDescription): Promise<Environment> {
  const environment = environmentDocument(description);
  await writeFile(description.paths.envFile, stringify(environment, { lineWidth: 0 }));
  return environment;
}
