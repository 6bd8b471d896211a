/**
 * Ends the waiting for a replay in which a process is stopped (SIGSTOP, a debugger, a frozen container): nothing else ends it, because a
 * replay may take as long as there is WAL. A process that was killed is no such case: pgBackRest is asked again by `restore_command`.
 */
import type { PostgresSettings } from '../../config/environment.ts';
import { DrError } from '../../core/errors.ts';
import { argvOf, isStopped } from '../../core/pids.ts';
import { processesIn } from '../../core/process/holders.ts';
import { fetchesBy } from '../../engines/pgbackrest/orphans.ts';
import { watchRoom } from './replay-room.ts';

/** Somebody who looks at a process with a debugger is done by then. */
const STOPPED_SECONDS = 60;
const EVERY_MS = 2000;

/** The server, and the commands that it runs. */
const PROGRAMS = /^(?:postgres|postmaster|sh|dash|bash|pgbackrest)$/;

export interface StoppedWatch {
  readonly settings: Pick<PostgresSettings, 'dataDir'>;
  /** pgBackRest's own (`PgBackRest.folder`). */
  readonly folder: string;
  /** How long a process may be stopped. @default a minute */
  readonly seconds?: number;
}

/** For whoever waits for a replay: asked again and again, it looks every two seconds. Throws `REPLAY-STOPPED` with the process. */
export function watchStopped({ settings, folder, seconds = STOPPED_SECONDS }: StoppedWatch): () => Promise<void> {
  let next = 0;
  let since = new Map<number, number>();
  return async () => {
    const now = performance.now();
    if (now < next) return;
    next = now + EVERY_MS;
    const pids = [...(await processesIn(settings.dataDir, PROGRAMS)), ...(await fetchesBy(folder))];
    since = new Map(pids.filter(isStopped).map((pid) => [pid, since.get(pid) ?? now]));
    const [pid] = [...since].find(([, begun]) => performance.now() - begun >= seconds * 1000) ?? [];
    if (pid === undefined) return;
    const words = (await argvOf(pid)).join(' ').trim().slice(0, 200);
    throw new DrError({
      code: 'REPLAY-STOPPED',
      where: settings.dataDir,
      fact: `the replay waits for a process that has been stopped for ${seconds} s: ${words} (pid ${pid})`,
      hint: `let it go on (kill -CONT ${pid}) or end it (kill -9 ${pid}), and run the same command again: it resumes`,
    });
  };
}

/** Both ends of a replay that nothing else ends: no room, and a process that is stopped. */
export function watchReplay(watched: StoppedWatch): () => Promise<void> {
  const [room, stopped] = [watchRoom(watched.folder), watchStopped(watched)];
  return async () => {
    await room();
    await stopped();
  };
}
