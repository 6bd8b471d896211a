/** A repository in a folder: a local disk, a shared volume, a drive. Every write is atomic and on disk when it returns. */
import { randomBytes } from 'node:crypto';
import { type BigIntStats, createReadStream, type Dirent, lstatSync, readdirSync } from 'node:fs';
import { chmod, chown, copyFile, type FileHandle, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { ifAbsent } from '../../core/absent.ts';
import { makePassableFolder } from '../../core/account.ts';
import { badInput, DrError, hasCode } from '../../core/errors.ts';
import { absolute, keyring } from '../../core/fields.ts';
import { byKey, checkKey } from '../object-key.ts';
import {
  type BulkStore,
  ConditionFailed,
  type ObjectInfo,
  type PutCondition,
  type StoredObject,
} from '../object-store.ts';
import { whileExclusive } from './exclusive-file.ts';
import { repositoryFailure, stateFailure } from './failures.ts';
import { folderClock } from './folder-clock.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const FILE_MODE = 0o640;
const FOLDER_MODE = 0o750;
/** Names of files in the making; never an object. */
const WORK_PREFIX = '.dr-';

/**
 * Each write makes a new file, so its inode and times name a version without reading it: a list of 10,000 objects costs 10,000
 * `lstat`, and not as many reads. An edit in place changes the times too.
 */
function etagOf(stats: BigIntStats): string {
  return `${stats.ino.toString(36)}-${stats.size}-${stats.mtimeNs.toString(36)}-${stats.ctimeNs.toString(36)}`;
}

function infoOf(key: string, stats: BigIntStats): ObjectInfo {
  return { key, size: Number(stats.size), modified: new Date(Number(stats.mtimeMs)), etag: etagOf(stats) };
}

type Body = string | Buffer | AsyncIterable<Buffer>;

class PosixStore implements BulkStore {
  readonly describe: string;
  readonly #root: string;
  readonly #owner: Owner | undefined;
  readonly #isState: boolean;

  constructor(root: string, owner: Owner | undefined, isState = false) {
    this.#root = root;
    this.#owner = owner;
    this.#isState = isState;
    this.describe = `folder ${root}`;
  }

  async get(key: string, asOf?: Date): Promise<StoredObject | undefined> {
    this.#refuseAsOf(asOf);
    const file = this.#file(key);
    return this.#translated(async () => {
      let handle: FileHandle;
      try {
        handle = await open(file, 'r');
      } catch (error) {
        if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error;
        await this.#checkMounted();
        return undefined;
      }
      try {
        const stats = await handle.stat({ bigint: true });
        return { ...infoOf(key, stats), body: await handle.readFile() };
      } finally {
        await handle.close();
      }
    });
  }

  async list(prefix: string, asOf?: Date): Promise<ObjectInfo[]> {
    this.#refuseAsOf(asOf);
    return this.#translated(async () => {
      const found: ObjectInfo[] = [];
      const folder = prefix.includes('/') ? prefix.slice(0, prefix.lastIndexOf('/')) : '';
      if (folder !== '') checkKey(folder);
      this.#walk(folder, prefix, found);
      if (found.length === 0) await this.#checkMounted();
      return found.sort(byKey);
    });
  }

  async put(key: string, body: Body, condition?: PutCondition): Promise<{ readonly etag: string }> {
    const file = this.#file(key);
    return this.#translated(async () => {
      await this.#makeFolder(dirname(file));
      const temporary = join(dirname(file), `${WORK_PREFIX}new-${randomBytes(8).toString('hex')}`);
      const handle = await open(temporary, 'wx', FILE_MODE);
      try {
        await this.#fill(handle, body);
        if (condition === undefined) await rename(temporary, file);
        else if (condition.kind === 'absent') await this.#linkAbsent(temporary, file, key);
        else await this.#replace(temporary, file, key, condition.etag);
        await syncFolder(dirname(file));
        // By the handle, not by the name: another writer may have replaced the object, and that one has another etag.
        return { etag: etagOf(await handle.stat({ bigint: true })) };
      } finally {
        await handle.close();
        await rm(temporary, { force: true });
      }
    });
  }

  clock(): Promise<Date | undefined> {
    return folderClock(this.#root);
  }

  async delete(key: string): Promise<void> {
    const file = this.#file(key);
    await this.#translated(async () => {
      try {
        await rm(file);
        await syncFolder(dirname(file));
      } catch (error) {
        if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error;
      }
    });
  }

  /** Objects are replaced and never edited, so a second name for one is as good as a copy, where both lie on one file system. */
  async download({ key }: ObjectInfo, file: string): Promise<void> {
    const from = this.#file(key);
    await this.#translated(() => link(from, file).catch((error: unknown) => this.#copyInstead(error, from, file)));
  }

  async upload(key: string, file: string): Promise<void> {
    await this.put(key, createReadStream(file));
  }

  /** Another file system, one without links, or too many of them. */
  async #copyInstead(error: unknown, from: string, file: string): Promise<void> {
    if (!hasCode(error, 'EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EEXIST')) throw error;
    await copyFile(from, file);
  }

  #file(key: string): string {
    checkKey(key);
    return join(this.#root, key);
  }

  async #fill(handle: FileHandle, body: Body): Promise<void> {
    await handle.writeFile(body);
    await handle.chmod(FILE_MODE);
    if (this.#owner) await handle.chown(this.#owner.uid, this.#owner.gid);
    // The file system's time, because this process may have another. It moves in steps of milliseconds, in which an inode may be used
    // twice: a random part below them keeps two versions of one key apart.
    const seconds = (Math.floor((await handle.stat()).mtimeMs) + Math.random()) / 1000;
    await handle.utimes(seconds, seconds);
    await handle.sync();
  }

  async #linkAbsent(temporary: string, file: string, key: string): Promise<void> {
    try {
      await link(temporary, file);
    } catch (error) {
      if (hasCode(error, 'EEXIST')) throw new ConditionFailed(`${key} exists already`);
      throw error;
    }
    await rm(temporary);
  }

  async #replace(temporary: string, file: string, key: string, etag: string): Promise<void> {
    await whileExclusive(join(dirname(file), `${WORK_PREFIX}lock-${basename(file)}`), async () => {
      const stats = await stat(file, { bigint: true }).catch(ifAbsent(undefined));
      if (stats === undefined || etagOf(stats) !== etag)
        throw new ConditionFailed(`${key} was changed by someone else`);
      await rename(temporary, file);
    });
  }

  async #makeFolder(folder: string): Promise<void> {
    if (this.#isState) await makePassableFolder(this.#root);
    const first = await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    for (let made = folder; first !== undefined && made.length >= first.length; made = dirname(made)) {
      await chmod(made, FOLDER_MODE);
      if (this.#owner) await chown(made, this.#owner.uid, this.#owner.gid);
    }
  }

  /** Synchronous on purpose: 10,000 `lstat` take 30 ms this way and five times that by promises. */
  #walk(folder: string, prefix: string, found: ObjectInfo[]): void {
    let entries: Dirent[];
    try {
      entries = readdirSync(join(this.#root, folder), { withFileTypes: true });
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return;
      throw error;
    }
    for (const entry of entries) {
      if (entry.name.startsWith(WORK_PREFIX)) continue;
      const key = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (key.startsWith(prefix) || prefix.startsWith(`${key}/`)) this.#walk(key, prefix, found);
      } else if (entry.isFile() && key.startsWith(prefix)) {
        const stats = lstatSync(join(this.#root, key), { bigint: true, throwIfNoEntry: false });
        if (stats) found.push(infoOf(key, stats));
      }
    }
  }

  /** An empty repository is fine. A path without even its parent folder is a volume that is not mounted. */
  async #checkMounted(): Promise<void> {
    if (this.#isState) return;
    for (const folder of [this.#root, dirname(this.#root)]) {
      if ((await stat(folder).catch(ifAbsent(undefined)))?.isDirectory()) return;
    }
    throw new DrError({
      code: 'REPOSITORY-UNREACHABLE',
      where: this.describe,
      fact: `neither ${this.#root} nor ${dirname(this.#root)} exists`,
      hint: 'mount the volume, or correct the path of the repository in the environment file',
    });
  }

  #refuseAsOf(asOf: Date | undefined): void {
    if (asOf === undefined) return;
    throw badInput({
      code: 'REPOSITORY-NO-VERSIONS',
      where: this.describe,
      fact: `a folder keeps no versions, so it can't be read as of ${asOf.toISOString()}`,
      hint: 'use a repository in a versioned bucket, or leave the repository time out',
    });
  }

  async #translated<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#isState ? stateFailure(error, this.#root) : repositoryFailure(error, this.#root);
    }
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** `path` is absolute. What is written belongs to `owner` (needs root): engines that run unprivileged share the folder. */
export function openPosixStore(path: string, owner?: Owner): BulkStore {
  return new PosixStore(path, owner);
}

/** `dr`’s own folder on this host: the first run makes it, for the engines’ account to pass through. */
export function openStateStore(stateDir: string): BulkStore {
  return new PosixStore(stateDir, undefined, true);
}

export const posixRepository = z.strictObject({
  type: z.literal('posix'),
  path: absolute,
  passphrases: keyring,
});
