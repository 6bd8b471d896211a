/**
 * The ledger: every write that a store acknowledged, in a file outside of what a drill destroys. An entry is written after the
 * acknowledgement and is on disk within milliseconds.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ignoring } from '../../recovery/core/absent.ts';

export const LEDGER_KINDS = ['order', 'payment', 'cart', 'stream'] as const;
export type LedgerKind = (typeof LEDGER_KINDS)[number];

const entrySchema = z
  .object({
    kind: z.enum(LEDGER_KINDS),
    /** Reference of a row, key of a cart, id of a stream entry. */
    id: z.string(),
    /** Time of the acknowledgement; ISO 8601 in UTC. */
    at: z.string(),
    /** md5 of the content, to tell a lost write from an altered one. */
    digest: z.string(),
    /** WAL position at the write. */
    lsn: z.string().optional(),
  })
  .readonly();
export type LedgerEntry = z.infer<typeof entrySchema>;

/** Entries wait at most this long for the disk: syncing each one alone would slow down the load. */
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
    this.#timer ??= setTimeout(
      () => this.flush().catch(ignoring('the same failure fails `close`, which is awaited')),
      FLUSH_MS,
    );
  }

  /** Returns when all added entries are on disk. */
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

/** In the order of acknowledgement. Drops a torn last line. */
export async function readLedger(path: string): Promise<LedgerEntry[]> {
  const text = await readFile(path, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const entries = whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => entrySchema.parse(JSON.parse(line)));
  return entries.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}
