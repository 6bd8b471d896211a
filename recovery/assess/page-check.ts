/** Reads the data files of a cluster and checks every page that carries a checksum, with the server up or down. */
import type { Dirent } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { PAGE_BYTES, pageChecksum, pageHead } from './page-checksum.ts';

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
    await checkFile(dataDir, file, options, tally, deadline);
    files += 1;
  }
  return { ...tally, files, finished: performance.now() <= deadline };
}

async function* relationFiles(dataDir: string): AsyncGenerator<string> {
  for (const top of ['global', 'base', 'pg_tblspc']) {
    const folder = join(dataDir, top);
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const file of filesOf(entries, folder)) yield file;
    for (const entry of entries.filter((each) => each.isDirectory() || each.isSymbolicLink())) {
      yield* below(join(folder, entry.name));
    }
  }
}

async function* below(folder: string): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
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

async function checkFile(
  dataDir: string,
  file: string,
  options: PageCheckOptions,
  tally: Tally,
  deadline: number,
): Promise<void> {
  const segment = Number(RELATION_FILE.exec(file.slice(file.lastIndexOf('/') + 1))?.[1] ?? 0);
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    // Dropped while the folder was read.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
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
