/** One fact that matters for recovery, as one side declares it. */

/** `--accept` names them too. What costs data soonest comes first: the table of a comment is in this order. */
export const AREAS = [
  'data',
  'archiving',
  'durability',
  'rpo',
  'immutability',
  'access',
  'encryption',
  'recovery',
  'retention',
  'regions',
  'replication',
  'schedules',
  'rto',
  'drills',
  'alarms',
  'instances',
  'cost',
] as const;
export type Area = (typeof AREAS)[number];

/** What `postgres` and `redis` hold; `all`: every copy, or every key. */
export type Store = 'postgres' | 'redis' | 'all';

/** What it means for people if this gets worse. */
export interface Harm {
  readonly store: Store;
  /** A clause: `no WAL is archived, so nothing after the last backup comes back`. */
  readonly says: string;
}

/** What a difference of a list means. */
export type Direction = 'worse' | 'better' | 'unknown' | 'changed';

/** A list whose order means nothing. A change shows only what was added and what was removed. */
export interface Items {
  readonly all: readonly string[];
  readonly more: Direction;
  readonly fewer: Direction;
  /** True where `wide` allows everything that `narrow` allows: replacing the first by the second adds nothing. */
  readonly covers?: (wide: string, narrow: string) => boolean;
}

export interface Fact {
  readonly area: Area;
  /** Identifies the fact on both sides: `lock of go-coffee-backups`. */
  readonly what: string;
  /** For people: `90 d`. */
  readonly value: string;
  /** Greater is better; less than before, or gone, is worse. Undefined where no value is better. */
  readonly worth?: number | undefined;
  /** Nobody knows what a difference means, so that somebody has to read it. @default false */
  readonly unclear?: boolean | undefined;
  readonly items?: Items | undefined;
  /** The fact that this one is a detail of. Where one side lacks that fact, its row says enough. */
  readonly of?: string | undefined;
  readonly harm?: Harm | undefined;
}

/** No fact has this name: what is a detail of it has no row, and serves details of its own. */
export const NEVER_SHOWN = 'never shown';

/** Of a detail that has no row where its whole resource comes or goes. */
export const anchorOf = ({ urn }: { readonly urn: string }): string => `resource ${urn}`;
