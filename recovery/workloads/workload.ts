import { DrError } from '../core/errors.ts';
import type { ResticCapture } from '../points/point.ts';
import type { FolderCount } from './folder.ts';

/** `unknown`: it could not be looked at, which says nothing about its state. */
export type FileState = 'well' | 'missing' | 'empty' | 'damaged' | 'unknown';

export interface Staged {
  readonly path: string;
  readonly facts: ResticCapture['facts'];
  /** Absolute paths below it that are no data. */
  readonly exclude?: readonly string[];
  /** Removes what was made only for this run. */
  readonly remove: () => Promise<void>;
}

export type Verdict = Pick<HealthCheck, 'ok' | 'fact'>;

export const refused = (fact: string): Verdict => ({ ok: true, fact });
export const accepted = (fact: string): Verdict => ({ ok: false, fact: `ACCEPTED: ${fact}` });
export const unproven = (error: unknown): Verdict => ({ ok: false, fact: `not proven: ${wordsOf(error)}` });

/** The server's own words; a DrError's fact without its code. */
export function wordsOf(error: unknown): string {
  return error instanceof DrError ? error.fact : (error as Error).message;
} /** Answers of `dr health`. */

export interface HealthCheck {
  /** Stable: `service/auth-service`, `postgres/archiving`, `backup/redis`. */
  readonly id: string;
  readonly title: string;
  /** Undefined: it could not be asked, as the environment file says not how, or the cluster has no such thing. No failure. */
  readonly ok: boolean | undefined;
  readonly fact: string;
}

export interface DiskNeed {
  readonly path: string;
  readonly bytes: number;
}

/** What was laid down. */
export type SeedCount = { readonly keys: number } | FolderCount;

export interface SeedVolume {
  readonly folder: string;
  readonly names: SeedNames;
  /** Where the folder comes from, for a hint. */
  readonly setting: string;
  /** The snapshot's files, whole and counted → what has to lie in the volume, checked. `making` is not there yet. */
  make(copy: string, making: string, count: FolderCount): Promise<SeedCount>;
}

export interface TrialOptions {
  readonly report: (detail: string, fraction?: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Scratch {
  readonly folder: string;
  /** For sockets, whose paths may have 107 bytes at most. */
  readonly sockets: string;
  remove(): Promise<void>;
} /** What a seed leaves on a volume: whose data it holds, and, while it works, the copy that is not yet in place. */
export interface SeedNames {
  readonly mark: string;
  /** Gone when the mark stands. */
  readonly seeding: string;
}
