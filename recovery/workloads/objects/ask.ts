/** How a capture asks a cluster: some calls at once, and a kind that can't be read is noted. */
import pMap from 'p-map';
import {
  type Cluster,
  type Discovery,
  kindName,
  type ReadObject,
  type ResourceType,
} from '../../kubernetes/objects.ts';
import type { UnreadKinds } from './unread.ts';

/** One call a kind and namespace; more at once only makes the server's own fairness queue them. */
export const AT_ONCE = 8;

export interface Asked {
  readonly cluster: Cluster;
  readonly discovery: Discovery;
  readonly unread: UnreadKinds;
}

export async function listAll(
  { cluster, unread }: Asked,
  asked: readonly { readonly type: ResourceType; readonly namespace?: string }[],
): Promise<ReadObject[]> {
  const lists = await pMap(
    asked,
    async ({ type, namespace }) => {
      const found = await unread.read(type, [], () => cluster.list(type, namespace), namespace);
      return found.map((object) => ({ type, object }));
    },
    { concurrency: AT_ONCE },
  );
  return lists.flat();
}

/** The objects of the whole cluster, of those kinds that the server knows. */
export const byKind = ({ types }: Discovery, ...kinds: readonly string[]): ResourceType[] =>
  types.filter((type) => !type.namespaced && kinds.includes(kindName(type)));
