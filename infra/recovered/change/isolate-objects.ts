/** Removes from an object what leads out of a drill's namespace or has an effect outside of it. Pure. */
import { fieldsOf, type KubeObject, listOf } from '../../../recovery/public.ts';
import { type EgressTarget, egressLabel } from '../../cluster/labels.ts';

type Fields = Readonly<Record<string, unknown>>;

const without = (fields: Fields, drop: (key: string) => boolean): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([key]) => !drop(key)));

/** Labels and annotations for controllers outside of the namespace, which its network policies do not stop: clouds, DNS, scrapers. */
const READ_OUTSIDE =
  /^(external-dns\.|service\.beta\.kubernetes\.io\/|networking\.gke\.io\/|cloud\.google\.com\/|prometheus\.io\/|cert-manager\.io\/|eks\.amazonaws\.com\/|iam\.gke\.io\/|azure\.workload\.identity\/|argocd\.argoproj\.io\/|kustomize\.toolkit\.fluxcd\.io\/|helm\.toolkit\.fluxcd\.io\/)|^grafana_/;

/** Egress targets of the stack that a pod of the snapshot could have by its labels. In a drill only the stores need them. */
const LEADS_OUT: readonly EgressTarget[] = ['kubernetes-api', 'object-storage', 'pgbackrest', 'alerting'];
const LEADS_OUT_LABELS: readonly string[] = LEADS_OUT.map(egressLabel);

/** Omits empty maps: the API drops them, and each run would find them missing. */
function isolatedMetadata(metadata: Fields): Fields {
  const { labels, annotations, ...rest } = metadata;
  const left = {
    labels: without(fieldsOf(labels), (key) => READ_OUTSIDE.test(key) || LEADS_OUT_LABELS.includes(key)),
    annotations: without(fieldsOf(annotations), (key) => READ_OUTSIDE.test(key)),
  };
  return { ...rest, ...without(left, (key) => Object.keys(left[key as keyof typeof left]).length === 0) };
}

export function isolateMetadata(object: KubeObject): KubeObject {
  return { ...object, metadata: isolatedMetadata(object.metadata) as KubeObject['metadata'] };
}

/** A node's network and ports belong to no namespace, and a high priority would evict real pods. */
const OF_THE_NODE = ['hostNetwork', 'hostPID', 'hostIPC', 'priorityClassName', 'priority', 'preemptionPolicy'];

function isolatedContainer(container: unknown): Fields {
  const { ports, ...rest } = fieldsOf(container);
  if (ports === undefined) return rest;
  return { ...rest, ports: listOf(ports).map((port) => without(fieldsOf(port), (key) => /^host(Port|IP)$/.test(key))) };
}

function isolatedSpec(given: unknown): Fields {
  const spec = without(fieldsOf(given), (key) => OF_THE_NODE.includes(key));
  const containers = Object.fromEntries(
    ['containers', 'initContainers']
      .filter((key) => spec[key] !== undefined)
      .map((key) => [key, listOf(spec[key]).map(isolatedContainer)]),
  );
  const names = spec.dnsPolicy === 'ClusterFirstWithHostNet' ? { dnsPolicy: 'ClusterFirst' } : {};
  return { ...spec, ...containers, ...names };
}

/** For any object with a pod or a pod template. */
export function isolatePods(object: KubeObject): KubeObject {
  if (object.kind === 'Pod') return { ...object, spec: isolatedSpec(object.spec) };
  const template = (given: unknown): Fields => {
    const { metadata, spec } = fieldsOf(given);
    return {
      ...(metadata === undefined ? {} : { metadata: isolatedMetadata(fieldsOf(metadata)) }),
      spec: isolatedSpec(spec),
    };
  };
  if (object.kind === 'PodTemplate') return { ...object, template: template(object.template) };
  const spec = fieldsOf(object.spec);
  if (object.kind === 'CronJob') {
    const job = fieldsOf(spec.jobTemplate);
    const jobSpec = fieldsOf(job.spec);
    const jobTemplate = { ...job, spec: { ...jobSpec, template: template(jobSpec.template) } };
    return { ...object, spec: { ...spec, suspend: true, jobTemplate } };
  }
  return spec.template === undefined ? object : { ...object, spec: { ...spec, template: template(spec.template) } };
}

const OPENS_OUTSIDE =
  /^(type|externalIPs|externalTrafficPolicy|healthCheckNodePort|allocateLoadBalancerNodePorts|loadBalancer(IP|Class|SourceRanges))$/;

export const isOpenService = ({ spec }: KubeObject): boolean => {
  const { type, externalIPs } = fieldsOf(spec);
  return type === 'LoadBalancer' || type === 'NodePort' || listOf(externalIPs).length > 0;
};

/** As `ClusterIP`, which only pods of the cluster reach. */
export function closeService(object: KubeObject): KubeObject {
  const spec = without(fieldsOf(object.spec), (key) => OPENS_OUTSIDE.test(key));
  const ports = listOf(spec.ports).map((port) => without(fieldsOf(port), (key) => key === 'nodePort'));
  return { ...object, spec: { ...spec, type: 'ClusterIP', ...(ports.length === 0 ? {} : { ports }) } };
}
