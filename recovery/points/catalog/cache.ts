/**
 * Documents that were read and checked before, in one file a repository. It only saves time: the file is authenticated with the
 * signing keys, so that nobody can slip a document past its signature through it, and any doubt about it means reading anew.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SigningKey } from '../signing.ts';
import {
  CachedRecord,
  CacheFile,
  digestOfText,
  type GonePoint,
  HEAD_BYTES,
  type Index,
  type IndexRow,
  parseHead,
  renderHead,
} from './cache-file.ts';
import type { DocumentRecord } from './document.ts';
import { NameList, packOutline } from './outline.ts';

export interface CacheContent {
  readonly records: ReadonlyMap<string, DocumentRecord>;
  readonly gone: readonly GonePoint[];
}

/** Raised when what is kept of a document, or how it is judged, changes. */
const VERSION = 2;

/** Trust depends on the keys, so the seal does too: a key more or less, and every document is judged again. */
function sealOf(keys: readonly SigningKey[], place: string, index: Buffer): Buffer | undefined {
  const [first] = keys;
  if (first === undefined) return undefined;
  const fingerprint = keys.map((key) => [key.name, createHmac('sha256', key.secret).update('keyring').digest('hex')]);
  const domain = JSON.stringify(['go-coffee-dr catalog cache', VERSION, place, fingerprint]);
  return createHmac('sha256', first.secret).update(domain).update('\n').update(index).digest();
}

const EMPTY: CacheContent = { records: new Map(), gone: [] };

interface Loaded {
  readonly index: Index;
  /** Where the first text begins. */
  readonly texts: number;
}

/** Of a file whose seal fits and that is as long as it says. */
async function readIndex(
  handle: FileHandle,
  sealed: (index: Buffer) => Buffer | undefined,
): Promise<Loaded | undefined> {
  const first = Buffer.alloc(HEAD_BYTES);
  const { bytesRead } = await handle.read(first, 0, HEAD_BYTES, 0);
  const head = parseHead(first.subarray(0, bytesRead));
  const { size } = await handle.stat();
  if (head === undefined || head.start + head.indexBytes > size) return undefined;
  const content = Buffer.alloc(head.indexBytes);
  await handle.read(content, 0, head.indexBytes, head.start);
  const given = Buffer.from(head.seal, 'hex');
  const right = sealed(content);
  if (right === undefined || given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
  const index = JSON.parse(content.toString('utf8')) as Index;
  const texts = head.start + head.indexBytes;
  const end = index.rows.reduce((sum, [, , , , , , bytes]) => sum + bytes, texts);
  // Cut off: what is missing would be asked for one day.
  return end === size ? { index, texts } : undefined;
}

/**
 * Empty for a file that is absent, of another version, of another place, or that was changed. With `texts: 'later'` a change within the
 * texts is found when one is asked for.
 */
export async function loadCache(
  file: string,
  place: string,
  keys: readonly SigningKey[],
  texts: 'now' | 'later' = 'now',
): Promise<CacheContent> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (handle === undefined) return EMPTY;
  let loaded: Loaded | undefined;
  try {
    loaded = await readIndex(handle, (content) => sealOf(keys, place, content));
  } finally {
    await handle.close();
  }
  if (loaded === undefined) return EMPTY;
  const { index } = loaded;
  const whole = new CacheFile(file, index.names);
  const records = new Map<string, CachedRecord>();
  let offset = loaded.texts;
  for (const row of index.rows) {
    records.set(row[0], new CachedRecord(row, offset, whole));
    offset += row[6];
  }
  if (texts === 'now' && [...records.values()].some((record) => !record.isWhole())) return EMPTY;
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
  const names = new NameList();
  const rows = [...content.records.values()].map((r): IndexRow => {
    const text = Buffer.from(r.text, 'utf8');
    texts.push(text);
    const outline = r.outline === undefined ? null : packOutline(r.outline, names);
    return [r.key, r.etag, r.state, r.why, r.digest, r.previous, text.length, digestOfText(text), outline];
  });
  const index: Index = { names: names.names, rows, gone: content.gone };
  const sealed = Buffer.from(JSON.stringify(index), 'utf8');
  const seal = sealOf(keys, place, sealed);
  if (seal === undefined) return;
  // The state directory may be made here: others pass through it, and the file itself is for us alone.
  await mkdir(dirname(file), { recursive: true, mode: 0o755 });
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const head = renderHead(seal, sealed.length);
    await writeFile(temporary, Buffer.concat([head, sealed, ...texts]), { mode: 0o600 });
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}
