/** Processes that work in a folder, however they were started: PostgreSQL and Redis may have been started by `dr` itself. */
import { basename } from 'node:path';
import { allPids, endProcess, processDetails, processStat } from '../../recovery/core/pids.ts';

/** Only these are ever ended: a person's shell or pager in the folder is none of the drill's. */
const PROGRAMS = ['postgres', 'redis-server', 'pgbackrest', 'restic', 'versitygw'];
const DRILL_NODE = /(drill\/platform\/service\.ts|cli\/main\.js)/;

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
  const ours =
    PROGRAMS.some((p) => name.startsWith(p) || title.startsWith(p)) ||
    (name.startsWith('node') && DRILL_NODE.test(command));
  const here = folders.some((folder) => command.includes(`${folder}/`) || `${cwd}/`.startsWith(`${folder}/`));
  return ours && here && pid !== process.pid ? { pid, command } : undefined;
}

/** Empty where there is no /proc. */
export async function processesBelow(...folders: readonly string[]): Promise<FoundProcess[]> {
  const found = await Promise.all((await allPids()).map((pid) => describe(pid, folders)));
  return found.filter((p) => p !== undefined);
}

/** SIGKILL to all of them, parents and children, until none is left. */
export async function killBelow(...folders: readonly string[]): Promise<FoundProcess[]> {
  const killed: FoundProcess[] = [];
  for (let round = 0; round < 5; round++) {
    const found = await processesBelow(...folders);
    if (found.length === 0) break;
    killed.push(...found);
    await Promise.all(found.map(({ pid }) => endProcess(pid, 'SIGKILL')));
  }
  return killed;
}
