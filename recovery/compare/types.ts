/** What changed between two points: sections of changes, and what could not be compared. */

/** `foothold`: what an intruder would leave. `access`: who may do what, and what runs. `other`: everything else. */
export const RANKS = ['foothold', 'access', 'other'] as const;
export type Rank = (typeof RANKS)[number];

export type ChangeKind = 'added' | 'removed' | 'changed';

export interface Change {
  readonly kind: ChangeKind;
  /** `superuser`, `trigger`, `ClusterRoleBinding`, `file` … */
  readonly what: string;
  readonly name: string;
  readonly rank: Rank;
  /** For people, without secrets. */
  readonly facts: readonly string[];
}

export interface Section {
  readonly workload: string;
  readonly title: string;
  /** Most telling first. */
  readonly changes: readonly Change[];
  /** Further changes that are counted and not listed. */
  readonly unlisted: number;
  /** What was not looked at in this section, and what the copies say of themselves. */
  readonly notes: readonly string[];
  /** What of this workload could not be compared, a line each. */
  readonly gaps: readonly string[];
}

/** Never to be read as "no difference". */
export interface NotCompared {
  readonly workload: string;
  readonly fact: string;
  readonly hint: string;
}

const KINDS: readonly ChangeKind[] = ['added', 'changed', 'removed'];

/** Among footholds, as a responder would ask for them; the rest by kind and name. */
const FIRST = [
  ...['superuser', 'role', 'SECURITY DEFINER', 'trigger', 'event trigger', 'ClusterRoleBinding', 'RoleBinding'],
  ...['cron job', 'CronJob', 'Redis user', 'access rules', 'extension', 'library', 'file'],
];

function place({ what, facts }: Change): number {
  const found = FIRST.findIndex((each) => what.startsWith(each) || facts[0]?.startsWith(each) === true);
  return found < 0 ? FIRST.length : found;
}

/** Most telling first; among those, new before changed before removed. */
export function sorted(changes: readonly Change[]): Change[] {
  return changes.toSorted(
    (a, b) =>
      RANKS.indexOf(a.rank) - RANKS.indexOf(b.rank) ||
      place(a) - place(b) ||
      KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) ||
      a.what.localeCompare(b.what, 'en') ||
      a.name.localeCompare(b.name, 'en'),
  );
}

export function section(
  workload: string,
  title: string,
  changes: readonly Change[],
  { notes = [], gaps = [], unlisted = 0 }: Partial<Pick<Section, 'notes' | 'gaps' | 'unlisted'>> = {},
): Section {
  return { workload, title, changes: sorted(changes), unlisted, notes, gaps };
}
