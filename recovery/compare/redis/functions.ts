/** Function libraries in an RDB. They stand before the first key, so only the head of the file is read, and no data is loaded. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { DrError } from '../../core/errors.ts';

const AUX = 0xfa;
const FUNCTION = 0xf5;
/** What begins the data: a database, or the end of an empty file. */
const ENDS = [0xfe, 0xff];
/** As much as libraries may take together. */
const HEAD_BYTES = 16 * 1024 * 1024;

const unreadable = (fact: string): DrError =>
  new DrError({
    code: 'REDIS-HEAD',
    where: 'dump.rdb',
    fact,
    hint: 'compare by hand: start a private Redis on each copy and run FUNCTION LIST WITHCODE',
  });

class Head {
  at = 9;
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  take(count: number): Buffer {
    if (this.at + count > this.bytes.length) throw unreadable('the file ends before its first key');
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  byte(): number {
    return this.take(1)[0] ?? 0;
  }

  /** Of RDB's length encoding; a special encoding of a string as a negative number. */
  length(): number {
    const first = this.byte();
    const kind = first >> 6;
    if (kind === 0) return first & 0x3f;
    if (kind === 1) return ((first & 0x3f) << 8) | this.byte();
    if (kind === 3) return -1 - (first & 0x3f);
    return first === 0x80 ? this.take(4).readUInt32BE() : Number(this.take(8).readBigUInt64BE());
  }

  /** The bytes as they are stored: equal texts are stored equally. */
  string(): Buffer {
    const length = this.length();
    if (length >= 0) return this.take(length);
    if (length >= -3) return this.take(2 ** (-1 - length));
    if (length !== -4) throw unreadable('a string of its head has an unknown encoding');
    const stored = this.length();
    this.length();
    return this.take(stored);
  }
}

/** Compression keeps a text's first 32 bytes as they are, behind one byte. */
const nameIn = (code: Buffer): string => /name=([\w]+)/.exec(code.toString('latin1', 0, 200))?.[1] ?? 'a library';

/** Library → digest of its code. Throws `REDIS-HEAD` for a head that it does not understand: data of modules, a newer format. */
export function functionsIn(bytes: Buffer): Map<string, string> {
  if (!/^REDIS\d{4}$/.test(bytes.toString('latin1', 0, 9))) throw unreadable('it does not begin like an RDB');
  const head = new Head(bytes);
  const found = new Map<string, string>();
  for (;;) {
    const code = head.byte();
    if (ENDS.includes(code)) return found;
    if (code === AUX) {
      head.string();
      head.string();
    } else if (code === FUNCTION) {
      const library = head.string();
      const digest = createHash('sha256').update(library).digest('hex');
      const name = nameIn(library);
      found.set(found.has(name) ? `${name} (${digest.slice(0, 8)})` : name, digest);
    } else throw unreadable(`its head holds ${code.toString(16)}, which is no function: a module, or a newer format`);
  }
}

export async function readFunctions(file: string): Promise<Map<string, string>> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return functionsIn(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}
