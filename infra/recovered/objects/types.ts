/** Changes of a snapshot's objects before they are declared. */
import type { KubeObject } from '../../../recovery/public.ts';

export interface Changed {
  readonly objects: readonly KubeObject[];
  /** Sentences for people. */
  readonly notes: readonly string[];
}

/** Pure. One pass over all objects; the snapshot itself does not change. */
export type Change = (objects: readonly KubeObject[]) => Changed;
