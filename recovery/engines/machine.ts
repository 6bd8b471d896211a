import { availableParallelism, totalmem } from 'node:os';
import type { DrillEnvironment } from '../report/types.ts';
import { type EngineName, findEngine } from './find.ts';

const ENGINES: readonly EngineName[] = ['postgres', 'pgbackrest', 'restic', 'redis-server', 'versitygw', 'git'];

export async function drillEnvironment(): Promise<DrillEnvironment> {
  const found = await Promise.all(
    ENGINES.map(async (name) => [name, (await findEngine(name))?.version ?? 'not found'] as const),
  );
  return {
    engines: { ...Object.fromEntries(found), node: process.versions.node },
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
  };
}
