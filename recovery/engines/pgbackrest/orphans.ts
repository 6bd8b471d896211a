/**
 * `pgbackrest restore` takes no lock: two of them in one data directory overwrite each other's files. When only `dr` was killed (out of
 * memory), its pgBackRest still runs when the next restore begins.
 */
import pRetry from 'p-retry';
import { allPids, argvOf } from '../../core/pids.ts';

/** Pids of restores and their workers with this configuration file, which belongs to one restore. None where there is no /proc. */
async function restoresBy(configFile: string): Promise<number[]> {
  const pids = await allPids();
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [program = '', ...args] = await argvOf(pid);
      const restores = args.includes('restore') || args.includes('restore:local');
      return /(?:^|\/)pgbackrest$/.test(program) && restores && args.includes(`--config=${configFile}`);
    }),
  );
  return pids.filter((_, i) => found[i]);
}

/** Ends them and returns their pids when all have ended. */
export async function endOrphans(configFile: string): Promise<number[]> {
  const pids = await restoresBy(configFile);
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Ended by itself.
    }
  }
  await pRetry(
    async () => {
      const left = await restoresBy(configFile);
      if (left.length > 0)
        throw new Error(`pgbackrest restore (pid ${left.join(', ')}) of an earlier run can't be ended`);
    },
    { retries: 100, minTimeout: 50, maxTimeout: 100, factor: 1 },
  );
  return pids;
}
