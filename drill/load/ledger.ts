/**
 * The ledger: every write that a store acknowledged, in a file outside of what a drill destroys. An entry is written only after the
 * acknowledgement, and on disk within a few milliseconds, so what stands here was promised to somebody.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';

export const LEDGER_KINDS = ['order', 'payment', 'cart', 'stream'] as const;
export type LedgerKind = (typeof LEDGER_KINDS)[number];

export interface LedgerEntry {
  readonly kind: LedgerKind;
  /** Reference of a row, key of a cart, id of a stream entry. */
  readonly id: string;
  /** When the acknowledgement came; ISO 8601 in UTC. */
  readonly at: string;
  /** md5 of the content, to tell a lost write from a wrong one. */
  readonly digest: string;
  /** WAL position while it was written. */
  readonly lsn?: string;
}

const FLUSH_MS = 20;

export class LedgerWriter {
  readonly #file: FileHandle;
  #waiting: string[] = [];
  #flushing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #written = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(path: string): Promise<LedgerWriter> {
    return new LedgerWriter(await open(path, 'a', 0o600));
  }

  get written(): number {
    return this.#written;
  }

  add(entry: LedgerEntry): void {
    this.#written++;
    this.#waiting.push(`${JSON.stringify(entry)}\n`);
    // What fails here fails `close` too, where somebody waits for it.
    this.#timer ??= setTimeout(() => this.flush().catch(() => {}), FLUSH_MS);
  }

  /** Returns when all that was added is on disk. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#waiting.join('');
    this.#waiting = [];
    this.#flushing = this.#flushing.then(async () => {
      if (text === '') return;
      await this.#file.write(text);
      await this.#file.datasync();
    });
    return this.#flushing;
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#file.close();
  }
}

/** In the order of acknowledgement. A torn last line is no entry: nobody was told of it. */
export async function readLedger(path: string): Promise<LedgerEntry[]> {
  const text = await readFile(path, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const entries = whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LedgerEntry);
  return entries.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}
