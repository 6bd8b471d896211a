/** What the members of the stack's PostgreSQL have: their volumes, their memory, their network. */
import { type Cluster, fieldsOf, listOf, textOf } from '../../kubernetes/objects.ts';
import { podTemplateOf } from '../../kubernetes/pod-template.ts';
import { SERVED } from '../../kubernetes/served-types.ts';
import { POSTGRES_APP } from '../../workloads/postgres/members.ts';
import type { CheckContext } from '../postgres/checks.ts';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
};

/** Bytes of a quantity of Kubernetes; undefined for one that is none of a volume or of memory. */
export function bytesOf(quantity: string): number | undefined {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|k|M|G|T)?$/.exec(quantity) ?? [];
  const factor = UNITS[unit];
  return number === undefined || factor === undefined ? undefined : Number(number) * factor;
}

export async function roomOf(
  cluster: Cluster,
  namespace: string,
): Promise<Pick<CheckContext, 'claimBytes' | 'memoryBytes' | 'memberAddress'>> {
  const set = await cluster.get(SERVED.statefulSet, POSTGRES_APP, namespace);
  if (set === undefined) return { claimBytes: undefined, memoryBytes: undefined, memberAddress: undefined };
  const [template] = listOf(fieldsOf(set.spec).volumeClaimTemplates).map(fieldsOf);
  const request = fieldsOf(fieldsOf(fieldsOf(template?.spec).resources).requests).storage;
  const containers = listOf(fieldsOf(podTemplateOf(set).spec).containers).map(fieldsOf);
  const limits = fieldsOf(fieldsOf(containers.find(({ name }) => name === 'postgres')?.resources).limits);
  const pod = await cluster.get(SERVED.pod, `${POSTGRES_APP}-0`, namespace);
  return {
    claimBytes: bytesOf(textOf(request)),
    memoryBytes: bytesOf(textOf(limits.memory)),
    memberAddress: textOf(fieldsOf(pod?.status).podIP) || undefined,
  };
}
