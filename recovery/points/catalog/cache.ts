/**
 * Documents that were read and checked before, in one file for each repository. It only saves time. The index is sealed with the
 * signing keys and names the digest of every text, so nobody can use the file to slip a document past its signature. A file in
 * doubt is ignored, and the next reading replaces it.
 *
 * Line 1 holds the seal of the index and its length. The index follows as JSON, then the texts of the documents in its order. They are
 * most of the file, and a list of points reads almost none of them.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ifAbsent } from '../../core/absent.ts';
import { makePassableFolder } from '../../core/account.ts';
import { DrError } from '../../core/errors.ts';
import { writeFile } from '../../core/files/writes.ts';
import type { SigningKey } from '../signing.ts';
import type { DocumentRecord } from './document.ts';
import type { GoneDocument } from './memory.ts';
import { NameList, type PackedOutline, type PointOutline, packOutline, unpackOutline } from './outline.ts';

export interface Cache {
  readonly file: string;
  /** The repository that it is of, so that no other one's cache can be put in its place. */
  readonly place: string;
  readonly keys: readonly SigningKey[];
}

export interface CacheContent {
  readonly records: ReadonlyMap<string, DocumentRecord>;
  readonly gone: readonly GoneDocument[];
}

type Row = readonly [
  key: string,
  etag: string,
  state: DocumentRecord['state'],
  why: string,
  digest: string,
  previous: string | null,
  sequence: number | null,
  bytes: number,
  textDigest: string,
  outline: PackedOutline | null,
  genuine?: boolean | undefined,
];

interface Index {
  /** The outlines refer to these by their positions. */
  readonly names: readonly string[];
  readonly rows: readonly Row[];
  readonly gone: readonly GoneDocument[];
}

/** Raised when the format changes, or how a document is judged: then every document is read again. */
const VERSION = 4;

/** sha256, in base64. */
const digestOf = (text: Buffer): string => createHash('sha256').update(text).digest('base64');

/** Trust depends on the keys, so the seal does too: a key more or less, and every document is judged again. */
function sealOf({ keys, place }: Cache, index: Buffer): string | undefined {
  const [first] = keys;
  if (first === undefined) return undefined;
  const fingerprint = keys.map((key) => [key.name, createHmac('sha256', key.secret).update('keyring').digest('hex')]);
  const domain = JSON.stringify(['go-coffee-dr catalog cache', VERSION, place, fingerprint]);
  return createHmac('sha256', first.secret).update(domain).update('\n').update(index).digest('hex');
}

function isSealed(cache: Cache, seal: string, index: Buffer): boolean {
  const right = sealOf(cache, index);
  return right?.length === seal.length && timingSafeEqual(Buffer.from(seal), Buffer.from(right));
}

/** Undefined where there is no file. Throws for one that can't be read: it remembers what was removed. It stays the same file for the whole of `work`, whoever replaces it meanwhile. */
function withFile<T>(file: string, work: (handle: number) => T): T | undefined {
  let handle: number | undefined;
  try {
    handle = openSync(file, 'r');
    return work(handle);
  } catch (error) {
    return ifAbsent(undefined)(error);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** Shorter than `bytes` where the file ends before. */
function readPart(handle: number, position: number, bytes: number): Buffer {
  const part = Buffer.alloc(bytes);
  return part.subarray(0, readSync(handle, part, 0, bytes, position));
}

/** A list needs a few texts of thousands. After this many the whole file is read at once. */
const SINGLE_READS = 64;

/** The file that the records of one load share. */
class Texts {
  readonly cache: Cache;
  readonly names: readonly string[];
  #single = 0;
  #whole: Buffer | undefined;

  constructor(cache: Cache, names: readonly string[]) {
    this.cache = cache;
    this.names = names;
  }

  at(offset: number, bytes: number): Buffer | undefined {
    if (this.#whole === undefined && this.#single < SINGLE_READS) {
      this.#single += 1;
      return withFile(this.cache.file, (handle) => readPart(handle, offset, bytes));
    }
    this.#whole ??= withFile(this.cache.file, (handle) => readFileSync(handle));
    return this.#whole?.subarray(offset, offset + bytes);
  }
}

/** Text and outline are taken out of the file only when someone asks for them. */
class CachedRecord implements DocumentRecord {
  readonly key: string;
  readonly etag: string;
  readonly state: DocumentRecord['state'];
  readonly why: string;
  readonly digest: string;
  readonly previous: string | null;
  readonly sequence: number | null;
  readonly genuine: boolean | undefined;
  readonly #row: Row;
  readonly #offset: number;
  readonly #texts: Texts;
  #outline: PointOutline | undefined;

  /** @param offset of its text, from the beginning of the file */
  constructor(row: Row, offset: number, texts: Texts) {
    [this.key, this.etag, this.state, this.why, this.digest, this.previous, this.sequence] = row;
    this.genuine = row[10];
    this.#row = row;
    this.#offset = offset;
    this.#texts = texts;
  }

  /** Undefined where the file holds something else at that place. */
  find(): string | undefined {
    const text = this.#texts.at(this.#offset, this.#row[7]);
    return text !== undefined && digestOf(text) === this.#row[8] ? text.toString('utf8') : undefined;
  }

  get text(): string {
    return this.find() ?? this.#findAgain();
  }

  /** Another run may have replaced the file. Throws `CATALOG-CACHE` (exit 1) where the text was changed, and removes the file. */
  #findAgain(): string {
    const { cache } = this.#texts;
    const again = load(cache).records.get(this.key);
    const text = again?.digest === this.digest ? again.find() : undefined;
    if (text !== undefined) return text;
    rmSync(cache.file, { force: true });
    throw new DrError({
      code: 'CATALOG-CACHE',
      where: cache.file,
      fact: `the cached text of ${this.key} was changed on the disk; the cache file has been removed`,
      hint: 'run the command again: it reads the repository instead',
    });
  }

  get outline(): PointOutline | undefined {
    const packed = this.#row[9];
    if (packed !== null) this.#outline ??= unpackOutline(packed, this.#texts.names);
    return this.#outline;
  }
}

interface Loaded {
  readonly records: ReadonlyMap<string, CachedRecord>;
  readonly gone: readonly GoneDocument[];
}

/** `<seal> <bytes of the index>`, in hexadecimal and decimal; no longer than this. */
const HEAD_BYTES = 96;

function parse(cache: Cache, handle: number): Loaded | undefined {
  const head = readPart(handle, 0, HEAD_BYTES).toString('latin1');
  const [line, seal, length] = /^([0-9a-f]{64}) (\d{1,12})\n/.exec(head) ?? [];
  const { size } = fstatSync(handle);
  if (line === undefined || seal === undefined || Number(length) > size) return undefined;
  const index = readPart(handle, line.length, Number(length));
  if (!isSealed(cache, seal, index)) return undefined;
  const { names, rows, gone }: Index = JSON.parse(index.toString('utf8'));
  const texts = new Texts(cache, names);
  const records = new Map<string, CachedRecord>();
  let offset = line.length + index.length;
  for (const row of rows) {
    records.set(row[0], new CachedRecord(row, offset, texts));
    offset += row[7];
  }
  // Torn: a text that is missing would be asked for one day.
  return offset === size ? { records, gone } : undefined;
}

function load(cache: Cache): Loaded {
  return withFile(cache.file, (handle) => parse(cache, handle)) ?? { records: new Map(), gone: [] };
}

/**
 * Empty for a file that is absent, torn, changed, of another version or of another repository. Without `checkTexts`, a change within a
 * text is found when that text is asked for.
 */
export function loadCache(cache: Cache, { checkTexts }: { readonly checkTexts: boolean }): CacheContent {
  const loaded = load(cache);
  const changed = checkTexts && [...loaded.records.values()].some((record) => record.find() === undefined);
  return changed ? { records: new Map(), gone: [] } : loaded;
}

/** Replaces the file as a whole. Does nothing without a key. Throws what the file system throws. */
export async function saveCache(cache: Cache, { records, gone }: CacheContent): Promise<void> {
  const texts: Buffer[] = [];
  const names = new NameList();
  const rows = [...records.values()].map((r): Row => {
    const text = Buffer.from(r.text, 'utf8');
    texts.push(text);
    const outline = r.outline === undefined ? null : packOutline(r.outline, names);
    const { key, etag, state, why, digest, previous, sequence, genuine } = r;
    return [key, etag, state, why, digest, previous, sequence, text.length, digestOf(text), outline, genuine];
  });
  const index: Index = { names: names.names, rows, gone };
  const sealed = Buffer.from(JSON.stringify(index), 'utf8');
  const seal = sealOf(cache, sealed);
  if (seal === undefined) return;
  // The state folder may be made here. Others pass through it; the file itself is for its owner alone.
  await makePassableFolder(dirname(cache.file));
  const temporary = `${cache.file}.${randomBytes(6).toString('hex')}`;
  try {
    const head = Buffer.from(`${seal} ${sealed.length}\n`);
    await writeFile(temporary, Buffer.concat([head, sealed, ...texts]), { mode: 0o600 });
    await rename(temporary, cache.file);
  } finally {
    await rm(temporary, { force: true });
  }
}
