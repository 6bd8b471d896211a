/** Why the WAL of a running server does not reach its archive, as the server itself tells it. */
import type pg from 'pg';
import { formatTime } from '../../../report/format.ts';

/** Of a fresh server, and placeholders that discard the WAL. */
export const NO_COMMAND: readonly string[] = ['', '(disabled)', 'true', '/bin/true', 'false', '/bin/false', ':'];

export interface ArchiverState {
  readonly archive_mode: string;
  readonly archive_command: string;
  /** Ships the WAL in place of the command. */
  readonly archive_library: string;
  readonly last: Date | null;
  readonly last_wal: string | null;
  readonly failed: Date | null;
  readonly failed_wal: string | null;
}

export interface ArchiveFault {
  /** It was never told to archive; otherwise it tries and fails. */
  readonly isOff: boolean;
  readonly fact: string;
}

const QUESTION = `
  SELECT current_setting('archive_mode') AS archive_mode, current_setting('archive_command') AS archive_command,
         coalesce(current_setting('archive_library', true), '') AS archive_library,
         last_archived_time AS last, last_archived_wal AS last_wal,
         last_failed_time AS failed, last_failed_wal AS failed_wal
  FROM pg_stat_archiver`;

export async function readArchiver(client: pg.Client): Promise<ArchiverState> {
  const [row] = (await client.query<ArchiverState>(QUESTION)).rows;
  if (row === undefined) throw new TypeError('pg_stat_archiver is empty');
  return row;
}

/** Pure. Undefined where the server archives, as far as it knows. */
export function archiveFault(state: ArchiverState): ArchiveFault | undefined {
  const { archive_mode: mode, archive_command: command, archive_library: library, last, failed } = state;
  if (mode === 'off') return { isOff: true, fact: 'archive_mode is off: run `dr init`' };
  if (library === '' && NO_COMMAND.includes(command.trim())) {
    return { isOff: true, fact: `archive_command is "${command}", which ships nothing: run \`dr init\`` };
  }
  if (failed === null || (last !== null && failed <= last)) return undefined;
  return { isOff: false, fact: `${state.failed_wal} has failed at ${formatTime(failed)}` };
}
