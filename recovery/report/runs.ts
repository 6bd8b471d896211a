/** How each scheduled run ended, a JSON line each, in `<stateDir>/runs.jsonl`: a failure is known at once, not when its point is missed. */
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { selectWorkloads } from '../../plan/select.ts';
import type { Plan, Schedule } from '../../plan/types.ts';
import { hasCode } from '../core/errors.ts';

const runSchema = z.discriminatedUnion('what', [
  z.object({ at: z.iso.datetime(), what: z.literal('backup'), schedule: z.string(), ok: z.boolean() }),
  z.object({ at: z.iso.datetime(), what: z.literal('verify'), repository: z.string(), ok: z.boolean() }),
]);
export type RunRecord = z.infer<typeof runSchema>;

function runsFile(stateDir: string): string {
  return join(stateDir, 'runs.jsonl');
}

export async function recordRun(stateDir: string, run: RunRecord): Promise<void> {
  await mkdir(stateDir, { recursive: true });
  // On a line of its own, even after one that was torn when a process was killed.
  await appendFile(runsFile(stateDir), `\n${JSON.stringify(runSchema.parse(run))}\n`, { mode: 0o600 });
}

/** In the order they were written. No file is no run; a torn or foreign line is left out. */
export async function readRuns(stateDir: string): Promise<RunRecord[]> {
  let text: string;
  try {
    text = await readFile(runsFile(stateDir), 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
  return text.split('\n').flatMap((line) => {
    try {
      return runSchema.safeParse(JSON.parse(line)).data ?? [];
    } catch {
      return [];
    }
  });
}

/** The schedule that `dr backup --kind KIND [--only …]` carries out; undefined for a run that no schedule makes. Pure. */
export function scheduleOf(plan: Plan, kind: Schedule['kind'], only: readonly string[]): string | undefined {
  const sized = plan.schedules
    .filter((schedule) => schedule.kind === kind)
    .map(({ id, workloads }) => ({ id, covers: selectWorkloads(plan, workloads).map((workload) => workload.id) }))
    .sort((a, b) => b.covers.length - a.covers.length);
  if (only.length === 0) return sized[0]?.id;
  return sized.find(({ covers }) => covers.length === only.length && covers.every((id) => only.includes(id)))?.id;
}

interface Scheduled {
  readonly plan: Plan;
  readonly stateDir: string;
  readonly kind: Schedule['kind'];
  readonly only: readonly string[];
  now(): Date;
}

/** Carries out a backup and keeps how it ended, when it is a run of a schedule. Exit 0 is well; one that throws has failed. */
export async function rememberBackup<T extends { readonly exit?: number }>(
  { plan, stateDir, kind, only, now }: Scheduled,
  backup: () => Promise<T>,
): Promise<T> {
  const schedule = scheduleOf(plan, kind, only);
  const remember = async (ok: boolean): Promise<void> => {
    if (schedule !== undefined) await recordRun(stateDir, { at: now().toISOString(), what: 'backup', schedule, ok });
  };
  let result: T;
  try {
    result = await backup();
  } catch (error) {
    // That a run could not be remembered must not hide why it failed.
    await remember(false).catch(() => {});
    throw error;
  }
  await remember((result.exit ?? 0) === 0);
  return result;
}
