/** What a catalog gives: the points of one repository, what was marked on them, and whether they can be believed. */
import type { Repository } from '../../config/site.ts';
import type { MarkRecord } from '../marks.ts';
import type { Mark, PointBody, RecoveryPoint } from '../point.ts';
import type { PointOutline } from './outline.ts';

/** `unknown-key`: signed with a key that this environment doesn't have, which is no sign of damage. */
export type Trust = 'ok' | 'tampered' | 'unknown-key';

export interface CatalogEntry {
  /** Parsed at the first access: over thousands of them, `outline` is the faster one. */
  readonly point: RecoveryPoint;
  readonly outline: PointOutline;
  /** Oldest first. */
  readonly marks: readonly MarkRecord[];
  readonly trust: Trust;
}

export interface CatalogProblem {
  readonly kind: 'tampered' | 'removed' | 'unknown-key' | 'unreadable';
  /** Key of the document; of the one that refers to it, where it was removed and nothing else is known. */
  readonly key: string;
  /** The point concerned, as far as its key tells. */
  readonly point?: string;
  readonly fact: string;
  readonly hint: string;
}

export interface Catalog {
  readonly repository: Repository;
  /** Sorted by id, oldest first. Throws what the store throws. */
  points(): Promise<CatalogEntry[]>;
  /** `points` and `problems` of one reading. */
  review(): Promise<{ readonly points: CatalogEntry[]; readonly problems: CatalogProblem[] }>;
  get(id: string): Promise<CatalogEntry | undefined>;
  /** Chains and signs the point, and writes it once. Throws `POINT-EXISTS` (exit 6). */
  write(body: Omit<PointBody, 'previous'>): Promise<RecoveryPoint>;
  /** Throws `POINT-UNKNOWN` (exit 2) with the nearest ids. */
  mark(id: string, mark: Mark, by: string, note?: string): Promise<void>;
  /** Documents that were altered, removed, can't be read, or are signed with a key that is not here. */
  problems(): Promise<CatalogProblem[]>;
  /** Removes points with their marks after a signed checkpoint that says so. The engines' data is not touched. Ids that are not there are ignored. */
  removePoints(ids: readonly string[], by: string): Promise<void>;
}
