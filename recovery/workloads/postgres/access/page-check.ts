/** Reads the data files of a cluster and checks every page that carries a checksum, with the server up or down. */
import type { Dirent } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ifAbsent } from '../../../core/absent.ts';
import { hasCode } from '../../../core/errors.ts';

const SEGMENT_PAGES = 131_072;
const READ_PAGES = 128;
/** Named in the report; a disk that dies can damage millions. */
const SHOWN = 20;
const REREADS = 3;
const REREAD_MS = 20;
const RELATION_FILE = /^\d+(?:_(?:fsm|vm|init))?(?:\.(\d+))?$/;

export interface PageCheckOptions {
  /** A server is running: a page may be read while it is written, and is whole the next time. */
  readonly live: boolean;
  /** After a crash, replay rewrites pages that changed after this position (the last checkpoint): they may be torn. */
  readonly trustUpTo?: bigint | undefined;
  readonly deadlineSeconds: number;
  readonly signal?: AbortSignal | undefined;
}

export interface PageCheck {
  readonly pages: number;
  readonly files: number;
  /** False when the deadline came first. */
  readonly finished: boolean;
  readonly badPages: number;
  /** `base/16384/16397 block 12`, at most 20. */
  readonly damaged: readonly string[];
}

interface Tally {
  pages: number;
  badPages: number;
  readonly damaged: string[];
}

export async function checkPages(dataDir: string, options: PageCheckOptions): Promise<PageCheck> {
  const deadline = performance.now() + options.deadlineSeconds * 1000;
  const tally: Tally = { pages: 0, badPages: 0, damaged: [] };
  let files = 0;
  for await (const file of relationFiles(dataDir)) {
    options.signal?.throwIfAborted();
    if (performance.now() > deadline) return { ...tally, files, finished: false };
    await checkFile({ dataDir, file, deadline }, options, tally);
    files += 1;
  }
  return { ...tally, files, finished: performance.now() <= deadline };
}

async function* relationFiles(dataDir: string): AsyncGenerator<string> {
  for (const top of ['global', 'base', 'pg_tblspc']) {
    const folder = join(dataDir, top);
    const entries = await readdir(folder, { withFileTypes: true }).catch(ifAbsent<Dirent[]>([]));
    for (const file of filesOf(entries, folder)) yield file;
    for (const entry of entries.filter((each) => each.isDirectory() || each.isSymbolicLink())) {
      yield* below(join(folder, entry.name));
    }
  }
}

async function* below(folder: string): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(ifAbsent<Dirent[]>([]));
  for (const file of filesOf(entries, folder)) yield file;
  // Temporary files have no checksums.
  const deeper = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('pgsql_tmp'));
  for (const entry of deeper) yield* below(join(folder, entry.name));
}

function filesOf(entries: readonly Dirent[], folder: string): string[] {
  return entries
    .filter((entry) => entry.isFile() && RELATION_FILE.test(entry.name))
    .map((entry) => join(folder, entry.name));
}

interface RelationFile {
  readonly dataDir: string;
  /** Absolute. */
  readonly file: string;
  /** By `performance.now()`: reading ends there. */
  readonly deadline: number;
}

async function checkFile(
  { dataDir, file, deadline }: RelationFile,
  options: PageCheckOptions,
  tally: Tally,
): Promise<void> {
  const segment = Number(RELATION_FILE.exec(file.slice(file.lastIndexOf('/') + 1))?.[1] ?? 0);
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    // Dropped while the folder was read.
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  const buffer = Buffer.allocUnsafe(READ_PAGES * PAGE_BYTES);
  try {
    for (let first = 0; performance.now() <= deadline; first += READ_PAGES) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, first * PAGE_BYTES);
      const count = Math.floor(bytesRead / PAGE_BYTES);
      for (let n = 0; n < count; n += 1) {
        const page = buffer.subarray(n * PAGE_BYTES, (n + 1) * PAGE_BYTES);
        const block = segment * SEGMENT_PAGES + first + n;
        if (isGood(page, block, options) || (await isGoodNow(handle, first + n, block, options))) continue;
        tally.badPages += 1;
        if (tally.damaged.length < SHOWN) tally.damaged.push(`${relative(dataDir, file)} block ${block}`);
      }
      tally.pages += count;
      if (count < READ_PAGES) return;
    }
  } finally {
    await handle.close();
  }
}

function isGood(page: Buffer, block: number, options: PageCheckOptions): boolean {
  const head = pageHead(page);
  if (head.isNew) return isZero(page);
  if (pageChecksum(page, block) === head.checksum) return true;
  return options.trustUpTo !== undefined && head.lsn > options.trustUpTo && isPlausible(head.lsn, options.trustUpTo);
}

/** Random bytes make an LSN far beyond the end of any WAL: those must not pass as fresh writes. */
function isPlausible(lsn: bigint, trustUpTo: bigint): boolean {
  return lsn - trustUpTo < 1n << 40n;
}

function isZero(page: Buffer): boolean {
  return page.every((byte) => byte === 0);
}

async function isGoodNow(
  handle: FileHandle,
  position: number,
  block: number,
  options: PageCheckOptions,
): Promise<boolean> {
  if (!options.live) return false;
  const page = Buffer.allocUnsafe(PAGE_BYTES);
  for (let reread = 0; reread < REREADS; reread += 1) {
    await pause(REREAD_MS);
    const { bytesRead } = await handle.read(page, 0, PAGE_BYTES, position * PAGE_BYTES);
    // A truncated relation has no such page any more.
    if (bytesRead < PAGE_BYTES || isGood(page, block, options)) return true;
  }
  return false;
}

/**
 * PostgreSQL's data page checksum (src/include/storage/checksum_impl.h: FNV-1a in 32 lanes). `pg_checksums` does the same, but refuses
 * a running server and one that crashed, which is when somebody asks.
 */

const PAGE_BYTES = 8192;
const LANES = 32;
const PRIME = 16_777_619;

const OFFSETS = Int32Array.from([
  0x5b1f36e9, 0xb8525960, 0x02ab50aa, 0x1de66d2a, 0x79ff467a, 0x9bb9f8a3, 0x217e7cd2, 0x83e13d2c, 0xf8d4474f,
  0xe39eb970, 0x42c6ae16, 0x993216fa, 0x7b093b5d, 0x98daff3c, 0xf718902a, 0x0b1c9cdb, 0xe58f764b, 0x187636bc,
  0x5d7b3bb1, 0xe73de7de, 0x92bec979, 0xcca6c0b2, 0x304a0979, 0x85aa43d4, 0x783125bb, 0x6ca8eaa2, 0xe407eac6,
  0x4b5cfc3e, 0x9fbf8c76, 0x15ca20be, 0xf2ca9fd3, 0x959bd756,
]);

const sums = new Int32Array(LANES);

function mix(lane: number, word: number): void {
  const mixed = (sums[lane] ?? 0) ^ word;
  sums[lane] = Math.imul(mixed, PRIME) ^ (mixed >>> 17);
}

/** `page` is 8192 bytes; `block` counts within the relation, over all of its segments. */
function pageChecksum(page: Buffer, block: number): number {
  const view = new DataView(page.buffer, page.byteOffset, PAGE_BYTES);
  sums.set(OFFSETS);
  for (let word = 0; word < PAGE_BYTES / 4; word += 1) {
    // pd_checksum itself, the lower half of the third word, counts as 0.
    const value = view.getInt32(word * 4, true);
    mix(word % LANES, word === 2 ? value & 0xffff_0000 : value);
  }
  for (let round = 0; round < 2; round += 1) for (let lane = 0; lane < LANES; lane += 1) mix(lane, 0);
  let result = block | 0;
  for (let lane = 0; lane < LANES; lane += 1) result ^= sums[lane] ?? 0;
  return ((result >>> 0) % 65_535) + 1;
}

export interface PageHead {
  readonly checksum: number;
  /** Position of the last change in the WAL. */
  readonly lsn: bigint;
  /** Allocated and not used yet: all zeros, without a checksum. */
  readonly isNew: boolean;
}

function pageHead(page: Buffer): PageHead {
  return {
    lsn: (BigInt(page.readUInt32LE(0)) << 32n) | BigInt(page.readUInt32LE(4)),
    checksum: page.readUInt16LE(8),
    isNew: page.readUInt16LE(14) === 0,
  };
}
