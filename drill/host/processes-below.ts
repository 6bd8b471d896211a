/** Finds processes that work in a folder, whoever started them: `dr` itself may have started PostgreSQL or Redis. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { endProcess } from '../../recovery/core/pids.ts';

/** Only these are ever ended: a shell or pager in the folder is not the drill's. */
const PROGRAMS = ['postgres', 'redis-server', 'pgbackrest', 'restic', 'versitygw'];
const DRILL_NODE = /(drill\/platform\/service\.ts|cli\/main\.js)/;

export interface FoundProcess {
  readonly pid: number;
  readonly command: string;
}

async function describe(pid: number, folders: readonly string[]): Promise<FoundProcess | undefined> {
  const [command, title, program, cwd] = await Promise.all([
    readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
    readFile(`/proc/${pid}/comm`, 'utf8').catch(() => ''),
    readlink(`/proc/${pid}/exe`).catch(() => ''),
    readlink(`/proc/${pid}/cwd`).catch(() => ''),
  ]);
  const name = basename(program).replace(/ \(deleted\)$/, '');
  // Debian's redis-server is a link to another program of Redis; Node gives itself another title.
  const isDrills =
    PROGRAMS.some((p) => name.startsWith(p) || title.startsWith(p)) ||
    (name.startsWith('node') && DRILL_NODE.test(command));
  const here = folders.some((folder) => command.includes(`${folder}/`) || `${cwd}/`.startsWith(`${folder}/`));
  return isDrills && here && pid !== process.pid ? { pid, command: command.replaceAll('\0', ' ').trim() } : undefined;
}

/** Empty where there is no /proc. */
export async function processesBelow(...folders: readonly string[]): Promise<FoundProcess[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map((pid) => describe(pid, folders)));
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
