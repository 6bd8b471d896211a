/** restic's packs by their names, which are the digests of their contents: whether a pack is what was written needs no passphrase to see. */
import { createHash } from 'node:crypto';
import pMap from 'p-map';
import { hasCode } from '../../core/errors.ts';
import type { ObjectInfo, ObjectStore } from '../../storage/object-store.ts';
import type { PackProblem } from './check.ts';

export interface Pack extends ObjectInfo {
  /** 64 hex digits. */
  readonly id: string;
}

/** A pack has 16 MB, at most 128 MB. */
const AT_ONCE = 4;

/** @param restic prefix of the repository, without a slash at its end */
export async function listPacks(store: ObjectStore, restic: string): Promise<Pack[]> {
  const objects = await store.list(`${restic}/data/`);
  return objects.flatMap((object) => {
    const id = object.key.split('/').at(-1) ?? '';
    return /^[0-9a-f]{64}$/.test(id) ? [{ ...object, id }] : [];
  });
}

async function problemOf(store: ObjectStore, { id, key }: Pack): Promise<PackProblem | undefined> {
  try {
    const found = await store.get(key);
    if (found === undefined) return { pack: id, fact: 'does not exist' };
    const digest = createHash('sha256').update(found.body).digest('hex');
    return digest === id ? undefined : { pack: id, fact: 'its content does not match its name' };
  } catch (error) {
    // A sector of the disk.
    if (!hasCode(error, 'EIO')) throw error;
    return { pack: id, fact: 'the disk can’t read it (EIO)' };
  }
}

export interface ReadPacksOptions {
  readonly onFraction?: (fraction: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Reads each pack to its end. Throws what the store throws. */
export async function readPacks(
  store: ObjectStore,
  packs: readonly Pack[],
  { onFraction, signal }: ReadPacksOptions = {},
): Promise<PackProblem[]> {
  const all = packs.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  const read = async (pack: Pack): Promise<PackProblem[]> => {
    signal?.throwIfAborted();
    const problem = await problemOf(store, pack);
    done += pack.size;
    onFraction?.(all === 0 ? 1 : done / all);
    return problem === undefined ? [] : [problem];
  };
  return (await pMap(packs, read, { concurrency: AT_ONCE })).flat();
}
