/** The machine that the numbers were measured on. */
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { type EngineName, findEngine } from '../recovery/engines/find.ts';

const ENGINES: readonly EngineName[] = ['postgres', 'pgbackrest', 'restic', 'redis-server', 'git'];

export interface Machine {
  readonly system: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryGB: number;
  readonly node: string;
}

export function machineFacts(): Machine {
  return {
    system: `${type()} ${release()}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: availableParallelism(),
    memoryGB: Number((totalmem() / 1e9).toFixed(1)),
    node: process.versions.node,
  };
}

/** Load average of one minute: more than the number of CPUs means that something else runs too. */
export function load(): number {
  return Number((loadavg()[0] ?? 0).toFixed(2));
}

export async function engineVersions(): Promise<Record<string, string>> {
  const found = await Promise.all(ENGINES.map(async (name) => [name, (await findEngine(name))?.version] as const));
  return Object.fromEntries(found.map(([name, version]) => [name, version ?? 'missing']));
}
