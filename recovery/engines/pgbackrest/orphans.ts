/**
 * Processes of pgBackRest that outlive what started them. `restore` takes no lock: two of them in one data directory overwrite each other's
 * files. A fetch of WAL in the background holds its lock, and as long as it does every replay waits for it, or gets the error that it has
 * left.
 */
import { hasCode } from '../../core/errors.ts';
import { allPids, argvOf } from '../../core/pids.ts';
import { poll } from '../../core/poll.ts';

/** A process that SIGKILL does not end waits for a disk; that one may be slow. */
const END_SECONDS = 10;

/** Pids of pgBackRest's processes whose arguments `isWanted` accepts. None where there is no /proc. */
async function processesWith(isWanted: (args: readonly string[]) => boolean): Promise<number[]> {
  const pids = await allPids();
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [program = '', ...args] = await argvOf(pid);
      return /(?:^|\/)pgbackrest$/.test(program) && isWanted(args);
    }),
  );
  return pids.filter((_, n) => found[n]);
}

/** Restores and their workers with this configuration file, which belongs to one restore. */
const restoresBy = (configFile: string): Promise<number[]> =>
  processesWith(
    (args) => (args.includes('restore') || args.includes('restore:local')) && args.includes(`--config=${configFile}`),
  );

/** What fetches WAL with a configuration in this folder (`PgBackRest.folder`), and its workers. */
export const fetchesBy = (folder: string): Promise<number[]> =>
  processesWith(
    (args) =>
      args.some((word) => word.startsWith('archive-get')) &&
      args.some((word) => word.startsWith(`--config=${folder}/`)),
  );

async function endAll(find: () => Promise<number[]>, what: string): Promise<number[]> {
  const pids = await find();
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
    find,
    (found) => found.length === 0,
  );
  if (!accepted) throw new Error(`pgbackrest ${what} (pid ${left.join(', ')}) of an earlier run can't be ended`);
  return pids;
}

/** Ends the restores of a run of which only `dr` was killed (out of memory). Returns their pids when all have ended. */
export const endOrphans = (configFile: string): Promise<number[]> => endAll(() => restoresBy(configFile), 'restore');

/** Call it while no server replays with this folder. */
export const endFetches = (folder: string): Promise<number[]> => endAll(() => fetchesBy(folder), 'archive-get');
