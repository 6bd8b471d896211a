/**
 * What a restore, a rebuild or a failover has done, one fsynced JSON line an event, so that the same command resumes after a `kill -9`. A
 * torn last line is dropped and its step done again.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ignoring, namesIn } from './absent.ts';
import { makePassableFolder } from './account.ts';
import { DrError, messageOf } from './errors.ts';
import { namingPath } from './files/writes.ts';
import { parseJson } from './json.ts';
import { programVersion } from './version.ts';

const entrySchema = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('begin'),
    at: z.string(),
    id: z.string(),
    request: z.string(),
    plan: z.unknown(),
    /** The version that began it. */
    dr: z.string().optional(),
  }),
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

/** A disk that fills up takes a part of a line without an error; the next write gets the error. */
async function writeAll(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
}

/** The name of a new file is on disk only when its folder is synced. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

/** Pure. Throws `JOURNAL-DAMAGED` for a bad line that is not the last one, `JOURNAL-UNREADABLE` for one of another version. */
function parseJournal(text: string, file: string): JournalEntry[] {
  const lines = text.split('\n');
  // A last line without a newline is torn: the machine or the process stopped while it was written.
  return lines.slice(0, -1).map((line, i) => {
    const where = `${file} line ${i + 1}`;
    const json = parseJson(line);
    if (json === undefined) throw damaged(where);
    const entry = entrySchema.safeParse(json);
    if (entry.success) return entry.data;
    throw unreadable(where, json, entry.error.issues[0]?.path.join('.') || 'entry');
  });
}

function damaged(where: string): DrError {
  return new DrError({
    code: 'JOURNAL-DAMAGED',
    where,
    fact: 'is not a journal entry, and not the last line either',
    hint: 'move the file away: the restore then starts from its beginning, and keeps files that are already right',
  });
}

const writer = z.looseObject({ dr: z.string() });

/** It may be of a restore that is not finished: nobody may take it for none. */
function unreadable(where: string, json: unknown, field: string): DrError {
  const version = writer.safeParse(json).data?.dr;
  return new DrError({
    code: 'JOURNAL-UNREADABLE',
    where,
    fact: `is of a format that this version of dr does not know: ${field}${version === undefined ? '' : `; dr ${version} wrote it`}`,
    hint: 'finish what it is about with the version that began it; if it is finished, move the file away',
  });
}

export interface JournalStep {
  /** Stable: `redis/copy`. */
  readonly id: string;
  /** What people read. */
  readonly title: string;
  readonly tier?: string;
  /** @default the system's clock */
  readonly now?: () => Date;
}

export class Journal {
  readonly id: string;
  readonly file: string;
  readonly entries: JournalEntry[];
  /** Parallel steps must not overtake each other: each line takes the place of what is torn behind the last one. */
  #last: Promise<void> = Promise.resolve();

  private constructor(id: string, file: string, entries: JournalEntry[]) {
    this.id = id;
    this.file = file;
    this.entries = entries;
  }

  /** A new journal. `request` is canonical text: the same text resumes it. */
  static async begin(folder: string, id: string, request: string, plan: unknown): Promise<Journal> {
    await makePassableFolder(folder);
    const journal = new Journal(id, join(folder, `${id}.jsonl`), []);
    await journal.append({ event: 'begin', at: new Date().toISOString(), id, request, plan, dr: programVersion() });
    await syncFolder(folder);
    return journal;
  }

  /** The newest journal of the folder that has not ended, or undefined. */
  static async unfinished(folder: string): Promise<Journal | undefined> {
    const names = await namesIn(folder);
    for (const name of names
      .filter((n) => n.endsWith('.jsonl'))
      .sort()
      .reverse()) {
      const file = join(folder, name);
      const entries = parseJournal(await readFile(file, 'utf8'), file);
      const ended = entries.some((entry) => entry.event === 'end' && entry.outcome !== 'failed');
      // An empty file: the run was killed before its first line, so it has done nothing.
      if (entries.length === 0) continue;
      if (ended) return undefined;
      return new Journal(name.replace(/\.jsonl$/, ''), file, entries);
    }
    return undefined;
  }

  /** The newest journal of the folder that ended well, or undefined. Throws `JOURNAL-DAMAGED`. */
  static async lastReady(folder: string): Promise<Journal | undefined> {
    const names = await namesIn(folder);
    const sorted = names.filter((name) => name.endsWith('.jsonl')).sort();
    for (const name of sorted.reverse()) {
      const file = join(folder, name);
      const entries = parseJournal(await readFile(file, 'utf8'), file);
      const ready = entries.some((entry) => entry.event === 'end' && entry.outcome === 'ready');
      if (ready) return new Journal(name.replace(/\.jsonl$/, ''), file, entries);
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

  /** The result of a step that is done, where `schema` accepts it: another version of `dr` may have recorded something else. */
  result<T>(step: string, schema: z.ZodType<T>): { readonly data: T } | undefined {
    const recorded = this.done(step);
    const parsed = recorded && schema.safeParse(recorded.data);
    return parsed?.success === true ? { data: parsed.data } : undefined;
  }

  /** Runs a step between its lines. Its result must be JSON. Throws what `work` throws; a full disk then loses only the line that says so. */
  async run<T>({ id, now = () => new Date(), ...people }: JournalStep, work: () => Promise<T>): Promise<T> {
    const line = () => ({ event: 'step', at: now().toISOString(), step: id }) as const;
    await this.append({ ...line(), state: 'start', ...people });
    try {
      const data = await work();
      await this.append({ ...line(), state: 'done', ...(data === undefined ? {} : { data }) });
      return data;
    } catch (error) {
      await this.append({ ...line(), state: 'failed', data: messageOf(error) }).catch(
        ignoring('the error of the step says more'),
      );
      throw error;
    }
  }

  /** In the order of the calls. */
  append(entry: JournalEntry): Promise<void> {
    const next = this.#last.then(() => this.#write(entry));
    this.#last = next.catch(ignoring('whoever called gets this error; the next line only comes after it'));
    return next;
  }

  async #write(entry: JournalEntry): Promise<void> {
    const handle = await open(this.file, this.entries.length === 0 ? 'w+' : 'r+', 0o640);
    try {
      const written = await handle.readFile();
      // The new line replaces the torn text behind the last line break.
      const whole = written.lastIndexOf('\n') + 1;
      await handle.truncate(whole);
      await writeAll(handle, Buffer.from(`${JSON.stringify(entry)}\n`), whole).catch(namingPath(this.file));
      await handle.sync();
    } finally {
      await handle.close();
    }
    this.entries.push(entry);
  }
}
