/** Runs the `dr` command and records how long each of its steps took. */
import type { z } from 'zod';
import { type DrClient, drClient, restoreSchema } from '../drill/dr-client.ts';
import { median } from './statistics.ts';

export type StepTimes = Map<string, number[]>;

const clientOf = (envFile: string): DrClient => drClient({ envFile, logFile: `${envFile}.log` });

/** For a command whose answer is not read. */
export function runDr(envFile: string, ...args: string[]): Promise<void> {
  return clientOf(envFile).run(args);
}

export async function dr<T>(envFile: string, answer: z.ZodType<T>, ...args: string[]): Promise<T> {
  return (await clientOf(envFile).call(args, { answer })).data;
}

/** Restores PostgreSQL alone and records the times of its steps. */
export async function drRestore(envFile: string, times: StepTimes, ...args: string[]): Promise<void> {
  const only = ['restore', '--to', 'latest', '--from', 'local', '--only', 'postgres', '--no-backup'];
  const begun = Date.now();
  const { steps } = await dr(envFile, restoreSchema, ...only, ...args);
  const note = (id: string, milliseconds: number) =>
    times.set(id, [...(times.get(id) ?? []), Math.max(0, milliseconds) / 1000]);
  const [first] = steps;
  const last = steps.at(-1);
  if (first) note('start, plan and preflight', Date.parse(first.startedAt) - begun);
  for (const { id, startedAt, endedAt } of steps) note(id, Date.parse(endedAt) - Date.parse(startedAt));
  if (last) note('report and end', Date.now() - Date.parse(last.endedAt));
}

/** `step postgres/copy (s)` → median */
export function stepFacts(times: StepTimes): Record<string, number> {
  return Object.fromEntries([...times].map(([id, values]) => [`step ${id} (s)`, Number(median(values).toFixed(3))]));
}
