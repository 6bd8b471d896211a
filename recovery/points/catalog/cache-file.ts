/**
 * The layout of a catalog's cache: a line with the seal of the index and the index' length, the index as JSON, then the documents' texts
 * one after the other. The index names the digest of each text: a list of points needs none of them, and they are most of the file.
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { DrError, EXIT } from '../../core/errors.ts';
import type { DocumentRecord } from './document.ts';
import { type PackedOutline, type PointOutline, unpackOutline } from './outline.ts';

export type IndexRow = readonly [
  key: string,
  etag: string,
  state: DocumentRecord['state'],
  why: string,
  digest: string,
  previous: string | null,
  bytes: number,
  textDigest: string,
  outline: PackedOutline | null,
];

export interface Index {
  /** Which the outlines name by their place. */
  readonly names: readonly string[];
  readonly rows: readonly IndexRow[];
  readonly gone: readonly GonePoint[];
}

/** sha256, in base64. */
export function digestOfText(text: Buffer): string {
  return createHash('sha256').update(text).digest('base64');
}

export interface Head {
  /** Of the index, in hexadecimal. */
  readonly seal: string;
  readonly indexBytes: number;
  /** Where the index begins. */
  readonly start: number;
}

/** The first line is no longer than this. */
export const HEAD_BYTES = 96;

export function renderHead(seal: Buffer, indexBytes: number): Buffer {
  return Buffer.from(`${seal.toString('hex')} ${indexBytes}\n`, 'latin1');
}

export function parseHead(content: Buffer): Head | undefined {
  const line = content.subarray(0, HEAD_BYTES).toString('latin1');
  const [whole, seal = '', length] = /^([0-9a-f]+) (\d+)\n/.exec(line) ?? [];
  return whole === undefined ? undefined : { seal, indexBytes: Number(length), start: whole.length };
}

/** Key and digest → text, of a whole file. */
function textsIn(content: Buffer): Map<string, Buffer> {
  const head = parseHead(content);
  const found = new Map<string, Buffer>();
  if (head === undefined) return found;
  let offset = head.start + head.indexBytes;
  const { rows } = JSON.parse(content.subarray(head.start, offset).toString('utf8')) as Index;
  for (const [key, , , , , , bytes, digest] of rows) {
    found.set(`${key} ${digest}`, content.subarray(offset, offset + bytes));
    offset += bytes;
  }
  return found;
}

/** Where a text lies. */
export interface TextPlace {
  readonly offset: number;
  readonly bytes: number;
  /** Of the text: `digestOfText`. */
  readonly digest: string;
}

/** More of them than these, and the file is read as a whole. */
const SINGLE_READS = 64;

/** What the records of one load share. */
export class CacheFile {
  readonly names: readonly string[];
  readonly #path: string;
  #single = 0;
  #texts: ReadonlyMap<string, Buffer> | undefined;

  constructor(path: string, names: readonly string[]) {
    this.#path = path;
    this.names = names;
  }

  /** Undefined: not there, or changed. Where another run has replaced the file since, a text is looked up by its digest. */
  find(key: string, place: TextPlace): string | undefined {
    if (this.#texts === undefined && this.#single < SINGLE_READS) {
      this.#single += 1;
      const text = this.#cut(place);
      if (text !== undefined && digestOfText(text) === place.digest) return text.toString('utf8');
    }
    this.#texts ??= this.#read();
    const text = this.#texts.get(`${key} ${place.digest}`);
    return text !== undefined && digestOfText(text) === place.digest ? text.toString('utf8') : undefined;
  }

  /** Throws `CATALOG-CACHE` (exit 1), and removes the file. Who changed it can't be told; what it held is in the repository. */
  text(key: string, place: TextPlace): string {
    const text = this.find(key, place);
    if (text !== undefined) return text;
    rmSync(this.#path, { force: true });
    throw new DrError({
      code: 'CATALOG-CACHE',
      where: this.#path,
      fact: `what it held of ${key} was changed on the disk; the file is removed`,
      hint: 'run the command again: it reads the repository anew',
      exit: EXIT.failure,
    });
  }

  #cut({ offset, bytes }: TextPlace): Buffer | undefined {
    let file: number | undefined;
    try {
      file = openSync(this.#path, 'r');
      const text = Buffer.alloc(bytes);
      readSync(file, text, 0, bytes, offset);
      return text;
    } catch {
      return undefined;
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }

  #read(): Map<string, Buffer> {
    try {
      return textsIn(readFileSync(this.#path));
    } catch {
      return new Map();
    }
  }
}

/** Text and outline are taken out of the file only when someone asks for them. */
export class CachedRecord implements DocumentRecord {
  readonly key: string;
  readonly etag: string;
  readonly state: DocumentRecord['state'];
  readonly why: string;
  readonly digest: string;
  readonly previous: string | null;
  readonly #place: TextPlace;
  readonly #packed: PackedOutline | null;
  readonly #file: CacheFile;
  #outline: PointOutline | undefined;

  /** @param offset of its text, from the file's beginning. */
  constructor(row: IndexRow, offset: number, file: CacheFile) {
    [this.key, this.etag, this.state, this.why, this.digest, this.previous] = row;
    const [, , , , , , bytes, digest, packed] = row;
    this.#place = { offset, bytes, digest };
    this.#packed = packed;
    this.#file = file;
  }

  isWhole(): boolean {
    return this.#file.find(this.key, this.#place) !== undefined;
  }

  get text(): string {
    return this.#file.text(this.key, this.#place);
  }

  get outline(): PointOutline | undefined {
    if (this.#packed !== null) this.#outline ??= unpackOutline(this.#packed, this.#file.names);
    return this.#outline;
  }
}

/** A point that was here, in good order, and is neither in the repository nor in a checkpoint any more. */
export interface GonePoint {
  readonly key: string;
  readonly digest: string;
}
