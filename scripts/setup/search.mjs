/** Finds programs and the versions that they report. */
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { run } from './run.mjs';

/** Programs that the set-up builds from source. No package manager owns them. */
export const cacheBin = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'go-coffee-dr', 'bin');

/** Debian keeps a folder for each major version of PostgreSQL outside of PATH; Homebrew does the same. */
function postgresFolders() {
  const parents = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt'];
  const found = parents.flatMap((parent) => {
    try {
      const names = readdirSync(parent).filter((name) => /^(\d+|postgresql@\d+)$/.test(name));
      return names.map((name) => ({ major: Number(name.replace('postgresql@', '')), bin: join(parent, name, 'bin') }));
    } catch {
      return [];
    }
  });
  return found.sort((a, b) => b.major - a.major).map(({ bin }) => bin);
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Searches PATH and usual folders outside of PATH. @returns {string | undefined} */
export function findProgram(name, folders = defaultFolders(name)) {
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

function defaultFolders(name) {
  const path = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return [...(['postgres', 'psql'].includes(name) ? postgresFolders() : []), ...path, '/usr/sbin', cacheBin];
}

/** The first number of the first line: `restic 0.14.0 compiled with go1.19.8` → `0.14.0`. */
export function parseVersion(text) {
  return /\d+(?:\.\d+)*/.exec(text.split('\n', 1)[0] ?? '')?.[0];
}

/** Negative when `a` is older than `b`. */
export function compareVersions(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** @returns {Promise<{ path: string, version: string | undefined } | undefined>} */
export async function inspect(name, versionArgs, folders = undefined) {
  const path = findProgram(name, folders);
  if (path === undefined) return undefined;
  const { stdout } = await run([path, ...versionArgs]);
  return { path, version: parseVersion(stdout) };
}
