/** Where the folders of an environment file really are: by a link, two paths may be one place, or one may lie in the other. */
import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { hasCode } from '../core/errors.ts';
import type { RepositorySettings } from '../storage/backends.ts';
import type { Environment } from './environment.ts';

/** The path without links, as far as it exists. What can't be looked at stays as it is written: whoever uses it says why. */
function realFolder(path: string): string {
  let rest = '';
  for (let at = path; ; at = dirname(at)) {
    try {
      return join(realpathSync(at), rest);
    } catch (error) {
      if (!hasCode(error, 'ENOENT', 'ENOTDIR') || dirname(at) === at) return path;
      rest = join(basename(at), rest);
    }
  }
}

const realRepository = (settings: RepositorySettings): RepositorySettings =>
  settings.type === 'posix' ? { ...settings, path: realFolder(settings.path) } : settings;

/** The same environment with the real paths of the folders that are copied, that hold copies, or that `dr` works in. */
export function withRealFolders(environment: Environment): Environment {
  const { repositories, folders, postgres, redis, stateDir } = environment;
  return {
    ...environment,
    stateDir: realFolder(stateDir),
    repositories: Object.fromEntries(Object.entries(repositories).map(([id, each]) => [id, realRepository(each)])),
    folders: Object.fromEntries(
      Object.entries(folders).map(([id, each]) => [id, { ...each, path: realFolder(each.path) }]),
    ),
    ...(postgres === undefined ? {} : { postgres: { ...postgres, dataDir: realFolder(postgres.dataDir) } }),
    ...(redis === undefined ? {} : { redis: { ...redis, dataDir: realFolder(redis.dataDir) } }),
  };
}
