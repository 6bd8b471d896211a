/** What each step of a restore gets, and how a step runs: the journal records it, and a later run skips it. */
import type { z } from 'zod';
import { formatDuration, seconds } from '../../plan/duration.ts';
import type { Repository, Site } from '../config/site.ts';
import { asDrError } from '../core/as-dr-error.ts';
import { type DrError, verificationFailed } from '../core/errors.ts';
import type { Journal } from '../core/journal.ts';
import type { Progress } from '../core/progress.ts';
import { secondsLeft } from '../report/pace.ts';
import type { RestoreItem, RestorePlan } from './restore-plan.ts';

type Facts = Omit<Check, 'tier' | 'ok'> & { ok?: boolean };

/** @param facts `ok` where equality is not the question */
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

export function nothingCompared(workload: string): DrError {
  return verificationFailed({
    code: 'VERIFICATION-FAILED',
    where: workload,
    fact: 'its capture holds nothing that the data could be compared with',
    hint: 'nothing is marked ready or verified; use another point or repository (`dr points`)',
  });
}

/** The checks as they came. Throws `VERIFICATION-FAILED` (exit 5) with every difference, and where nothing was compared. */
export function judged(item: Pick<RestoreItem, 'workload'>, checks: Check[]): Check[] {
  if (checks.length === 0) throw nothingCompared(item.workload);
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
  /** The repository that is read, or a copy of its state at a moment. */
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

/** For a record that only helps: a full disk must not hide the failure that the record is about. */
async function tryRecord({ site, journal }: RestoreContext, entry: Parameters<Journal['append']>[0]): Promise<void> {
  await journal
    .append(entry)
    .catch((error: unknown) => site.log.warn({ error: String(error), journal: journal.file }, 'not recorded'));
}

/** Marks finished steps to be done again: somebody has removed what they made, or it has proved to be wrong. */
export async function redo({ journal, progress }: RestoreContext, ids: readonly string[], why: string): Promise<void> {
  for (const id of ids) {
    if (!journal.done(id)) continue;
    await journal.append({ event: 'step', at: new Date().toISOString(), step: id, state: 'failed', data: why });
    progress({ step: `restore/${id}`, title: id, state: 'retry', detail: why });
  }
}

export interface Step {
  readonly item: Pick<RestoreItem, 'tier' | 'title'> & { readonly capture?: { readonly bytes: number } };
  /** `redis/copy` */
  readonly id: string;
  /** What it does, in a few words: `copy the snapshot`. */
  readonly what: string;
  /** Do it in each run: what it has found may have changed since. @default false */
  readonly again?: boolean;
}

/** `fraction`: 0 to 1. */
type Report = (detail: string, fraction?: number) => void;

type Work<T> = (report: Report) => Promise<T>;

const eventOf = ({ item, id, what }: Step) => ({
  step: `restore/${id}`,
  title: `${item.title}: ${what}`,
  tier: item.tier,
});

/** Warns once, while there is time to act, when the step would end after its tier must be back. */
function watchObjective({ site, plan, progress }: RestoreContext, what: Step): (fraction: number) => void {
  const begun = Date.now();
  const { tier, title } = what.item;
  const rto = site.plan.tiers.find(({ id }) => id === tier)?.rto;
  let warned = false;
  return (fraction) => {
    const left = secondsLeft({ fraction, seconds: (Date.now() - begun) / 1000 });
    if (warned || left === undefined || rto === undefined) return;
    const late = (Date.now() - Date.parse(plan.declaredAt)) / 1000 + left - seconds(rto);
    if (late <= 0) return;
    warned = true;
    const fact = `at this rate the RTO of ${tier} (${rto}) is missed by ${formatDuration(Math.round(late))}`;
    site.log.warn({ tier, rto }, `${title}: ${fact}`);
    progress({ step: `restore/objective/${tier}`, title: `WARNING: ${fact}`, tier, state: 'skipped' });
  };
}

async function runStep<T>(context: RestoreContext, what: Step, work: Work<T>): Promise<T> {
  const { journal, progress, signal } = context;
  const event = eventOf(what);
  const { title, tier } = event;
  signal?.throwIfAborted();
  try {
    const data = await journal.run({ id: what.id, title, tier }, () => {
      progress({ ...event, state: 'start' });
      const watch = watchObjective(context, what);
      return work((detail, fraction) => {
        const { bytes } = what.item.capture ?? {};
        const part = fraction === undefined ? {} : { fraction, ...(bytes === undefined ? {} : { bytes }) };
        progress({ ...event, state: 'progress', detail, ...part });
        if (fraction !== undefined) watch(fraction);
      });
    });
    progress({ ...event, state: 'done' });
    return data;
  } catch (error) {
    const failure = asDrError(error, `step ${what.id}`);
    progress({ ...event, state: 'failed', detail: failure.message });
    throw failure;
  }
}

function skip({ progress }: RestoreContext, what: Step): void {
  progress({ ...eventOf(what), state: 'skipped', detail: 'done by an earlier run' });
}

/** Runs `work` unless the journal says that an earlier run has done it. */
export async function step(context: RestoreContext, what: Step, work: Work<unknown>): Promise<void> {
  if (context.journal.done(what.id) && what.again !== true) skip(context, what);
  else await runStep(context, what, work);
}

/** The same with a result: JSON, which the journal keeps. What another version of `dr` left there is made anew. */
export async function stepResult<T>(
  context: RestoreContext,
  what: Step & { readonly result: z.ZodType<T> },
  work: Work<T>,
): Promise<T> {
  const kept = what.again === true ? undefined : context.journal.result(what.id, what.result);
  if (kept === undefined) return runStep(context, what, work);
  skip(context, what);
  return kept.data;
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
  await journal.append({ event: 'end', at: new Date().toISOString(), outcome });
}

/** A journal without an end resumes too. */
export async function recordFailure(context: RestoreContext): Promise<void> {
  await tryRecord(context, { event: 'end', at: new Date().toISOString(), outcome: 'failed' });
}

export async function recordResume(journal: Journal): Promise<void> {
  await journal.append({ event: 'resume', at: new Date().toISOString(), pid: process.pid });
}
