/** What objects are put back from. */
import { badInput, type DrError } from '../core/errors.ts';
import type { KubeObject } from '../kubernetes/objects.ts';

export interface ObjectsSource {
  readonly repository: string;
  /** Ids of the points that hold them. */
  readonly points: readonly string[];
  /** With Secrets in the clear: they stay in memory. */
  readonly objects: readonly KubeObject[];
  /** For people, a sentence each. */
  readonly notes: readonly string[];
}

export function noManifests(repository: string, target: string): DrError {
  return badInput({
    code: 'TARGET-UNREACHABLE',
    where: repository,
    fact: `it holds no objects of a cluster for "${target}"`,
    hint: '`dr points` lists what there is; take another point or, with --from, another repository',
  });
}
