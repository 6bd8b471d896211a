/** In which order captured objects can be created: nothing before what it needs, nothing that refuses others before the last. */
import { fieldsOf, groupOf, type KubeObject, kindName, kindOf, listOf, nameOf } from '../../kubernetes/objects.ts';

export const WAVES = [
  'namespaces',
  'definitions',
  'classes',
  'accounts',
  'bindings',
  'configuration',
  'storage',
  'services',
  'custom-resources',
  'workloads',
  'scaling',
  'apis',
  'converted-resources',
  'routes',
  'admission',
] as const;
export type WaveId = (typeof WAVES)[number];

export interface Wave {
  readonly id: WaveId;
  /**
   * What must be seen of the objects before the next wave: a definition is served once it is `Established`, an APIService once it is
   * `Available`, which takes pods behind its Service.
   */
  readonly wait?: 'established' | 'available';
  /** In the order of their names; they don't need one another. */
  readonly objects: readonly KubeObject[];
}

const BY_KIND: Readonly<Record<string, WaveId>> = {
  Namespace: 'namespaces',
  'CustomResourceDefinition.apiextensions.k8s.io': 'definitions',
  'PriorityClass.scheduling.k8s.io': 'classes',
  'RuntimeClass.node.k8s.io': 'classes',
  'IngressClass.networking.k8s.io': 'classes',
  'DeviceClass.resource.k8s.io': 'classes',
  ServiceAccount: 'accounts',
  'Role.rbac.authorization.k8s.io': 'accounts',
  'ClusterRole.rbac.authorization.k8s.io': 'accounts',
  // Without cluster-admin rights one may bind only a role that exists.
  'RoleBinding.rbac.authorization.k8s.io': 'bindings',
  'ClusterRoleBinding.rbac.authorization.k8s.io': 'bindings',
  // Before any pod: never an open moment.
  'NetworkPolicy.networking.k8s.io': 'bindings',
  ConfigMap: 'configuration',
  Secret: 'configuration',
  LimitRange: 'configuration',
  ResourceQuota: 'configuration',
  'StorageClass.storage.k8s.io': 'classes',
  'VolumeAttributesClass.storage.k8s.io': 'classes',
  PersistentVolumeClaim: 'storage',
  Service: 'services',
  Endpoints: 'services',
  'EndpointSlice.discovery.k8s.io': 'services',
  PodTemplate: 'workloads',
  Pod: 'workloads',
  ReplicationController: 'workloads',
  'ReplicaSet.apps': 'workloads',
  'Deployment.apps': 'workloads',
  'StatefulSet.apps': 'workloads',
  'DaemonSet.apps': 'workloads',
  'Job.batch': 'workloads',
  'CronJob.batch': 'workloads',
  // An autoscaler that finds no target, or a target that it doesn't find yet, only complains.
  'HorizontalPodAutoscaler.autoscaling': 'scaling',
  'PodDisruptionBudget.policy': 'scaling',
  // One whose Service has no pods yet breaks discovery for every client of the cluster.
  'APIService.apiregistration.k8s.io': 'apis',
  // Traffic comes when there is somebody to answer.
  'Ingress.networking.k8s.io': 'routes',
  'ValidatingWebhookConfiguration.admissionregistration.k8s.io': 'admission',
  'MutatingWebhookConfiguration.admissionregistration.k8s.io': 'admission',
  'ValidatingAdmissionPolicy.admissionregistration.k8s.io': 'admission',
  'ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io': 'admission',
  'MutatingAdmissionPolicy.admissionregistration.k8s.io': 'admission',
  'MutatingAdmissionPolicyBinding.admissionregistration.k8s.io': 'admission',
};

const NETWORK_POLICIES = /NetworkPolicy$/;

/** What leads users to a Service, of the Gateway API and of the wide-spread ingress controllers. */
const ROUTES = [
  /^(HTTP|GRPC|TLS|TCP|UDP)Route\.gateway\.networking\.k8s\.io$/,
  /^IngressRoute(TCP|UDP)?\.traefik\.(io|containo\.us)$/,
  /^HTTPProxy\.projectcontour\.io$/,
  /^VirtualService\.networking\.istio\.io$/,
  /^Route\.route\.openshift\.io$/,
];

export function isRoute(object: KubeObject): boolean {
  const kind = kindOf(object);
  return BY_KIND[kind] === 'routes' || ROUTES.some((pattern) => pattern.test(kind));
}

/** Group and kind of the definitions; `converted` when the platform's own webhook must run before an instance can be written. */
function definitionsOf(objects: readonly KubeObject[]): Map<string, 'custom-resources' | 'converted-resources'> {
  const definitions = objects.filter(({ kind }) => kind === 'CustomResourceDefinition');
  return new Map(
    definitions.map(({ spec }) => {
      const { group, names, conversion } = fieldsOf(spec);
      const kind = kindName({ group: String(group), kind: String(fieldsOf(names).kind) });
      const converted = fieldsOf(conversion).strategy === 'Webhook' && listOf(fieldsOf(spec).versions).length > 1;
      return [kind, converted ? 'converted-resources' : 'custom-resources'];
    }),
  );
}

/** Groups that a server of the platform's own serves: nothing of them can be written before it runs. */
function servedGroups(objects: readonly KubeObject[]): Set<string> {
  const apis = objects.filter((object) => BY_KIND[kindOf(object)] === 'apis');
  const served = apis.filter(({ spec }) => fieldsOf(fieldsOf(spec).service).name !== undefined);
  return new Set(served.map(({ spec }) => String(fieldsOf(spec).group)));
}

const WAITS: Readonly<Partial<Record<WaveId, NonNullable<Wave['wait']>>>> = {
  definitions: 'established',
  apis: 'available',
};

/** The same objects give the same waves, whatever their order was. There are no empty waves. */
export function restoreWaves(objects: readonly KubeObject[]): Wave[] {
  const definitions = definitionsOf(objects);
  const served = servedGroups(objects);
  const waveOf = (object: KubeObject): WaveId => {
    const kind = kindOf(object);
    const wave = Object.hasOwn(BY_KIND, kind) ? BY_KIND[kind] : undefined;
    if (wave !== undefined) return wave;
    if (served.has(groupOf(object))) return 'converted-resources';
    if (NETWORK_POLICIES.test(object.kind)) return 'bindings';
    // Kinds that nobody defines here are the cluster's own, or of an operator that is installed apart.
    const defined = definitions.get(kind) ?? 'custom-resources';
    return defined === 'custom-resources' && isRoute(object) ? 'routes' : defined;
  };
  const sorted = [...objects].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  return WAVES.map((id) => {
    const wait = WAITS[id];
    const own = sorted.filter((object) => waveOf(object) === id);
    return { id, ...(wait === undefined ? {} : { wait }), objects: own };
  }).filter((wave) => wave.objects.length > 0);
}
