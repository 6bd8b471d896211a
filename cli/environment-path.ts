/** Which environment file a command works on. */
import { resolve } from 'node:path';
import { isThereSync } from '../recovery/core/absent.ts';
import { badInput, hasCode } from '../recovery/core/errors.ts';

const SYSTEM_FILE = '/etc/go-coffee-dr/dr.yaml';

/** `--env`, else `$DR_ENV`, else ./dr.yaml, else the system's. A named file is returned even when it doesn't exist. */
export function findEnvironment(named: string | undefined, cwd: string, env: NodeJS.ProcessEnv): string | undefined {
  const explicit = named ?? (env.DR_ENV === '' ? undefined : env.DR_ENV);
  if (explicit !== undefined) return resolve(cwd, explicit);
  return [resolve(cwd, 'dr.yaml'), SYSTEM_FILE].find((path) => isThereSync(path));
}

export function environmentMissing(cwd: string): Error {
  return badInput({
    code: 'ENV-MISSING',
    where: '--env',
    fact: `no environment file: neither --env nor DR_ENV is given, and ${resolve(cwd, 'dr.yaml')} and ${SYSTEM_FILE} don't exist`,
    hint: 'name one with --env FILE; dr.example.yaml shows how to write it, and `dr drill` needs none',
  });
}

/** Throws `FOLDER-GONE` (exit 2) where the folder in which the command was typed has been removed. */
export function workingFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    const fact = 'the folder in which the command was typed does not exist any more';
    throw badInput({ code: 'FOLDER-GONE', where: 'dr', fact, hint: 'change to another one: cd /', cause: error });
  }
}
