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
  | { readonly kind: 'time'; readonly timeline: number; readonly time: string };

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
function recoveryTime(iso: string): string {
  return iso.replace('T', ' ').replace(/Z$/, '+00');
}

/** Pure. */
export function restoreArguments(request: RestoreRequest, repositoryNumber: number, getScript: string): string[] {
  const { end } = request;
  const target =
    end.kind === 'end-of-wal'
      ? ['--type=default']
      : end.kind === 'immediate'
        ? ['--type=immediate', '--target-action=promote']
        : ['--type=time', `--target=${recoveryTime(end.time)}`, '--target-action=promote'];
  return [
    `--repo=${repositoryNumber}`,
    `--set=${request.capture.set}`,
    `--pg1-path=${request.dataDir}`,
    ...target,
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
