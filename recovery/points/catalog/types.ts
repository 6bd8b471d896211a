/** A catalog: the points of one repository, their marks, and whether they can be trusted. */
import type { Repository } from '../../config/site.ts';
import type { MarkRecord, UnreadMark } from '../marks.ts';
import type { Mark, PointBody, RecoveryPoint } from '../point.ts';
import type { GoneDocument, Head, SignedRemovals } from './memory.ts';
import type { PointOutline } from './outline.ts';

/** `unknown-key`: this environment lacks the signing key, which is not a sign of damage. */
export type Trust = 'ok' | 'tampered' | 'unknown-key';

export interface CatalogEntry {
  /** Parsed at the first access. For thousands of points use `outline`, which is faster. */
  readonly point: RecoveryPoint;
  readonly outline: PointOutline;
  /** Oldest first. */
  readonly marks: readonly MarkRecord[];
  /** Marks that this version can't read; absent where there is none. */
  readonly unread?: readonly UnreadMark[] | undefined;
  readonly trust: Trust;
}

export interface CatalogProblem {
  readonly kind: 'tampered' | 'removed' | 'unknown-key' | 'unreadable';
  /** Key of the document. Of a removed one that nobody remembers: the key of the document that refers to it. */
  readonly key: string;
  /** Id of the point, where the key holds one. */
  readonly point?: string;
  readonly fact: string;
  readonly hint: string;
  /** A point that was removed or altered, and that was newer than every one that is left: what is the newest now, is not. */
  readonly newest?: boolean;
}

export interface CatalogReview {
  /** Oldest first. */
  readonly points: readonly CatalogEntry[];
  readonly problems: readonly CatalogProblem[];
  /** Ids of points that are gone, or can't be read, and whose mark `compromised` stands: a replay must not lead past them. */
  readonly compromisedGone: readonly string[];
  /** All marks of such points, by the point's id. */
  readonly marksGone: ReadonlyMap<string, readonly MarkRecord[]>;
}

export interface Catalog {
  readonly repository: Repository;
  /** In the order of the chain, oldest first. Throws what the store throws. */
  points(): Promise<CatalogEntry[]>;
  /** `points` and `problems` from one reading. */
  review(): Promise<CatalogReview>;
  get(id: string): Promise<CatalogEntry | undefined>;
  /** Chains and signs the point, and writes it once. Throws `POINT-EXISTS` (exit 6). */
  write(body: Omit<PointBody, 'previous' | 'sequence'>): Promise<RecoveryPoint>;
  /** Throws `POINT-UNKNOWN` (exit 2) with the nearest ids. */
  mark(id: string, mark: Mark, by: string, note?: string): Promise<void>;
  /** Documents that were altered or removed, that can't be read, or whose signing key is missing here. */
  problems(): Promise<CatalogProblem[]>;
  /** For the other repositories to remember. Throws when there is no key to sign with. */
  head(now: Date): Promise<Head>;
  /** What is gone without a checkpoint, and who remembers it. */
  gone(): Promise<readonly GoneDocument[]>;
  /**
   * Writes a signed checkpoint for what is gone: from now on it counts as removed on purpose.
   * @param options `return`: points of the same ids will be written again, and these must be missed when they go. @default false
   */
  acceptGone(by: string, options?: { readonly return?: boolean }): Promise<readonly GoneDocument[]>;
  /** What was removed by somebody with the key. */
  removals(): Promise<SignedRemovals>;
  /** Signs that its own work begins or ends now: what the engines remove between two of these is no intruder's. */
  signWork(by: string): Promise<void>;
  /** Writes a signed checkpoint, then removes the points and their marks. Engine data stays. Unknown ids are ignored. */
  removePoints(ids: readonly string[], by: string): Promise<void>;
}
