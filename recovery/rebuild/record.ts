/** The journal of a rebuild. After a `kill -9` the same command resumes with the same point and the same clock. */
import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../../plan/digest.ts';
import { TIERS, type TierId } from '../../plan/types.ts';
import { Journal } from '../core/journal.ts';
import { timeStamp } from '../points/id.ts';
import { resolvedPointSchema } from '../points/resolved/resolved-point.ts';
import type { ResolvedTarget } from './prepare.ts';
import type { RebuildRequest, Skipped } from './types.ts';

const headSchema = z.object({ declaredAt: z.iso.datetime() });
const targetSchema = z.object({ pin: resolvedPointSchema, generation: z.int().positive(), notes: z.array(z.string()) });
const skippedSchema = z.array(z.object({ object: z.string(), reason: z.string() }));

export type RebuildStep =
  | 'pin'
  | 'create'
  | 'stack'
  | 'approve'
  | 'take-over'
  | 'up'
  | 'set-aside'
  | 'verify'
  | `ready/${TierId}`;

/** Without the way it is run: with `--keep-going` the same rebuild resumes. */
function requestText(request: RebuildRequest): string {
  const { keepGoing, declaredAt, ...same } = request;
  return canonicalJson(same);
}

export function journalFolder(stateDir: string, stack: string): string {
  return join(stateDir, 'rebuild', stack);
}

export class RebuildRecord {
  readonly resumed: boolean;
  readonly declaredAt: Date;
  readonly #journal: Journal;
  #writes: Promise<void> = Promise.resolve();

  private constructor(journal: Journal, { resumed, declaredAt }: Pick<RebuildRecord, 'resumed' | 'declaredAt'>) {
    this.#journal = journal;
    this.resumed = resumed;
    this.declaredAt = declaredAt;
  }

  /** Resumes the interrupted run of the same request; otherwise begins a new one. */
  static async open(stateDir: string, request: RebuildRequest, now: Date): Promise<RebuildRecord> {
    const folder = journalFolder(stateDir, request.stack);
    const unfinished = await Journal.unfinished(folder);
    const head = headSchema.safeParse(unfinished?.plan).data;
    if (unfinished !== undefined && head !== undefined && unfinished.request === requestText(request)) {
      await unfinished.append({ event: 'resume', at: now.toISOString(), pid: process.pid });
      return new RebuildRecord(unfinished, { resumed: true, declaredAt: new Date(head.declaredAt) });
    }
    await unfinished?.append({ event: 'end', at: now.toISOString(), outcome: 'superseded' });
    const declaredAt = request.declaredAt ?? now;
    const id = `${timeStamp(now)}-${process.pid}`;
    const journal = await Journal.begin(folder, id, requestText(request), { declaredAt: declaredAt.toISOString() });
    return new RebuildRecord(journal, { resumed: false, declaredAt });
  }

  get file(): string {
    return this.#journal.file;
  }

  /** Writes in the order of the calls, so a callback need not wait for it. Await `settled` before the end. */
  write(step: RebuildStep, state: 'start' | 'done' | 'failed', data?: unknown): Promise<void> {
    const at = new Date().toISOString();
    this.#writes = this.#writes.then(() =>
      this.#journal.append({ event: 'step', at, step, state, ...(data === undefined ? {} : { data }) }),
    );
    return this.#writes;
  }

  settled(): Promise<void> {
    return this.#writes;
  }

  begun(step: RebuildStep): boolean {
    return this.#journal.begun(step);
  }

  isDone(step: RebuildStep): boolean {
    return this.#journal.done(step) !== undefined;
  }

  /** An earlier run may have, and was killed before it was confirmed. */
  get hasCreatedStack(): boolean {
    return this.#journal.begun('create');
  }

  get target(): ResolvedTarget | undefined {
    return targetSchema.safeParse(this.#journal.done('pin')?.data).data;
  }

  get setAside(): readonly Skipped[] {
    return skippedSchema.safeParse(this.#journal.done('set-aside')?.data).data ?? [];
  }

  /** Checks that passed in earlier runs; they are not repeated. */
  get readyAt(): Map<TierId, Date> {
    const found = TIERS.flatMap((tier) => {
      const at = z.iso.datetime().safeParse(this.#journal.done(`ready/${tier}`)?.data).data;
      return at === undefined ? [] : [[tier, new Date(at)] as const];
    });
    return new Map(found);
  }

  async end(outcome: 'ready' | 'failed' | 'superseded'): Promise<void> {
    await this.settled();
    await this.#journal.append({ event: 'end', at: new Date().toISOString(), outcome });
  }
}
