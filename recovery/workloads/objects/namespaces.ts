/** The namespaces of a capture: each is read, or said to be missing. */
import { type DrError, precondition } from '../../core/errors.ts';
import type { Cluster, ReadObject, ResourceType } from '../../kubernetes/objects.ts';
import { isForbidden } from './unread.ts';

/** A namespace that the capture does not hold. */
export interface LackingNamespace {
  readonly name: string;
  readonly error: DrError;
}

export interface NamespacesRead {
  readonly found: readonly ReadObject[];
  readonly lacking: readonly LackingNamespace[];
}

function gone(cluster: Cluster, name: string, isTerminating: boolean): DrError {
  return precondition({
    code: isTerminating ? 'NAMESPACE-TERMINATING' : 'NAMESPACE-MISSING',
    where: cluster.describe,
    fact: isTerminating ? `the namespace "${name}" is being deleted` : `there is no namespace "${name}"`,
    hint: 'if it was lost, recover it from an earlier point (`dr points`); if it has another name now, correct kubernetes.namespaces in the environment file',
  });
}

/** Throws the first one's error where none can be read: a capture of nothing would become the newest good copy. */
export function refuseNone(read: number, lacking: readonly LackingNamespace[]): void {
  const [first] = lacking;
  if (read === 0 && first !== undefined) throw first.error;
}

export async function readNamespaces(
  cluster: Cluster,
  type: ResourceType,
  names: readonly string[],
): Promise<NamespacesRead> {
  const asked = await Promise.all(
    names.map(async (name): Promise<ReadObject | LackingNamespace> => {
      try {
        const object = await cluster.get(type, name);
        if (object === undefined) return { name, error: gone(cluster, name, false) };
        if (object.metadata.deletionTimestamp !== undefined) return { name, error: gone(cluster, name, true) };
        return { type, object };
      } catch (error) {
        if (isForbidden(error)) return { name, error };
        throw error;
      }
    }),
  );
  const found = asked.flatMap((each) => ('object' in each ? [each] : []));
  const lacking = asked.flatMap((each) => ('error' in each ? [each] : []));
  refuseNone(found.length, lacking);
  return { found, lacking };
}
