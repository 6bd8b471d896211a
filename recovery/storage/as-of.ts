/**
 * Copies the content that a versioned bucket had at a moment into a folder, where the engines use it like any local repository. This
 * undoes delete markers and overwritten objects for engines that can't read old versions themselves.
 */
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pMap from 'p-map';
import { ifAbsent } from '../core/absent.ts';
import { badInput, hasCode, precondition } from '../core/errors.ts';
import { writeFile } from '../core/files/writes.ts';
import { checkKey } from './object-key.ts';
import type { ObjectStore } from './object-store.ts';
import { isVersioned, type ObjectVersion } from './versioned-store.ts';

export interface CopyProgress {
  /** Objects that are in the folder, and bytes; `ofObjects` and `ofBytes` are all. */
  readonly objects: number;
  readonly ofObjects: number;
  readonly bytes: number;
  readonly ofBytes: number;
}

export interface CopyAsOfRequest {
  /** Keys below it become paths below `folder`, unchanged. */
  readonly prefix: string;
  readonly asOf: Date;
  readonly folder: string;
  readonly onProgress?: (progress: CopyProgress) => void;
  /** Objects that are copied at once. @default 16 */
  readonly concurrency?: number;
  readonly signal?: AbortSignal;
}

export interface CopyAsOfResult {
  readonly objects: number;
  readonly bytes: number;
  /** Objects that an earlier, interrupted run has copied. */
  readonly reused: number;
}

const MARKER = '.dr-as-of.json';

/** One folder holds one moment of one store: a mix of two would be a repository that never existed. */
async function claimFolder(folder: string, source: { readonly store: string; readonly asOf: string }): Promise<void> {
  const file = join(folder, MARKER);
  const wanted = JSON.stringify(source);
  await mkdir(folder, { recursive: true, mode: 0o750 });
  try {
    await writeFile(file, wanted, { flag: 'wx', flush: true });
    return;
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
  const present = await readFile(file, 'utf8');
  if (present === wanted) return;
  throw precondition({
    code: 'AS-OF-FOLDER-TAKEN',
    where: folder,
    fact: `holds another moment or store: ${present}`,
    hint: 'remove the folder, or name another one',
  });
}

/** Files are renamed into place when complete and versions never change, so a file of the right size is the right one. */
async function isThere(file: string, version: ObjectVersion): Promise<boolean> {
  const stats = await stat(file).catch(ifAbsent(undefined));
  return stats?.isFile() === true && stats.size === version.size;
}

/**
 * An interrupted copy resumes when it is run again.
 * Throws `REPOSITORY-NO-VERSIONS`, `AS-OF-IN-FUTURE` (exit 2), `AS-OF-FOLDER-TAKEN` (exit 6) and the store's own errors.
 */
export async function copyAsOf(store: ObjectStore, request: CopyAsOfRequest): Promise<CopyAsOfResult> {
  const { prefix, asOf, folder, onProgress, signal, concurrency = 16 } = request;
  if (!isVersioned(store)) {
    throw badInput({
      code: 'REPOSITORY-NO-VERSIONS',
      where: store.describe,
      fact: `keeps no versions, so it can't be read as of ${asOf.toISOString()}`,
      hint: 'use a repository in a versioned bucket, or leave the repository time out',
    });
  }
  if (asOf.getTime() > Date.now()) {
    throw badInput({
      code: 'AS-OF-IN-FUTURE',
      where: 'repository time',
      fact: `${asOf.toISOString()} is in the future`,
      hint: 'name a moment in the past',
    });
  }
  await claimFolder(folder, { store: store.describe, asOf: asOf.toISOString() });
  const versions = await store.versionsAsOf(prefix, asOf);
  const ofBytes = versions.reduce((sum, v) => sum + v.size, 0);
  let objects = 0;
  let bytes = 0;
  let reused = 0;
  const copyOne = async (version: ObjectVersion): Promise<void> => {
    signal?.throwIfAborted();
    checkKey(version.key);
    const file = join(folder, version.key);
    if (await isThere(file, version)) {
      reused += 1;
    } else {
      await mkdir(dirname(file), { recursive: true, mode: 0o750 });
      await store.download(version, file);
    }
    objects += 1;
    bytes += version.size;
    onProgress?.({ objects, ofObjects: versions.length, bytes, ofBytes });
  };
  await pMap(versions, copyOne, { concurrency });
  return { objects, bytes, reused };
}
