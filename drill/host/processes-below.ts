/** Finds processes that work in a folder, whoever started them: `dr` itself may have started PostgreSQL or Redis. */
import { basename } from 'node:path';
import { allPids, endProcess, processDetails, processStat } from '../../recovery/core/pids.ts';

/** Only these are ever ended: a shell or pager in the folder is not the drill's. */
const PROGRAMS = ['postgres', 'redis-server', 'pgbackrest', 'restic', 'versitygw'];
const DRILL_NODE = /(drill\/platform\/service\.ts|drill\/s3\/strict\/serve\.ts|cli\/main\.js)/;

export interface FoundProcess {
  readonly pid: number;
  readonly command: string;
}

async function describe(pid: number, folders: readonly string[]): Promise<FoundProcess | undefined> {
  const { argv, executable, folder: cwd } = await processDetails(pid);
  const title = processStat(pid)?.name ?? '';
  const command = argv.join(' ');
  const name = basename(executable).replace(/ \(deleted\)$/, '');
  // Debian's redis-server is a link to another program of Redis; Node gives itself another title.
  const isDrills =
    PROGRAMS.some((p) => name.startsWith(p) || title.startsWith(p)) ||
    (name.startsWith('node') && DRILL_NODE.test(command));
  const here = folders.some((folder) => command.includes(`${folder}/`) || `${cwd}/`.startsWith(`${folder}/`));
  return isDrills && here && pid !== process.pid ? { pid, command } : undefined;
}

/** Empty where there is no /proc. */
export async function processesBelow(...folders: readonly string[]): Promise<FoundProcess[]> {
  const found = await Promise.all((await allPids()).map((pid) => describe(pid, folders)));
  return found.filter((p) => p !== undefined);
}

/** Sends SIGKILL to all of them, parents and children, until none is left. */
export async function killBelow(...folders: readonly string[]): Promise<FoundProcess[]> {
  const killed: FoundProcess[] = [];
  // A process that forks while it is killed is found in the next round.
  for (let round = 0; round < 5; round++) {
    const found = await processesBelow(...folders);
    if (found.length === 0) break;
    killed.push(...found);
    await Promise.all(found.map(({ pid }) => endProcess(pid, 'SIGKILL')));
  }
  return killed;
}
