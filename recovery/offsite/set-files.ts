/** Selects the files of a pgBackRest repository that suffice to restore one set. Pure. */
import type { BackupInfo } from '../engines/pgbackrest/info.ts';

/** The set and those it is built on, oldest first. Throws RangeError for a set that is not listed. */
export function chainOf(sets: readonly Pick<BackupInfo, 'label' | 'prior' | 'reference'>[], label: string): string[] {
  const byLabel = new Map(sets.map((set) => [set.label, set]));
  const chain = new Set<string>();
  const take = (name: string): void => {
    if (chain.has(name)) return;
    const set = byLabel.get(name);
    if (set === undefined) throw new RangeError(`the set ${name} is not listed`);
    chain.add(name);
    for (const other of [...(set.prior === null ? [] : [set.prior]), ...(set.reference ?? [])]) take(other);
  };
  take(label);
  return [...chain].sort();
}

export interface SetNeeds {
  readonly stanza: string;
  readonly chain: readonly string[];
  /** First and last segment that the set needs to be consistent. Their positions count, on every timeline. */
  readonly walStart: string;
  readonly walStop: string;
}

/** The files that are encrypted with the passphrase itself. They hold the keys of all other files. */
export function infoFiles(stanza: string): string[] {
  return ['archive', 'backup'].flatMap((kind) => {
    const file = `${kind}/${stanza}/${kind}.info`;
    return [file, `${file}.copy`];
  });
}

/** @param paths relative to the pgBackRest repository; the info files are not among the result */
export function filesOfSet(paths: readonly string[], needs: SetNeeds): string[] {
  const { stanza, chain, walStart, walStop } = needs;
  const sets = chain.map((label) => `backup/${stanza}/${label}/`);
  const isWanted = (path: string): boolean => {
    if (path.startsWith(`archive/${stanza}/`)) {
      // Timeline histories: a few bytes each, and replay reads them.
      if (path.endsWith('.history')) return true;
      const segment = /\/([0-9A-F]{24})[-.][^/]*$/.exec(path)?.[1]?.slice(8);
      return segment !== undefined && segment >= walStart.slice(8) && segment <= walStop.slice(8);
    }
    return sets.some((prefix) => path.startsWith(prefix));
  };
  return paths.filter(isWanted);
}
