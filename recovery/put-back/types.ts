/** Objects of a point that are put back into a live cluster: what is chosen, what would become of each, what became of it. */
import type { Conflict } from '../kubernetes/fields/apply.ts';
import type { KubeObject } from '../kubernetes/objects.ts';

/** An object of the point that a selector chose. */
export interface Selected {
  readonly object: KubeObject;
  /** A selector names it; it did not only come along by a label or its namespace. */
  readonly byName: boolean;
}

/** What putting an object back would do, as the server itself has tried it. */
export type Fate =
  /** It is not there. */
  | 'create'
  | 'change'
  /** It is as it was captured. */
  | 'same'
  /** Somebody else owns fields of it: nothing of it is changed. */
  | 'conflict'
  /** The server refuses it, or it must not be written now. */
  | 'refused'
  /** Somebody else makes it: a stack, or a controller. */
  | 'left-out';

/** A field that is there and that the point does not have: an apply does not take it away. */
export interface Addition {
  /** `data.debug` */
  readonly path: string;
  /** JSON pointer. */
  readonly pointer: string;
  /** Who has set it. Never empty: what nobody owns is a default of the server. */
  readonly managers: readonly string[];
  /** Labels and annotations: controllers write them at any time. They always stay. */
  readonly isMark: boolean;
}

export interface PlannedObject {
  /** `Deployment.apps shop/api` */
  readonly name: string;
  readonly object: KubeObject;
  readonly byName: boolean;
  readonly fate: Fate;
  /** For people, a line each; without a secret. */
  readonly changes: readonly string[];
  readonly conflicts: readonly Conflict[];
  readonly additions: readonly Addition[];
  /** Why it is refused or left out, and what else is to be known. */
  readonly notes: readonly string[];
  /** It is refused because a right is missing. @default false */
  readonly forbidden?: boolean;
}

export type Became = 'created' | 'changed' | 'unchanged' | 'conflict' | 'failed' | 'left-out';

export interface PutBack extends Pick<PlannedObject, 'name' | 'byName' | 'conflicts' | 'notes'> {
  readonly became: Became;
  /** Fields that the point does not have and that are still there: `data.debug (kubectl-edit)`. */
  readonly stays: readonly string[];
}

/** A workload that was waited for. */
export interface Awaited {
  readonly name: string;
  readonly available: boolean;
  /** `2 of 3 available` */
  readonly detail: string;
}

export interface PutBackResult {
  readonly objects: readonly PutBack[];
  readonly waits: readonly Awaited[];
}
