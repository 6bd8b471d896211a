/** What servers add to the `spec` of each kind: allocated addresses, bound volumes, selectors of their own making. */
import { parseJson } from '../../core/json.ts';
import { fieldsOf, type KubeObject, listOf } from '../../kubernetes/objects.ts';

export type Spec = Readonly<Record<string, unknown>>;

export const specOf = fieldsOf;

/** On the template of a Job, the mark of that one Job. */
const JOB_MARKS = ['controller-uid', 'job-name', 'batch.kubernetes.io/controller-uid', 'batch.kubernetes.io/job-name'];

function without(fields: Spec, ...names: readonly string[]): Spec {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}

/** Applies `change` to one field, if it exists. */
function inside(fields: Spec, name: string, change: (value: Spec) => Spec): Spec {
  const value = fields[name];
  return value === undefined || value === null ? fields : { ...fields, [name]: change(fieldsOf(value)) };
}

function each(fields: Spec, name: string, change: (value: Spec) => Spec): Spec {
  return Array.isArray(fields[name])
    ? { ...fields, [name]: listOf(fields[name]).map((item) => change(fieldsOf(item))) }
    : fields;
}

/** Servers write an empty time into the metadata of templates. */
const template = (value: Spec): Spec => inside(value, 'metadata', (metadata) => without(metadata, 'creationTimestamp'));

const claimTemplate = (value: Spec): Spec => without(template(value), 'status');

function dropAddresses(spec: Spec): Spec {
  // `None` is a choice: a headless service. Any other address belongs to the old cluster's range.
  return spec.clusterIP === 'None' ? spec : without(spec, 'clusterIP', 'clusterIPs');
}

function service(spec: Spec, chosenPorts: readonly number[]): Spec {
  const isChosen = ({ nodePort }: Spec) => typeof nodePort === 'number' && chosenPorts.includes(nodePort);
  const ports = (port: Spec) => (isChosen(port) ? port : without(port, 'nodePort'));
  return each(without(dropAddresses(spec), 'healthCheckNodePort'), 'ports', ports);
}

/** The volume of the lost cluster; without its name the claim is bound to a new one of the same class. */
function claim(spec: Spec): Spec {
  return without(spec, 'volumeName');
}

function job(spec: Spec): Spec {
  const named = inside(spec, 'template', template);
  if (spec.manualSelector === true) return named;
  const unmarked = inside(named, 'template', (each) =>
    inside(each, 'metadata', (metadata) =>
      dropEmpty(
        inside(metadata, 'labels', (l) => without(l, ...JOB_MARKS)),
        'labels',
      ),
    ),
  );
  return without(unmarked, 'selector');
}

function dropEmpty(fields: Spec, name: string): Spec {
  return Object.keys(fieldsOf(fields[name])).length === 0 ? without(fields, name) : fields;
}

const isTokenVolume = ({ name }: Spec): boolean => /^kube-api-access-[a-z0-9]{5}$/.test(String(name));

/** Removes from a standalone pod the node, the token volume and the numbers that admission has set. */
function pod(spec: Spec): Spec {
  const tokens = listOf(spec.volumes)
    .map(fieldsOf)
    .filter(isTokenVolume)
    .map(({ name }) => name);
  const volumes = listOf(spec.volumes).filter((volume) => !tokens.includes(fieldsOf(volume).name));
  const rest = without(spec, 'nodeName', 'priority', 'preemptionPolicy', 'serviceAccount', 'ephemeralContainers');
  if (tokens.length === 0) return rest;
  const unmount = (container: Spec): Spec => {
    const mounts = listOf(container.volumeMounts).filter((mount) => !tokens.includes(fieldsOf(mount).name));
    return mounts.length === 0 ? without(container, 'volumeMounts') : { ...container, volumeMounts: mounts };
  };
  const mounted = each(each(rest, 'containers', unmount), 'initContainers', unmount);
  return volumes.length === 0 ? without(mounted, 'volumes') : { ...mounted, volumes };
}

const BY_KIND: Readonly<Record<string, (spec: Spec, chosenPorts: readonly number[]) => Spec>> = {
  Service: service,
  PersistentVolumeClaim: claim,
  Pod: pod,
  Namespace: (spec) => without(spec, 'finalizers'),
  ReplicationController: (spec) => inside(spec, 'template', template),
  'Deployment.apps': (spec) => inside(spec, 'template', template),
  'DaemonSet.apps': (spec) => inside(spec, 'template', template),
  'ReplicaSet.apps': (spec) => inside(spec, 'template', template),
  'StatefulSet.apps': (spec) => each(inside(spec, 'template', template), 'volumeClaimTemplates', claimTemplate),
  'Job.batch': job,
  'CronJob.batch': (spec) =>
    inside(spec, 'jobTemplate', (of) => inside(template(of), 'spec', (inner) => inside(inner, 'template', template))),
};

/** `kind` as `kindName` writes it. */
export function stripSpec(kind: string, spec: Spec, chosenPorts: readonly number[]): Spec {
  const change = Object.hasOwn(BY_KIND, kind) ? BY_KIND[kind] : undefined;
  return change === undefined ? spec : change(spec, chosenPorts);
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Ports with a `nodePort` in kubectl's record of what was applied. */
function portsApplied({ metadata }: KubeObject): readonly unknown[] {
  const applied = fieldsOf(parseJson(metadata.annotations?.[LAST_APPLIED] ?? '{}'));
  return listOf(fieldsOf(applied.spec).ports).filter((port) => fieldsOf(port).nodePort !== undefined);
}

/** Keys of ports, as `managedFields` writes them: `k:{"port":80,"protocol":"TCP"}`. */
function portsOwned({ metadata }: KubeObject): readonly unknown[] {
  return listOf(metadata.managedFields).flatMap((entry) => {
    const ports = fieldsOf(fieldsOf(fieldsOf(fieldsOf(entry).fieldsV1)['f:spec'])['f:ports']);
    return Object.entries(ports).flatMap(([key, owned]) =>
      key.startsWith('k:') && 'f:nodePort' in fieldsOf(owned) ? [JSON.parse(key.slice(2))] : [],
    );
  });
}

export function isNodePortChosen(object: KubeObject, port: unknown): boolean {
  const { port: number, protocol } = fieldsOf(port);
  return [...portsApplied(object), ...portsOwned(object)].some((chosen) => {
    const { port: its, protocol: spoken } = fieldsOf(chosen);
    return its === number && (spoken ?? 'TCP') === (protocol ?? 'TCP');
  });
}
