/**
 * Waits until all WAL up to now is in the archive. A server that is behind, or a slow line, takes as long as it takes: what ends the wait
 * is that nothing arrives and no push moves a byte.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { DrError } from '../../../core/errors.ts';
import { allPids, argvOf, bytesMoved } from '../../../core/pids.ts';
import { poll } from '../../../core/poll.ts';

/** PostgreSQL itself waits a minute before it tries a segment again that failed three times. */
const STALLED_SECONDS = 75;
/** A push that moves less is only trying to connect. */
const LEAST_BYTES = 100_000;

interface ArchiveState {
  readonly last: string | null;
  readonly archived: string;
  readonly waiting: number;
  readonly failed: string | null;
}

const QUESTION = `
  SELECT last_archived_wal AS last, archived_count::text AS archived,
    (SELECT count(*)::int FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready') AS waiting,
    CASE WHEN last_failed_time > coalesce(last_archived_time, '-infinity') THEN last_failed_wal END AS failed
  FROM pg_stat_archiver`;

/** Of all pushes of this host that this account may look at. */
async function pushedBytes(): Promise<number> {
  const pids = await allPids();
  const moved = await Promise.all(
    pids.map(async (pid) => {
      const argv = await argvOf(pid);
      const pushes = /pgbackrest$/.test(argv[0] ?? '') && argv.some((word) => word.startsWith('archive-push'));
      return pushes ? ((await bytesMoved(pid)) ?? 0) : 0;
    }),
  );
  return moved.reduce((sum, bytes) => sum + bytes, 0);
}

/** A push holds pgBackRest's lock of the archive until all that waits is sent. */
const isHeldByPush = (error: unknown): boolean =>
  error instanceof DrError && error.code === 'REPOSITORY-BUSY' && error.fact.includes('archive.lock');

/** Tries again while a push of this host holds the archive and moves bytes. Throws what `work` throws. */
export async function whilePushing<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  let [bytes, since] = [await pushedBytes(), performance.now()];
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const moved = await pushedBytes();
      if (Math.abs(moved - bytes) > LEAST_BYTES) [bytes, since] = [moved, performance.now()];
      if (!isHeldByPush(error) || performance.now() - since > STALLED_SECONDS * 1000) throw error;
    }
    await sleep(1000, undefined, signal === undefined ? {} : { signal });
  }
}

export interface ArchiveWait {
  readonly signal?: AbortSignal | undefined;
  /** Called when the number of segments that wait has changed. */
  readonly onWaiting?: ((segments: number) => void) | undefined;
}

/** Throws `ARCHIVE-STALLED` (exit 1) with the segment that fails. */
export async function untilArchived(client: pg.Client, { signal, onWaiting }: ArchiveWait = {}): Promise<void> {
  const { rows } = await client.query<{ name: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS name');
  const wanted = rows[0]?.name ?? '';
  const isThere = ({ last }: ArchiveState): boolean => (last ?? '').slice(0, 24) >= wanted;
  let [mark, bytes, since] = ['', 0, performance.now()];
  const ask = async (): Promise<ArchiveState> => {
    const [state] = (await client.query<ArchiveState>(QUESTION)).rows;
    if (state === undefined) throw new TypeError('pg_stat_archiver is empty');
    const now = `${state.archived} ${state.waiting}`;
    const moved = await pushedBytes();
    if (now !== mark) onWaiting?.(state.waiting);
    if (now !== mark || Math.abs(moved - bytes) > LEAST_BYTES) [mark, bytes, since] = [now, moved, performance.now()];
    return state;
  };
  const isStalled = (): boolean => performance.now() - since > STALLED_SECONDS * 1000;
  const { answer } = await poll(
    { seconds: Number.POSITIVE_INFINITY, everySeconds: 0.2, signal },
    ask,
    (state) => isThere(state) || isStalled(),
  );
  if (isThere(answer)) return;
  const failing = answer.failed === null ? '' : `; ${answer.failed} fails`;
  throw new DrError({
    code: 'ARCHIVE-STALLED',
    where: 'postgres',
    fact: `no WAL has arrived for ${STALLED_SECONDS} s, and ${answer.waiting} segments wait${failing}`,
    hint: 'the log of PostgreSQL has the words of archive_command; `dr doctor` says whether the repositories answer',
  });
}
