/** How much of a repository one verification reads back, and what it says of that. */
import type { Read, ReadState } from '../../points/reads.ts';

export type Reading =
  /** Part of the packs, 0 to 100, chosen by restic at random; of the sets all, or with 0 none. */
  | { readonly kind: 'percent'; readonly percent: number }
  /** What is new, and the parts of the rest that are due. */
  | { readonly kind: 'scheduled' };

/** The same, with what is known of the repository. */
export type KnownReading = Reading & {
  readonly state: ReadState;
  /** In how many parts the packs are divided. */
  readonly parts: number;
  /** A whole pass. */
  readonly seconds: number;
  readonly now: Date;
};

/** What was read of restic's packs. */
export interface PacksRead {
  readonly parts: number;
  readonly packs: Read<number>;
  readonly until?: string;
  readonly count: number;
  readonly bytes: number;
}

/** What was read of pgBackRest's sets. */
export interface SetsRead {
  readonly sets: Read<string>;
  readonly bytes: number;
}

/** Of one repository, for the report. */
export interface BytesRead {
  readonly bytes: number;
  /** Packs and backup sets that were read; `*` at the end of a lineage stands for all of it. */
  readonly packs: number;
  readonly sets: readonly string[];
  /** Since when something has not been read, and what. Absent without points. */
  readonly unread?: { readonly since: string; readonly what: string; readonly overdue: boolean };
}
