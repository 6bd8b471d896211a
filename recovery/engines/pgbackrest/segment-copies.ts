/**
 * One WAL segment in several repositories. Its file's name holds the SHA-1 of the segment, so a damaged one is told by its bytes, and a good
 * one of another repository takes its place.
 */
import { createHash } from 'node:crypto';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { STANZA } from '../../../plan/layout.ts';
import type { Repository, Site } from '../../config/site.ts';
import { badInput, DrError } from '../../core/errors.ts';
import type { StoreRole } from '../../storage/backends.ts';
import { decrypted, encrypted } from './opening-passphrase.ts';
import { twinFilesOf } from './twin-files.ts';

export interface SegmentPlace {
  readonly lineage: string;
  /** 24 hexadecimal digits. */
  readonly segment: string;
}

export interface SegmentCopy {
  readonly key: string;
  readonly state: 'ok' | 'damaged';
  /** Decrypted and still compressed; only where it is ok. */
  readonly content?: Buffer;
}

const NAMED = /\/([0-9A-F]{24})-([0-9a-f]{40})(\.zst|\.gz|)$/;
/** A segment has 1 GiB at most. */
const MOST_BYTES = 1024 ** 3;

function unpacked(content: Buffer, extension: string): Buffer | undefined {
  try {
    const limit = { maxOutputLength: MOST_BYTES };
    if (extension === '.zst') return zstdDecompressSync(content, limit);
    return extension === '.gz' ? gunzipSync(content, limit) : content;
  } catch (error) {
    // zlib has a code for each way in which bytes are none of its own.
    if (error instanceof Error && 'errno' in error) return undefined;
    throw error;
  }
}

/** Undefined where the repository has no file of that segment, or does not open it. Throws what the store throws. */
export async function readSegment(
  site: Site,
  repository: Repository,
  { lineage, segment }: SegmentPlace,
  role: StoreRole = 'restorer',
): Promise<SegmentCopy | undefined> {
  const { walPassphrase } = await twinFilesOf(site, repository, { lineage, sets: [], role });
  if (walPassphrase === undefined) return undefined;
  const store = await repository.store(role);
  const folder = `${repository.layout.pgbackrest(lineage)}/archive/${STANZA}/`;
  const keys = (await store.list(folder)).map(({ key }) => key).filter((key) => NAMED.exec(key)?.[1] === segment);
  const [key] = keys;
  if (key === undefined) return undefined;
  const [, , sum = '', extension = ''] = NAMED.exec(key) ?? [];
  const found = await store.get(key);
  const content = found && decrypted(found.body, walPassphrase);
  const bytes = content && unpacked(content, extension);
  const isGood = bytes !== undefined && createHash('sha1').update(bytes).digest('hex') === sum;
  return isGood ? { key, state: 'ok', ...(content && { content }) } : { key, state: 'damaged' };
}

/** The first other repository that holds it whole, and what the first ones have of it. One that does not answer holds nothing for sure. */
export async function goodCopyOf(
  site: Site,
  others: readonly Repository[],
  place: SegmentPlace,
): Promise<{ readonly repository: Repository; readonly copy: SegmentCopy } | undefined> {
  for (const repository of others) {
    try {
      const copy = await readSegment(site, repository, place);
      if (copy?.state === 'ok') return { repository, copy };
    } catch (error) {
      if (!(error instanceof DrError)) throw error;
      site.log.warn({ repository: repository.id, error: error.message }, 'it could not be asked for the segment');
    }
  }
  return undefined;
}

/** Writes a good copy of another repository in the place of the damaged one, encrypted as this repository does. */
export async function writeSegment(
  site: Site,
  repository: Repository,
  { place, copy }: { readonly place: SegmentPlace; readonly copy: SegmentCopy },
): Promise<void> {
  const { walPassphrase } = await twinFilesOf(site, repository, { lineage: place.lineage, sets: [], role: 'writer' });
  if (walPassphrase === undefined || copy.content === undefined)
    throw badInput({
      code: 'WAL-CLOSED',
      where: `repository ${repository.id}`,
      fact: `no list of the WAL of ${place.lineage} opens there`,
      hint: 'put the lists right first: dr repository status',
    });
  const store = await repository.store('writer');
  const [, tail = ''] = new RegExp(`/archive/${STANZA}/(.*)$`).exec(copy.key) ?? [];
  const key = `${repository.layout.pgbackrest(place.lineage)}/archive/${STANZA}/${tail}`;
  const before = await readSegment(site, repository, place, 'writer');
  await store.put(key, encrypted(copy.content, walPassphrase));
  // Compressed otherwise, it has another name: pgBackRest refuses two files of one segment.
  if (before !== undefined && before.key !== key) await store.delete(before.key);
}
