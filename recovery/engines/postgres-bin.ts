/** The folder of PostgreSQL's server programs. Debian and Homebrew keep it outside of PATH, one for each major version. */
import { dirname } from 'node:path';
import { badInput } from '../core/errors.ts';
import { silentLog } from '../core/log.ts';
import { makeRun } from '../core/process.ts';
import { engineFacts } from './facts.ts';
import { installHint } from './install-hint.ts';
import { findProgram, hasPrograms, missingPrograms, versionedFolders } from './programs.ts';

const SERVER = ['initdb', 'postgres', 'pg_ctl'];

/** libpq-dev has a `pg_config` of its own, whose folder may hold no server. */
async function pgConfigFolder(): Promise<string[]> {
  const program = await findProgram('pg_config');
  if (program === undefined) return [];
  // One that does not run names no folder; the others are searched, and the error lists them.
  const { stdout, exitCode } = await makeRun(silentLog)([program, '--bindir'], { accept: 'any', timeoutSeconds: 10 });
  if (exitCode !== 0) return [];
  return stdout.trim() === '' ? [] : [stdout.trim()];
}

async function candidates(): Promise<string[]> {
  const onPath = await findProgram('initdb');
  const versioned = await Promise.all([
    versionedFolders('/usr/lib/postgresql', /^(\d+)$/),
    versionedFolders('/usr', /^pgsql-(\d+)$/),
    versionedFolders('/opt/homebrew/opt', /^postgresql@(\d+)$/),
    versionedFolders('/usr/local/opt', /^postgresql@(\d+)$/),
  ]);
  const folders = versioned.flat().map((folder) => `${folder}/bin`);
  return [...(await pgConfigFolder()), ...(onPath === undefined ? [] : [dirname(onPath)]), ...folders];
}

async function search(): Promise<string> {
  const folders = await candidates();
  for (const folder of folders) if (await hasPrograms(folder, SERVER)) return folder;
  const searched = [...new Set(folders)].join(', ') || 'pg_config, PATH, /usr/lib/postgresql';
  throw badInput({
    code: 'ENGINE-MISSING',
    where: 'postgres',
    fact: `no folder with ${SERVER.join(', ')} was found (searched ${searched})`,
    hint: `${await installHint(engineFacts('postgres'))}, or name the folder in the environment file: postgres.binDir`,
  });
}

/** By PATH: each step of a restore needs it, and it does not move. */
const found = new Map<string, string>();

/**
 * Absolute path of the folder with `initdb`, `postgres`, `pg_ctl` …: `binDir`, or what `pg_config` names, or the newest one of
 * this machine. Throws `ENGINE-MISSING` (exit 2).
 */
export async function findPostgresBin(binDir?: string): Promise<string> {
  if (binDir !== undefined) {
    const missing = await missingPrograms(binDir, SERVER);
    if (missing.length === 0) return binDir;
    throw badInput({
      code: 'ENGINE-MISSING',
      where: 'postgres.binDir',
      fact: `${binDir} has no ${missing.join(', ')}`,
      hint: 'name the folder of the server programs, e.g. /usr/lib/postgresql/15/bin, or leave binDir out',
    });
  }
  const key = process.env.PATH ?? '';
  const folder = found.get(key) ?? (await search());
  found.set(key, folder);
  return folder;
}
