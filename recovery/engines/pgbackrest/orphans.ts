/**
 * `pgbackrest restore` takes no lock: two of them in one data directory overwrite each other's files. When only `dr` was killed (out of
 * memory), its pgBackRest still runs when the next restore begins.
 */
import { hasCode } from '../../core/errors.ts';
import { allPids, argvOf } from '../../core/pids.ts';
import { poll } from '../../core/poll.ts';

/** A process that SIGKILL does not end waits for a disk; that one may be slow. */
const END_SECONDS = 10;

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
    } catch (error) {
      // It has ended by itself.
      if (!hasCode(error, 'ESRCH')) throw error;
    }
  }
  const { answer: left, accepted } = await poll(
    { seconds: END_SECONDS, everySeconds: 0.05 },
    () => restoresBy(configFile),
    (found) => found.length === 0,
  );
  if (!accepted) throw new Error(`pgbackrest restore (pid ${left.join(', ')}) of an earlier run can't be ended`);
  return pids;
}
