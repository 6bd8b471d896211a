/** Unpacks an escrow file into a usable folder: keys, dr.yaml with the folder's paths, the plan, the program. */
import { chmod, chown, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Environment } from '../config/environment.ts';
import { readEnvironment } from '../config/environment-file.ts';
import { isThere } from '../core/absent.ts';
import { type Account, lookUpAccount } from '../core/account.ts';
import { DrError, precondition } from '../core/errors.ts';
import { writeFile } from '../core/files/writes.ts';
import { shellWord } from '../core/quote.ts';
import { BUNDLE_FILES, BUNDLE_FOLDERS, HERE } from './bundle.ts';
import type { OpenedEscrow } from './escrow.ts';

/** Files that PostgreSQL's account reads: passphrases, credentials and certificate authorities of repositories. */
const SHARED = /^(?:ca|keys)\/(?!signingkeys-|kubernetes-)/;

export interface LaidDown {
  readonly environmentFile: string;
  readonly environment: Environment;
  /** For people, a sentence each. */
  readonly notes: readonly string[];
}

async function claimFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const names = await readdir(folder);
  if (names.length > 0) {
    throw precondition({
      code: 'FOLDER-NOT-EMPTY',
      where: '--into',
      fact: `${folder} holds ${names.length === 1 ? `"${names[0]}"` : `${names.length} files and folders`}`,
      hint: 'name a folder that is absent or empty',
    });
  }
  await chmod(folder, 0o700);
}

/** Empty where PostgreSQL runs as the current user; only a note where its account does not exist yet. */
async function engineAccount(runAs: string | undefined): Promise<{ account?: Account; note?: string }> {
  try {
    const account = await lookUpAccount(runAs);
    return account ? { account } : {};
  } catch (error) {
    if (!(error instanceof DrError)) throw error;
    return {
      note: `this machine has no account "${runAs}" yet: make it, then open the file again into another folder`,
    };
  }
}

/** Gives PostgreSQL's group access to the passphrases and credentials with which it fetches WAL, and to their folders. */
async function handOver(folder: string, files: readonly string[], account: Account): Promise<void> {
  for (const path of files) {
    await chown(path, 0, account.gid);
    await chmod(path, 0o640);
  }
  const { keys, authorities } = BUNDLE_FOLDERS;
  for (const path of [folder, join(folder, keys), join(folder, authorities)]) {
    if (!(await isThere(path))) continue;
    await chown(path, 0, account.gid);
    await chmod(path, 0o710);
  }
}

/** The first folder above that other accounts can't pass. It is not changed. */
async function closedAbove(folder: string): Promise<string | undefined> {
  for (let above = dirname(folder); ; above = dirname(above)) {
    const { mode } = await stat(above);
    if ((mode & 0o001) === 0) return above;
    if (above === '/') return undefined;
  }
}

/**
 * Modes are 0700 and 0600. As root, with `runAs` in dr.yaml, that account's group can read keys and certificates too. Throws
 * `FOLDER-NOT-EMPTY` (exit 6), and what `readEnvironment` throws (exit 2).
 */
export async function layDown(opened: OpenedEscrow, folder: string): Promise<LaidDown> {
  await claimFolder(folder);
  const shared: string[] = [];
  for (const file of opened.files) {
    const path = join(folder, file.path);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const own = file.path === BUNDLE_FILES.environment;
    const body = own ? file.body.toString('utf8').replaceAll(HERE, folder) : file.body;
    await writeFile(path, body, { flag: 'wx', mode: file.executable === true ? 0o700 : 0o600 });
    if (SHARED.test(file.path)) shared.push(path);
  }
  const environmentFile = join(folder, BUNDLE_FILES.environment);
  const environment = await readEnvironment(environmentFile);
  const { account, note } = await engineAccount(environment.runAs);
  if (account === undefined) return { environmentFile, environment, notes: note === undefined ? [] : [note] };
  await handOver(folder, shared, account);
  const closed = await closedAbove(folder);
  const notes =
    closed === undefined
      ? []
      : [
          `${account.name}, as which PostgreSQL runs, can't enter ${closed} and reach the keys: run chmod o+x ${shellWord(closed)}, or open the file elsewhere`,
        ];
  return { environmentFile, environment, notes };
}
