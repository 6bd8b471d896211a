/**
 * How each scheduled backup, each verification and each comprehensive health check ended: one JSON line each in `<stateDir>/runs.jsonl`. The monitor reads them, so that a
 * failed backup shows before its point is missed, and damage as soon as it is found.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { selectWorkloads } from '../../plan/select.ts';
import type { Plan, Schedule } from '../../plan/types.ts';
import { ignoring } from '../core/absent.ts';
import { makePassableFolder } from '../core/account.ts';
import { hasCode } from '../core/errors.ts';
import { appendFile } from '../core/files/writes.ts';
import { parseJson } from '../core/json.ts';

const runSchema = z.discriminatedUnion('what', [
  z.object({ at: z.iso.datetime(), what: z.literal('backup'), schedule: z.string(), ok: z.boolean() }),
  z.object({
    at: z.iso.datetime(),
    what: z.literal('verify'),
    repository: z.string(),
    ok: z.boolean(),
    /** It restored a point to a scratch place too. */
    deep: z.boolean().optional(),
    /** Ids of the workloads that came back. */
    restored: z.array(z.string()).optional(),
  }),
  /** `dr health --comprehensive`, which a test of the plan may be. */
  z.object({ at: z.iso.datetime(), what: z.literal('health'), ok: z.boolean(), by: z.string().optional() }),
]);
export type RunRecord = z.infer<typeof runSchema>;

function runsFile(stateDir: string): string {
  return join(stateDir, 'runs.jsonl');
}

export async function recordRun(stateDir: string, run: RunRecord): Promise<void> {
  await makePassableFolder(stateDir);
  // Begins a new line first: the last one may be torn, if its process was killed.
  await appendFile(runsFile(stateDir), `\n${JSON.stringify(runSchema.parse(run))}\n`, { mode: 0o600 });
}

/** In the order of writing. Empty without a file; skips torn and unknown lines. */
export async function readRuns(stateDir: string): Promise<RunRecord[]> {
  let text: string;
  try {
    text = await readFile(runsFile(stateDir), 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
  return text.split('\n').flatMap((line) => {
    return runSchema.safeParse(parseJson(line)).data ?? [];
  });
}

/** The schedule that `dr backup --kind KIND [--only …]` carries out; undefined for an unscheduled run. Pure. */
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

/** Runs a backup and records how it ended, if it carries out a schedule. Anything but exit 0 is a failure. */
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
    // An error while recording must not hide the backup's own error.
    await remember(false).catch(ignoring('the backup’s own error says more'));
    throw error;
  }
  await remember((result.exit ?? 0) === 0);
  return result;
}
