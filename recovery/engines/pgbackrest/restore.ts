/** Laying a set down in a data directory. What makes it startable (`recovery.signal`, global/pg_control) is written last by pgBackRest. */
import type { Repository } from '../../config/site.ts';
import { commandWord, withinSetting } from '../../core/quote.ts';
import type { PostgresCapture } from '../../points/point.ts';
import { endOrphans } from './orphans.ts';
import type { PgBackRest } from './pgbackrest.ts';
import { type Fraction, readFraction } from './sets.ts';
import { explainFailedRestore } from './verify.ts';

/** Where replay ends. `timeline` is always explicit, so that a fork in the archive is never followed by chance. */
export type RecoveryEnd =
  | { readonly kind: 'end-of-wal'; readonly timeline: number }
  | { readonly kind: 'immediate'; readonly timeline: number }
  | { readonly kind: 'time'; readonly timeline: number; readonly time: string }
  /** Just before the end of a transaction. */
  | { readonly kind: 'xid'; readonly timeline: number; readonly xid: string; readonly lsn: string }
  /** A record of the WAL: the last one that is replayed, or the first one that is not. */
  | { readonly kind: 'lsn'; readonly timeline: number; readonly lsn: string; readonly inclusive: boolean };

export interface RestoreRequest {
  readonly repository: Repository;
  readonly capture: PostgresCapture;
  readonly end: RecoveryEnd;
  readonly dataDir: string;
  /** Keep files that are already right (by checksum). Needed where the data directory is not empty. */
  readonly delta: boolean;
  readonly onFraction?: Fraction;
  readonly signal?: AbortSignal | undefined;
}

/** `2026-11-23 02:00:00.123+00`: what PostgreSQL takes as recovery_target_time whatever its time zone. */
export function recoveryTime(iso: string): string {
  return iso.replace('T', ' ').replace(/Z$/, '+00');
}

function targetArguments(end: RecoveryEnd): string[] {
  switch (end.kind) {
    case 'end-of-wal':
      return ['--type=default'];
    case 'immediate':
      return ['--type=immediate', '--target-action=promote'];
    case 'time':
      return ['--type=time', `--target=${recoveryTime(end.time)}`, '--target-action=promote'];
    case 'xid':
      return ['--type=xid', `--target=${end.xid}`, '--target-exclusive', '--target-action=promote'];
    case 'lsn': {
      const exclusive = end.inclusive ? [] : ['--target-exclusive'];
      return ['--type=lsn', `--target=${end.lsn}`, ...exclusive, '--target-action=promote'];
    }
  }
}

/** Pure. */
export function restoreArguments(request: RestoreRequest, repositoryNumber: number, getScript: string): string[] {
  const { end } = request;
  return [
    `--repo=${repositoryNumber}`,
    `--set=${request.capture.set}`,
    `--pg1-path=${request.dataDir}`,
    ...targetArguments(end),
    // For `immediate` pgBackRest stays on the timeline of the set, and refuses the option.
    ...(end.kind === 'immediate' ? [] : [`--target-timeline=${end.timeline}`]),
    // pgBackRest writes the value into postgresql.auto.conf as it is.
    `--recovery-option=restore_command=${withinSetting(`${commandWord(getScript)} %f "%p"`)}`,
    // The set brings its source's archive_command along: whoever starts the server too early must not archive by it.
    '--archive-mode=off',
    '--link-all',
    ...(request.delta ? ['--delta'] : []),
    '--log-level-console=detail',
  ];
}

/** Idempotent with `delta`: what is already right stays. Throws `SET-DAMAGED` with the files where pgBackRest only says that it failed. */
export async function restoreSet(pg: PgBackRest, request: RestoreRequest): Promise<void> {
  await endOrphans(pg.configFile);
  const args = restoreArguments(request, pg.number(request.repository), pg.getScript);
  const onLine = (line: string): void => {
    const fraction = readFraction(line);
    if (fraction !== undefined) request.onFraction?.(fraction);
  };
  try {
    await pg.run('restore', args, { signal: request.signal, onLine, keep: 'ends' });
  } catch (error) {
    const { repository, capture, signal } = request;
    throw await explainFailedRestore(pg, { repository, set: capture.set, error, signal });
  }
}
