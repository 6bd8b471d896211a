/**
 * Documents that were read and checked before, in one file a repository. It only saves time: the file is authenticated with the
 * signing keys, so that nobody can slip a document past its signature through it, and any doubt about it means reading anew.
 *
 * Layout: one line of JSON (the seal), one line of JSON (the index), then the documents' texts one after the other.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SigningKey } from '../signing.ts';
import type { DocumentRecord } from './document.ts';

/** A point that was here, in good order, and is neither in the repository nor in a checkpoint any more. */
export interface GonePoint {
  readonly key: string;
  readonly digest: string;
}

export interface CacheContent {
  readonly records: ReadonlyMap<string, DocumentRecord>;
  readonly gone: readonly GonePoint[];
}

/** Raised when what is kept of a document, or how it is judged, changes. */
const VERSION = 1;

type IndexRow = readonly [
  key: string,
  etag: string,
  state: DocumentRecord['state'],
  why: string,
  digest: string,
  previous: string | null,
  bytes: number,
];

interface Index {
  readonly rows: readonly IndexRow[];
  readonly gone: readonly GonePoint[];
}

/** Trust depends on the keys, so the seal does too: a key more or less, and every document is judged again. */
function sealOf(keys: readonly SigningKey[], place: string, payload: Buffer): Buffer | undefined {
  const [first] = keys;
  if (first === undefined) return undefined;
  const fingerprint = keys.map((key) => [key.name, createHmac('sha256', key.secret).update('keyring').digest('hex')]);
  const domain = JSON.stringify(['go-coffee-dr catalog cache', VERSION, place, fingerprint]);
  return createHmac('sha256', first.secret).update(domain).update('\n').update(payload).digest();
}

/** The text is cut out of the file only when someone asks for it. */
class CachedRecord implements DocumentRecord {
  readonly key: string;
  readonly etag: string;
  readonly state: DocumentRecord['state'];
  readonly why: string;
  readonly digest: string;
  readonly previous: string | null;
  readonly #bytes: Buffer;

  constructor(row: IndexRow, bytes: Buffer) {
    [this.key, this.etag, this.state, this.why, this.digest, this.previous] = row;
    this.#bytes = bytes;
  }

  get text(): string {
    return this.#bytes.toString('utf8');
  }
}

const EMPTY: CacheContent = { records: new Map(), gone: [] };

/** Empty for a file that is absent, of another version, of another place, or that was changed. */
export async function loadCache(file: string, place: string, keys: readonly SigningKey[]): Promise<CacheContent> {
  let content: Buffer;
  try {
    content = await readFile(file);
  } catch {
    return EMPTY;
  }
  const sealEnd = content.indexOf('\n');
  const payload = content.subarray(sealEnd + 1);
  const given = Buffer.from(content.subarray(0, Math.max(sealEnd, 0)).toString('latin1'), 'hex');
  const right = sealOf(keys, place, payload);
  if (right === undefined || given.length !== right.length || !timingSafeEqual(given, right)) return EMPTY;
  const indexEnd = payload.indexOf('\n');
  const index = JSON.parse(payload.subarray(0, indexEnd).toString('utf8')) as Index;
  const records = new Map<string, DocumentRecord>();
  let offset = indexEnd + 1;
  for (const row of index.rows) {
    records.set(row[0], new CachedRecord(row, payload.subarray(offset, offset + row[6])));
    offset += row[6];
  }
  return { records, gone: index.gone };
}

/** Does nothing without a key. Throws what the file system throws. */
export async function saveCache(
  file: string,
  place: string,
  keys: readonly SigningKey[],
  content: CacheContent,
): Promise<void> {
  const texts: Buffer[] = [];
  const rows = [...content.records.values()].map((r): IndexRow => {
    const text = Buffer.from(r.text, 'utf8');
    texts.push(text);
    return [r.key, r.etag, r.state, r.why, r.digest, r.previous, text.length];
  });
  const index: Index = { rows, gone: content.gone };
  const payload = Buffer.concat([Buffer.from(`${JSON.stringify(index)}\n`, 'utf8'), ...texts]);
  const seal = sealOf(keys, place, payload);
  if (seal === undefined) return;
  // The state directory may be made here: others pass through it, and the file itself is for us alone.
  await mkdir(dirname(file), { recursive: true, mode: 0o755 });
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(temporary, Buffer.concat([Buffer.from(`${seal.toString('hex')}\n`), payload]), { mode: 0o600 });
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}
