/** Copies objects from one repository to another through a scratch folder, with their digests. */
import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import { DrError } from '../core/errors.ts';
import { fileDigest } from '../core/file-digest.ts';
import type { CopiedFile } from '../points/offsite-copy/manifest.ts';
import type { BulkStore, ObjectInfo, ObjectStore } from '../storage/object-store.ts';

/** Files in transit at once. The scratch folder holds each of them whole. */
const AT_ONCE = 4;

const isBulk = (store: ObjectStore): store is BulkStore => 'upload' in store && 'download' in store;

export function asBulk(store: ObjectStore): BulkStore {
  if (isBulk(store)) return store;
  throw new TypeError(`${store.describe} can't transfer files`);
}

export interface Move {
  readonly from: ObjectInfo;
  readonly to: string;
}

export interface TransferRequest {
  readonly source: BulkStore;
  readonly target: BulkStore;
  readonly moves: readonly Move[];
  /** Created, and removed at the end. */
  readonly scratch: string;
  readonly onFraction: (fraction: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Objects are written as a whole, so an object of the right size from an earlier run is not sent again; the engine's verification
 * checks its content later. Digests are of the source's bytes. In the order of `moves`.
 */
export async function transfer(request: TransferRequest, present: ReadonlyMap<string, number>): Promise<CopiedFile[]> {
  const { source, target, moves, scratch, signal } = request;
  const all = moves.reduce((sum, { from }) => sum + from.size, 0);
  let done = 0;
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  try {
    return await pMap(
      moves,
      async ({ from, to }, n) => {
        signal?.throwIfAborted();
        const file = join(scratch, String(n));
        await source.download(from, file);
        const sha256 = await fileDigest(file);
        if (present.get(to) !== from.size) await target.upload(to, file);
        await rm(file, { force: true });
        done += from.size;
        request.onFraction(all === 0 ? 1 : done / all);
        return { path: to, size: from.size, sha256 };
      },
      { concurrency: AT_ONCE },
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The sha256 of a stored object. Throws `COPY-INCOMPLETE` where it is missing. */
export async function digestOf(store: ObjectStore, key: string): Promise<string> {
  const object = await store.get(key);
  if (object !== undefined) return createHash('sha256').update(object.body).digest('hex');
  throw new DrError({
    code: 'COPY-INCOMPLETE',
    where: store.describe,
    fact: `${key} was written, and is missing`,
    hint: 'run the export again: it resumes where it stopped',
  });
}
