/** What becomes of captured objects on their way into a stack's declarations. */
import type { Input } from '@pulumi/pulumi';
import type { KubeObject } from '../../recovery/captured.ts';

export interface Changed {
  readonly objects: readonly KubeObject[];
  /** For people, a sentence each. */
  readonly notes: readonly string[];
}

/** Pure. One pass over all captured objects; the capture itself stays as it was. */
export type Change = (objects: readonly KubeObject[]) => Changed;

/** As it is declared: kind and metadata are as captured and changed, the other fields may be known to the `up` only. */
export interface DeclaredObject extends Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'> {
  readonly [field: string]: Input<unknown>;
}

/** The last pass: fields that become Outputs. Gives back as many objects as it got, in the same order. */
export type Rotate = (objects: readonly KubeObject[]) => {
  readonly objects: readonly DeclaredObject[];
  /** For people, a sentence each. */
  readonly notes: readonly string[];
};
