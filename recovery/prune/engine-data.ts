/** Pure: which data of the engines goes, once the points are decided. */
import type { BackupInfo } from '../engines/pgbackrest/info.ts';
import type { Snapshot } from '../engines/restic/output.ts';
import { fullOf } from './decide.ts';

/** What no point names and is younger may belong to a backup that still runs, here or on another host. */
export const GRACE_SECONDS = 24 * 3600;

export interface Named {
  /** Sets or snapshots that points name which stay. */
  readonly kept: ReadonlySet<string>;
  /** Those of the points that go. */
  readonly removed: ReadonlySet<string>;
  /** False while the catalog shows signs of an intruder: then only what a removed point named goes. */
  readonly leftovers: boolean;
  readonly now: Date;
}

function goes(id: string, madeAt: Date, { kept, removed, leftovers, now }: Named): boolean {
  if (kept.has(id)) return false;
  if (removed.has(id)) return true;
  return leftovers && now.getTime() - madeAt.getTime() > GRACE_SECONDS * 1000;
}

/** Only snapshots that `dr backup` made: a person's own in the same repository are none of ours. */
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
  /** What `expire --set` is called with: each takes along all that is built on it. */
  readonly roots: readonly string[];
  /** `repo-retention-archive`: WAL is kept without a gap from this many full sets on; of older sets only their own. */
  readonly archiveFulls: number;
}

/**
 * A set stays as long as one that stays is built on it, and pgBackRest never gives up the last full one. `window`: sets within the
 * window of recovery, from the oldest of which on all WAL stays.
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
