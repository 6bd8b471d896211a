/** Which workloads of the platform use a store: they name it in their settings, or a session comes from their pods. Pure but for `readUsers`. */
import { lastTier, matchJob, matchService } from '../../../plan/service-match.ts';
import type { Plan } from '../../../plan/types.ts';
import { type Cluster, fieldsOf, type KubeObject, listOf, textOf } from '../../kubernetes/objects.ts';
import { podTemplateOf } from '../../kubernetes/pod-template.ts';
import { SERVED } from '../../kubernetes/served-types.ts';
import type { Place, User } from '../types.ts';

const escaped = (text: string): string => text.replaceAll('.', '\\.');

/** A text that names the server: within its own namespace its bare name does. */
export function namesPlace({ host, service }: Place, namespace: string): (text: string) => boolean {
  const end = '(?![A-Za-z0-9-])';
  const full = service === undefined ? escaped(host) : `${service.name}\\.${service.namespace}`;
  const anywhere = new RegExp(`(?<![A-Za-z0-9.-])${full}${end}`);
  if (service?.namespace !== namespace) return (text) => anywhere.test(text);
  const bare = new RegExp(`^${service.name}(:\\d+)?$|[@/=]${service.name}(?![A-Za-z0-9.-])`);
  return (text) => anywhere.test(text) || bare.test(text);
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return listOf(value).flatMap(textsIn);
  return Object.values(fieldsOf(value)).flatMap(textsIn);
}

/** Fields that refer to a Secret or a ConfigMap, and the field with its name. */
const REFERENCES: Readonly<Record<string, readonly ['Secret' | 'ConfigMap', string]>> = {
  secretRef: ['Secret', 'name'],
  secretKeyRef: ['Secret', 'name'],
  secret: ['Secret', 'secretName'],
  configMapRef: ['ConfigMap', 'name'],
  configMapKeyRef: ['ConfigMap', 'name'],
  configMap: ['ConfigMap', 'name'],
};

function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return listOf(value).flatMap(referencesIn);
  return Object.entries(fieldsOf(value)).flatMap(([field, inner]) => {
    const [kind, key] = REFERENCES[field] ?? [];
    // In a projected volume a Secret is called by `name`.
    const name = key === undefined ? '' : textOf(fieldsOf(inner)[key]) || textOf(fieldsOf(inner).name);
    return [...(name === '' ? [] : [`${kind} ${name}`]), ...referencesIn(inner)];
  });
}

function textsOf(settings: KubeObject): string[] {
  if (settings.kind !== 'Secret') return textsIn(settings.data);
  return textsIn(settings.data).map((text) => Buffer.from(text, 'base64').toString('utf8'));
}

export interface NamespaceObjects {
  readonly namespace: string;
  /** Deployments, StatefulSets, CronJobs. */
  readonly workloads: readonly KubeObject[];
  readonly settings: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
  readonly replicaSets: readonly KubeObject[];
}

/** `Deployment orders` of a pod, over its ReplicaSet. */
function ownerOf(pod: KubeObject, replicaSets: readonly KubeObject[]): string | undefined {
  const [owner] = pod.metadata.ownerReferences ?? [];
  if (owner?.kind !== 'ReplicaSet') return owner && `${owner.kind} ${owner.name}`;
  const set = replicaSets.find(({ metadata }) => metadata.name === owner.name);
  const above = set?.metadata.ownerReferences?.[0];
  return above && `${above.kind} ${above.name}`;
}

function tierOf(plan: Pick<Plan, 'tiers'>, { kind, metadata }: KubeObject): string {
  const { name, labels } = metadata;
  const found = kind === 'CronJob' ? matchJob(plan, { name, labels }) : matchService(plan, { name, labels });
  return found?.tier ?? lastTier(plan);
}

function replicasOf({ kind, spec }: KubeObject): number {
  const { suspend, replicas } = fieldsOf(spec);
  if (kind === 'CronJob') return suspend === true ? 0 : 1;
  return typeof replicas === 'number' ? replicas : 1;
}

/** @param addresses of its sessions @param own of its own pods */
export function usersIn(
  plan: Pick<Plan, 'tiers'>,
  { namespace, workloads, settings, pods, replicaSets }: NamespaceObjects,
  place: Place,
  { addresses, own }: { readonly addresses: readonly string[]; readonly own: readonly string[] },
): User[] {
  const names = namesPlace(place, namespace);
  const naming = new Set(
    settings.filter((each) => textsOf(each).some(names)).map(({ kind, metadata }) => `${kind} ${metadata.name}`),
  );
  const owners = (of: readonly string[]) =>
    new Set(
      pods.filter(({ status }) => of.includes(textOf(fieldsOf(status).podIP))).map((pod) => ownerOf(pod, replicaSets)),
    );
  const connected = owners(addresses);
  const source = owners(own);
  const found = workloads.filter((workload) => {
    const id = `${workload.kind} ${workload.metadata.name}`;
    if (source.has(id) || replicasOf(workload) === 0) return false;
    const template = podTemplateOf(workload);
    return (
      connected.has(id) || textsIn(template).some(names) || referencesIn(template).some((each) => naming.has(each))
    );
  });
  return found.map((workload) => ({
    kind: workload.kind as User['kind'],
    namespace,
    name: workload.metadata.name,
    tier: tierOf(plan, workload),
    replicas: replicasOf(workload),
  }));
}

export async function readNamespace(cluster: Cluster, namespace: string): Promise<NamespaceObjects> {
  const list = (type: (typeof SERVED)[keyof typeof SERVED]) => cluster.list(type, namespace);
  const [deployments, sets, crons, secrets, maps, pods, replicaSets] = await Promise.all([
    list(SERVED.deployment),
    list(SERVED.statefulSet),
    list(SERVED.cronJob),
    list(SERVED.secret),
    list(SERVED.configMap),
    list(SERVED.pod),
    list(SERVED.replicaSet),
  ]);
  const workloads = [...deployments, ...sets, ...crons];
  return { namespace, workloads, settings: [...secrets, ...maps], pods, replicaSets };
}
