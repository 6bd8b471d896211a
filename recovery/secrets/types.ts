/** The secrets of a host, and how each is replaced. */
import type { Gap } from '../core/errors.ts';

/** One secret that can be replaced from here. */
export type Secret =
  | {
      readonly kind: 'postgres';
      readonly id: string;
      readonly role: string /** File of dr.yaml with the old one; undefined where dr does not know it. */;
      readonly file: string | undefined;
    }
  | { readonly kind: 'redis'; readonly id: string; readonly user: string; readonly file: string | undefined }
  | { readonly kind: 'repository'; readonly id: string; readonly repository: string; readonly file: string }
  | { readonly kind: 'signing'; readonly id: string; readonly file: string };

export interface SecretsPlan {
  readonly secrets: readonly Secret[];
  readonly kept: readonly Gap[];
  /** Servers that could not be asked for theirs, by `postgres` or `redis`: none of these is replaced. */
  readonly unanswered: readonly Gap[];
}

export type Proof = 'refused' | 'replaced' | 'still reads old copies';

export interface Rotated {
  readonly id: string;
  /** Where the new one is: a file with mode 0600. */
  readonly file: string;
  /** What became of the old one. `refused`: tried. `replaced`: nobody here knows it, and the server holds another. */
  readonly old: Proof;
}

export interface RotationReport {
  readonly rotated: readonly Rotated[];
  readonly failed: readonly Gap[];
  readonly kept: readonly Gap[];
}
