/** How a PostgreSQL cluster gets its first data directory. Patroni never initialises a populated one again. */
import type { ClusterRepository } from '../cluster/repository.ts';
import type { RecoveryEnd } from '../config/role.ts';
import type { PostgresSource } from '../config/stores/schema.ts';
import { walLink } from './wal-volume.ts';

/** One repository and one of its lineages. With several repositories pgBackRest would silently continue with the next. */
export interface Source {
  readonly repository: ClusterRepository;
  /** `<site>-<generation>` of the cluster that wrote the lineage. */
  readonly lineage: string;
}

export type Bootstrap =
  /** An empty database. */
  | { readonly kind: 'primary' }
  /** Copies a running server, and streams from it until it is promoted. */
  | { readonly kind: 'adopted'; readonly server: PostgresSource }
  /** Follows the source's WAL until it is promoted. */
  | { readonly kind: 'standby'; readonly source: Source }
  /** Restores the given set and replays WAL to the given end. */
  | { readonly kind: 'recovery'; readonly source: Source; readonly set: string; readonly end: RecoveryEnd };

export function sourceOf(bootstrap: Bootstrap): Source | undefined {
  return 'source' in bootstrap ? bootstrap.source : undefined;
}

/** PostgreSQL accepts `2026-11-23 02:00:00.123+00` in every time zone. */
function recoveryTime(iso: string): string {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(iso)) {
    throw new RangeError(`${JSON.stringify(iso)} is not a time in UTC, e.g. 2026-11-23T02:00:00Z`);
  }
  return iso.replace('T', ' ').replace(/Z$/, '+00');
}

const SET = /^\d{8}-\d{6}F(_\d{8}-\d{6}[DI])?$/;

/** Arguments of `pgbackrest restore` for a recovery. Throws RangeError for an invalid set or time. */
export function recoveryArguments(
  { set, end }: Extract<Bootstrap, { kind: 'recovery' }>,
  restoreCommand: string,
  archive: 'on' | 'off' = 'on',
  walVolume = false,
): string[] {
  if (!SET.test(set))
    throw new RangeError(`${JSON.stringify(set)} is not a label of a backup set, e.g. 20261123-020000F`);
  const target =
    end.kind === 'end-of-wal'
      ? ['--type=default']
      : end.kind === 'immediate'
        ? ['--type=immediate', '--target-action=promote']
        : ['--type=time', `--target=${recoveryTime(end.time)}`, '--target-action=promote'];
  return [
    `--set=${set}`,
    ...target,
    `--target-timeline=${end.timeline}`,
    `--recovery-option=restore_command=${restoreCommand}`,
    ...walLink(walVolume),
    ...(archive === 'on' ? [] : ['--archive-mode=off']),
  ];
}
