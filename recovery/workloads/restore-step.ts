/** What each step of a restore gets, and how a step is run: journalled, and skipped when an earlier run has done it. */
import type { Repository, Site } from '../config/site.ts';
import { asDrError } from '../core/as-dr-error.ts';
import { verificationFailed } from '../core/errors.ts';
import type { Journal } from '../core/journal.ts';
import type { Progress } from '../core/progress.ts';
import type { RestoreItem, RestorePlan } from './restore-plan.ts';

type Facts = Omit<Check, 'tier' | 'ok'> & { ok?: boolean };

export function check(item: RestoreItem, facts: Facts): Check {
  return { ...facts, tier: item.tier, ok: facts.ok ?? facts.expected === facts.actual };
}

/** One thing that was compared, with the evidence. */
export interface Check {
  readonly id: string;
  readonly title: string;
  readonly tier: string;
  readonly expected: string;
  readonly actual: string;
  readonly ok: boolean;
}

/** The checks as they came. Throws `VERIFICATION-FAILED` (exit 5) with every difference. */
export function judged(item: Pick<RestoreItem, 'workload'>, checks: Check[]): Check[] {
  const wrong = checks.filter(({ ok }) => !ok);
  if (wrong.length === 0) return checks;
  throw verificationFailed({
    code: 'VERIFICATION-FAILED',
    where: item.workload,
    fact: wrong.map(({ title, expected, actual }) => `${title}: expected ${expected}, found ${actual}`).join('\n'),
    hint: 'the target is not marked ready; restore from another point or repository (`dr points`)',
  });
}

export interface RestoreContext {
  readonly site: Site;
  /** The repository that is read; a copy aside of it when it is read as of a moment. */
  readonly source: Repository;
  readonly plan: RestorePlan;
  readonly journal: Journal;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

export interface StepReport {
  readonly id: string;
  readonly title: string;
  readonly tier: string;
  readonly startedAt: string;
  readonly endedAt: string;
}

/** Appends are ordered: two lines of parallel steps must not overtake each other's truncation. */
const writing = new WeakMap<Journal, Promise<void>>();

async function record(journal: Journal, entry: Parameters<Journal['append']>[0]): Promise<void> {
  const next = (writing.get(journal) ?? Promise.resolve()).then(() => journal.append(entry));
  writing.set(
    journal,
    next.catch(() => undefined),
  );
  await next;
}

/** For a record that only helps: a full disk must not hide the failure that it is about. */
async function tryRecord({ site, journal }: RestoreContext, entry: Parameters<Journal['append']>[0]): Promise<void> {
  await record(journal, entry).catch((error: unknown) =>
    site.log.warn({ error: String(error), journal: journal.file }, 'not recorded'),
  );
}

/** Those of the steps that are done must be done again: somebody has removed what they made, or it has proved to be wrong. */
export async function redo({ journal, progress }: RestoreContext, ids: readonly string[], why: string): Promise<void> {
  for (const id of ids) {
    if (!journal.done(id)) continue;
    await record(journal, { event: 'step', at: new Date().toISOString(), step: id, state: 'failed', data: why });
    progress({ step: `restore/${id}`, title: id, state: 'retry', detail: why });
  }
}

/**
 * Runs `work` unless the journal says that it is done; then its recorded result is given back. `T` must be JSON.
 * @param again Do it in each run: what it has found may have changed since.
 */
export async function step<T>(
  context: RestoreContext,
  item: Pick<RestoreItem, 'tier' | 'title'>,
  id: string,
  what: string,
  work: (report: (detail: string, fraction?: number) => void) => Promise<T>,
  again = false,
): Promise<T> {
  const { journal, progress } = context;
  const title = `${item.title}: ${what}`;
  const event = { step: `restore/${id}`, title, tier: item.tier };
  const before = journal.done(id);
  if (before && !again) {
    progress({ ...event, state: 'skipped', detail: 'done by an earlier run' });
    return before.data as T;
  }
  context.signal?.throwIfAborted();
  await record(journal, {
    event: 'step',
    at: new Date().toISOString(),
    step: id,
    state: 'start',
    title,
    tier: item.tier,
  });
  progress({ ...event, state: 'start' });
  try {
    const data = await work((detail, fraction) =>
      progress({ ...event, state: 'progress', detail, ...(fraction === undefined ? {} : { fraction }) }),
    );
    await record(journal, {
      event: 'step',
      at: new Date().toISOString(),
      step: id,
      state: 'done',
      ...(data === undefined ? {} : { data }),
    });
    progress({ ...event, state: 'done' });
    return data;
  } catch (error) {
    const failure = asDrError(error, `step ${id}`);
    progress({ ...event, state: 'failed', detail: failure.message });
    await tryRecord(context, {
      event: 'step',
      at: new Date().toISOString(),
      step: id,
      state: 'failed',
      data: failure.message,
    });
    throw failure;
  }
}

/** All finished steps of this restore, over all its runs. */
export function stepReports(journal: Journal): StepReport[] {
  const steps = journal.entries.flatMap((entry) => (entry.event === 'step' ? [entry] : []));
  return steps
    .filter((entry) => entry.state === 'done')
    .map((entry) => {
      const start = steps.findLast((e) => e.step === entry.step && e.state === 'start' && e.at <= entry.at);
      const { title = entry.step, tier = '', at } = start ?? entry;
      return { id: entry.step, title, tier, startedAt: at, endedAt: entry.at };
    });
}

export async function recordEnd(journal: Journal, outcome: 'ready' | 'superseded'): Promise<void> {
  await record(journal, { event: 'end', at: new Date().toISOString(), outcome });
}

/** A journal without an end goes on too. */
export async function recordFailure(context: RestoreContext): Promise<void> {
  await tryRecord(context, { event: 'end', at: new Date().toISOString(), outcome: 'failed' });
}

export async function recordResume(journal: Journal): Promise<void> {
  await record(journal, { event: 'resume', at: new Date().toISOString(), pid: process.pid });
}
