/** What becomes of captured objects on their way into a stack's declarations. */
import type { KubeObject } from '../../../recovery/public.ts';

export interface Changed {
  readonly objects: readonly KubeObject[];
  /** For people, a sentence each. */
  readonly notes: readonly string[];
}

/** Pure. One pass over all captured objects; the capture itself stays as it was. */
export type Change = (objects: readonly KubeObject[]) => Changed;
