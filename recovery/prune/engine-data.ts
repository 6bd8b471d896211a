/** Decides which engine data goes with the removed points. Pure. */
import type { BackupInfo } from '../engines/pgbackrest/info.ts';
import type { Snapshot } from '../engines/restic/output.ts';
import { fullOf } from './decide.ts';

/** Younger data that no point names may belong to a backup that still runs, here or on another host. */
export const GRACE_SECONDS = 24 * 3600;

export interface Named {
  /** Sets or snapshots of the remaining points. */
  readonly kept: ReadonlySet<string>;
  /** Those of the removed points. */
  readonly removed: ReadonlySet<string>;
  /** Whether data that no point names goes too. False while the catalog shows signs of an intruder. */
  readonly leftovers: boolean;
  readonly now: Date;
}

function goes(id: string, madeAt: Date, { kept, removed, leftovers, now }: Named): boolean {
  if (kept.has(id)) return false;
  if (removed.has(id)) return true;
  return leftovers && now.getTime() - madeAt.getTime() > GRACE_SECONDS * 1000;
}

/** Only snapshots that `dr backup` made: people may keep their own in the same repository. */
export function snapshotsToForget(
  snapshots: readonly Pick<Snapshot, 'id' | 'time' | 'tags'>[],
  named: Named,
): string[] {
  const ours = snapshots.filter(({ tags }) => tags?.some((tag) => tag.startsWith('run=')) === true);
  return ours.filter(({ id, time }) => goes(id, new Date(time), named)).map(({ id }) => id);
}

type SetInfo = Pick<BackupInfo, 'label' | 'prior' | 'reference' | 'timestamp' | 'type'>;

export interface SetsToExpire {
  /** Everything that goes. */
  readonly sets: readonly string[];
  /** For `expire --set`: each removes all sets that are built on it too. */
  readonly roots: readonly string[];
  /** `repo-retention-archive`: all WAL is kept from this many full sets back; older sets keep only their own. */
  readonly archiveFulls: number;
}

/**
 * A set stays as long as a remaining set is built on it, and pgBackRest never removes the last full one. `window`: the sets of the
 * recovery window; all WAL from the oldest of them on stays.
 */
export function setsToExpire(all: readonly SetInfo[], named: Named, window: ReadonlySet<string>): SetsToExpire {
  const doomed = new Set(
    all.filter(({ label, timestamp }) => goes(label, new Date(timestamp.stop * 1000), named)).map(({ label }) => label),
  );
  const byLabel = new Map(all.map((set) => [set.label, set]));
  const spare = (label: string): void => {
    const set = byLabel.get(label);
    if (set === undefined) return;
    doomed.delete(label);
    for (const other of [...(set.prior === null ? [] : [set.prior]), ...(set.reference ?? [])])
      if (doomed.has(other)) spare(other);
  };
  for (const { label } of all) if (!doomed.has(label)) spare(label);
  const fulls = all.filter(({ type }) => type === 'full').map(({ label }) => label);
  const newestFull = fulls.at(-1);
  if (newestFull !== undefined && fulls.every((label) => doomed.has(label))) spare(newestFull);
  const roots = all.filter(({ label, prior }) => doomed.has(label) && (prior === null || !doomed.has(prior)));
  const left = fulls.filter((label) => !doomed.has(label));
  const oldest = all.find(({ label }) => window.has(label) && !doomed.has(label));
  const from = oldest === undefined ? left[0] : fullOf(oldest.label);
  return {
    sets: [...doomed],
    roots: roots.map(({ label }) => label),
    archiveFulls: left.filter((label) => from === undefined || label >= from).length,
  };
}
