/** Asks the cluster what exists of that which a preview wants to create. */
import pMap from 'p-map';
import { parse } from 'yaml';
import { parseLineage } from '../../../plan/layout.ts';
import type { Plan } from '../../../plan/types.ts';
import { READ_AT_ONCE } from '../../kubernetes/discovery.ts';
import { groupsSilent } from '../../kubernetes/failure.ts';
import { type Cluster, fieldsOf, type KubeObject, type ResourceType, textOf } from '../../kubernetes/objects.ts';
import { SERVED } from '../../kubernetes/served-types.ts';
import type { ResourceEvent } from '../../pulumi/engine.ts';
import type { RebuildPlan } from '../types.ts';
import { decideLeftovers, type FoundNamespace, type Leftovers } from './decide.ts';

const UNKNOWN = ': whether objects of the platform exist there is unknown';
/** With the dr.yaml of a stack's pods. */
const ENVIRONMENT = 'dr-environment';
const CONFIG_MAP: ResourceType = { ...SERVED.pod, kind: 'ConfigMap', plural: 'configmaps' };

interface Wanted {
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly names: Set<string>;
}

/** `kubernetes:rbac.authorization.k8s.io/v1:ClusterRole` → group and kind. */
function kindOfToken(type: string): { readonly group: string; readonly kind: string } | undefined {
  const [, version, kind] = /^kubernetes:(.+):([^:]+)$/.exec(type) ?? [];
  if (version === undefined || kind === undefined) return undefined;
  const group = version.includes('/') ? version.slice(0, version.indexOf('/')) : '';
  return { group: group === 'core' ? '' : group, kind };
}

/** By kind and namespace. An object whose provider takes over what exists can't be in the way. */
function wantedOf(events: readonly ResourceEvent[], types: readonly ResourceType[]): Wanted[] {
  const wanted = new Map<string, Wanted>();
  for (const { op, type: token, object, adopts } of events) {
    const kind = kindOfToken(token);
    if (op !== 'create' || object === undefined || adopts === true || kind === undefined) continue;
    // A kind that is not served yet has no objects.
    const type = types.find((each) => each.group === kind.group && each.kind === kind.kind);
    if (type === undefined || (type.namespaced && object.namespace === undefined)) continue;
    const namespace = type.namespaced ? object.namespace : undefined;
    const key = `${type.group}/${type.kind}/${namespace ?? ''}`;
    const known = wanted.get(key) ?? { type, namespace, names: new Set<string>() };
    known.names.add(object.name);
    wanted.set(key, known);
  }
  return [...wanted.values()];
}

/** `production of site us-east-1` */
function stackOf(environment: string, site: string): string {
  return `${environment} of site ${site}`;
}

/** Whose namespace it is, by the dr.yaml of its pods. */
async function ownerOf(cluster: Cluster, namespace: string): Promise<string | undefined> {
  const found = await cluster.get(CONFIG_MAP, ENVIRONMENT, namespace);
  if (found === undefined) return undefined;
  const { name, site } = fieldsOf(parse(textOf(fieldsOf(found.data)['dr.yaml'])));
  return stackOf(textOf(name), textOf(site));
}

const hasEnded = ({ status }: KubeObject): boolean => ['Succeeded', 'Failed'].includes(textOf(fieldsOf(status).phase));

async function lookInto(cluster: Cluster, name: string): Promise<FoundNamespace> {
  const object = await cluster.get(SERVED.namespace, name);
  if (object === undefined) return { name, object, pods: [], claims: [] };
  const [pods, claims, of] = await Promise.all([
    cluster.list(SERVED.pod, name),
    cluster.list(SERVED.claim, name),
    ownerOf(cluster, name),
  ]);
  return {
    name,
    object,
    pods: pods.filter((pod) => !hasEnded(pod)).map(({ metadata }) => metadata.name),
    claims: claims.map(({ metadata }) => metadata.name),
    of,
  };
}

/** Throws `KUBERNETES-…` DrErrors. @param events of a preview */
export async function readLeftovers(
  cluster: Cluster,
  made: Pick<RebuildPlan, 'namespaces' | 'pin'>,
  { environment }: Pick<Plan, 'environment'>,
  events: readonly ResourceEvent[],
): Promise<Leftovers> {
  const { types, silentGroups } = await cluster.discover();
  const silent = silentGroups.filter((group) => events.some(({ type }) => kindOfToken(type)?.group === group));
  if (silent.length > 0) throw groupsSilent(cluster.describe, silent, UNKNOWN);
  const lists = await pMap(
    wantedOf(events, types),
    async ({ type, namespace, names }) =>
      (await cluster.list(type, namespace)).filter(({ metadata }) => names.has(metadata.name)),
    { concurrency: READ_AT_ONCE },
  );
  const existing = lists.flat();
  if (existing.length === 0) return { takenOver: [], inTheWay: [] };
  const { platform, recovery } = made.namespaces;
  const namespaces = await Promise.all([platform, recovery].map((name) => lookInto(cluster, name)));
  const site = parseLineage(made.pin.postgres?.lineage ?? '')?.site ?? '';
  return decideLeftovers({ existing, namespaces, lost: stackOf(environment, site) });
}
