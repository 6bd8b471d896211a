/**
 * What a restore has done, one fsynced JSON line an event, so that the same command goes on after a `kill -9`. A torn last line is
 * dropped and its step done again.
 */
import { type FileHandle, mkdir, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DrError } from './errors.ts';

const entrySchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('begin'), at: z.string(), id: z.string(), request: z.string(), plan: z.unknown() }),
  z.object({
    event: z.literal('step'),
    at: z.string(),
    step: z.string(),
    state: z.enum(['start', 'done', 'failed']),
    /** With `start`: what people read. */
    title: z.string().optional(),
    tier: z.string().optional(),
    data: z.unknown().optional(),
  }),
  z.object({ event: z.literal('resume'), at: z.string(), pid: z.number() }),
  z.object({ event: z.literal('end'), at: z.string(), outcome: z.enum(['ready', 'failed', 'superseded']) }),
]);
export type JournalEntry = z.infer<typeof entrySchema>;

/** A disk that becomes full takes a part of a line without an error; the next try gets the error. */
async function writeAll(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
}

/** A new file's name is on disk only with its folder. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

/** Pure. Throws `JOURNAL-DAMAGED` for a bad line that is not the last one. */
function parseJournal(text: string, file: string): JournalEntry[] {
  const lines = text.split('\n');
  // Without the final newline the last line was being written when the machine or the process went away.
  return lines.slice(0, -1).map((line, i) => {
    try {
      return entrySchema.parse(JSON.parse(line));
    } catch (cause) {
      throw new DrError({
        code: 'JOURNAL-DAMAGED',
        where: `${file} line ${i + 1}`,
        fact: 'is no journal entry, and is not the last line either',
        hint: 'move the file away: the restore then starts from its beginning, and keeps files that are already right',
        cause,
      });
    }
  });
}

export class Journal {
  readonly id: string;
  readonly file: string;
  readonly entries: JournalEntry[];

  private constructor(id: string, file: string, entries: JournalEntry[]) {
    this.id = id;
    this.file = file;
    this.entries = entries;
  }

  /** A new journal. `request` is canonical text: the same text resumes it. */
  static async begin(folder: string, id: string, request: string, plan: unknown): Promise<Journal> {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    const journal = new Journal(id, join(folder, `${id}.jsonl`), []);
    await journal.append({ event: 'begin', at: new Date().toISOString(), id, request, plan });
    await syncFolder(folder);
    return journal;
  }

  /** The newest journal of the folder that has not ended, or undefined. */
  static async unfinished(folder: string): Promise<Journal | undefined> {
    const names = await readdir(folder).catch(() => []);
    for (const name of names
      .filter((n) => n.endsWith('.jsonl'))
      .sort()
      .reverse()) {
      const file = join(folder, name);
      const entries = parseJournal(await readFile(file, 'utf8'), file);
      const ended = entries.some((entry) => entry.event === 'end' && entry.outcome !== 'failed');
      // An empty one was begun and never got its first line: nothing was done under it.
      if (entries.length === 0) continue;
      if (ended) return undefined;
      return new Journal(name.replace(/\.jsonl$/, ''), file, entries);
    }
    return undefined;
  }

  get request(): string {
    const begin = this.entries[0];
    return begin?.event === 'begin' ? begin.request : '';
  }

  get plan(): unknown {
    const begin = this.entries[0];
    return begin?.event === 'begin' ? begin.plan : undefined;
  }

  /** Data of a step that is done, as `{ data }`, or undefined when it must be done (again). */
  done(step: string): { data: unknown } | undefined {
    const last = this.entries.findLast((entry) => entry.event === 'step' && entry.step === step);
    return last?.event === 'step' && last.state === 'done' ? { data: last.data } : undefined;
  }

  /** True when the step was begun at any time: its target may be half done. */
  begun(step: string): boolean {
    return this.entries.some((entry) => entry.event === 'step' && entry.step === step);
  }

  async append(entry: JournalEntry): Promise<void> {
    const handle = await open(this.file, this.entries.length === 0 ? 'w+' : 'r+', 0o640);
    try {
      const written = await handle.readFile();
      // What follows the last line break is torn: the new line takes its place.
      const whole = written.lastIndexOf('\n') + 1;
      await handle.truncate(whole);
      await writeAll(handle, Buffer.from(`${JSON.stringify(entry)}\n`), whole);
      await handle.sync();
    } finally {
      await handle.close();
    }
    this.entries.push(entry);
  }
}
