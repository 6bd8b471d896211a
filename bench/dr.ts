/** The `dr` command as it is typed, and how long each of its steps took. */
import { drClient, type RestoreData } from '../drill/dr-client.ts';
import { median } from './statistics.ts';

export type StepTimes = Map<string, number[]>;

export async function dr<T>(envFile: string, ...args: string[]): Promise<T> {
  return (await drClient({ envFile, logFile: `${envFile}.log` }).call<T>(args)).data;
}

/** Restores PostgreSQL alone and notes the times of its steps. */
export async function drRestore(envFile: string, times: StepTimes, ...args: string[]): Promise<void> {
  const only = ['restore', '--to', 'latest', '--from', 'local', '--only', 'postgres', '--no-backup'];
  const begun = Date.now();
  const { steps } = await dr<RestoreData>(envFile, ...only, ...args);
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
