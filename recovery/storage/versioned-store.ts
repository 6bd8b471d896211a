/** A store that keeps old versions of its objects, and copies large ones without holding them in memory. */
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DrError, hasCode } from '../core/errors.ts';
import type { ObjectInfo, ObjectStore } from './object-store.ts';

export interface ObjectVersion extends ObjectInfo {
  readonly versionId: string;
}

export interface Deletion {
  readonly key: string;
  readonly at: Date;
}

export interface VersionedStore extends ObjectStore {
  /** For each key under `prefix` the version that was current at `asOf`; keys that were deleted then are absent. Sorted by key. */
  versionsAsOf(prefix: string, asOf: Date): Promise<ObjectVersion[]>;
  /** Keys under `prefix` that a delete marker hides now, and since when. */
  deletions(prefix: string): Promise<Deletion[]>;
  /** Writes one version to `file` by way of `<file>.part`; the folder must be there. */
  download(version: ObjectVersion, file: string): Promise<void>;
}

export function isVersioned(store: ObjectStore): store is VersionedStore {
  return 'versionsAsOf' in store && 'download' in store;
}

export interface Download {
  readonly file: string;
  readonly expected: ObjectInfo;
  /** Called for each chunk. */
  readonly alive: () => void;
  readonly signal: AbortSignal;
}

/** The file gets its name only when all bytes are there. */
export async function streamToFile(body: AsyncIterable<Uint8Array>, download: Download): Promise<void> {
  const { file, expected, alive, signal } = download;
  const part = `${file}.part`;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      alive();
      yield chunk;
    }
  };
  try {
    await pipeline(Readable.from(counted()), createWriteStream(part, { mode: 0o640 }), { signal });
    const { size } = await stat(part);
    if (size !== expected.size) {
      throw new Error(`${size} bytes of ${expected.size} came`);
    }
    await rename(part, file);
  } catch (cause) {
    if (!hasCode(cause, 'ENOSPC', 'EDQUOT')) throw cause;
    throw new DrError({
      code: 'DISK-FULL',
      where: file,
      fact: `no space is left for ${expected.key} (${expected.size} bytes)`,
      hint: 'make room, then run the same command again: it copies only what is missing',
      cause,
    });
  } finally {
    await rm(part, { force: true });
  }
}
