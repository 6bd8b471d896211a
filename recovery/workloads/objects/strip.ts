/** What a server has added to an object is taken off it: another server adds its own. Nothing that a person wrote goes. */
import { beforeFence } from '../../kubernetes/fence-marks.ts';
import { fieldsOf, groupOf, type KubeObject, kindOf, listOf, type Metadata } from '../../kubernetes/objects.ts';
import { isNodePortChosen, type Spec, specOf, stripSpec } from './strip-spec.ts';

/**
 * Set by servers and controllers, true of the old cluster only. kubectl's copy of the last applied manifest goes too: it holds
 * secrets that a recovery rotates, and fields that it hardens.
 */
const ANNOTATIONS = [
  'kubectl.kubernetes.io/last-applied-configuration',
  'deployment.kubernetes.io/revision',
  'deployment.kubernetes.io/revision-history',
  'deployment.kubernetes.io/desired-replicas',
  'deployment.kubernetes.io/max-replicas',
  'deprecated.daemonset.template.generation',
  'pv.kubernetes.io/bind-completed',
  'pv.kubernetes.io/bound-by-controller',
  'pv.kubernetes.io/provisioned-by',
  'pv.kubernetes.io/migrated-to',
  'volume.beta.kubernetes.io/storage-provisioner',
  'volume.kubernetes.io/storage-provisioner',
  'volume.kubernetes.io/selected-node',
  'volume.kubernetes.io/storage-resizer',
  'endpoints.kubernetes.io/last-change-trigger-time',
  'autoscaling.alpha.kubernetes.io/conditions',
  'autoscaling.alpha.kubernetes.io/current-metrics',
  'batch.kubernetes.io/cronjob-scheduled-timestamp',
  'batch.kubernetes.io/job-tracking',
];

/** By which a controller knows its own children; on a pod or job that stands alone they would draw in the wrong one. */
const CHILD_LABELS = [
  'pod-template-hash',
  'controller-revision-hash',
  'pod-template-generation',
  'controller-uid',
  'job-name',
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-name',
  'batch.kubernetes.io/job-completion-index',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
];

/** A namespace that comes back under another name gets the label anew. */
const NAMESPACE_LABELS = ['kubernetes.io/metadata.name'];

function labelsToDrop(kind: string): readonly string[] {
  if (kind === 'Namespace') return NAMESPACE_LABELS;
  return kind === 'Pod' || kind === 'Job.batch' ? CHILD_LABELS : [];
}

type Texts = Readonly<Record<string, string>>;

function without(texts: Texts | undefined, names: readonly string[]): Texts | undefined {
  const rest = Object.entries(texts ?? {}).filter(([name]) => !names.includes(name));
  return rest.length === 0 ? undefined : Object.fromEntries(rest);
}

/** Only the four fields that a person gives. `name` stands for a `generateName` that was resolved once. */
function stripMetadata(metadata: Metadata, kind: string): Metadata {
  const labels = without(metadata.labels, labelsToDrop(kind));
  const annotations = without(metadata.annotations, ANNOTATIONS);
  return {
    name: metadata.name,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

/** Secrets with a token are not captured, so an account must not list them. Those that a person listed stay. */
function dropTokens(account: Spec, name: string): Spec {
  const { secrets, ...rest } = account;
  const isToken = (secret: unknown) =>
    /^-(token|dockercfg)-[a-z0-9]+$/.test(String(fieldsOf(secret).name).slice(name.length));
  const others = listOf(secrets).filter((secret) => !isToken(secret));
  return others.length === 0 ? rest : { ...rest, secrets: others };
}

/** The object as it can be created on an empty server: the same whatever server it came from, and of itself. */
export function strip(captured: KubeObject): KubeObject {
  const object = beforeFence(captured);
  const kind = kindOf(object);
  const { apiVersion, kind: _, metadata, status: __, spec, ...content } = object;
  // In a custom resource it may be anything.
  const isFields = typeof spec === 'object' && spec !== null && !Array.isArray(spec);
  const stripped = isFields ? stripSpec(kind, specOf(spec), chosenNodePorts(object)) : spec;
  // An empty spec that was given may be wanted by a definition.
  const isEmptied = isFields && Object.keys(specOf(stripped)).length === 0 && Object.keys(specOf(spec)).length > 0;
  return {
    apiVersion,
    kind: object.kind,
    metadata: stripMetadata(metadata, kind),
    ...(stripped === undefined || isEmptied ? {} : { spec: stripped }),
    ...(kind === 'ServiceAccount' ? dropTokens(content, metadata.name) : content),
  };
}

/**
 * A node port that a person wrote stands in the record of who owns which field; one that the server allocated does not. On a
 * stripped object that record is gone, and every port that is left was chosen.
 */
function chosenNodePorts(object: KubeObject): number[] {
  if (object.kind !== 'Service' || groupOf(object) !== '') return [];
  const stripped = object.metadata.uid === undefined;
  return listOf(fieldsOf(object.spec).ports).flatMap((port) => {
    const { nodePort } = fieldsOf(port);
    return typeof nodePort === 'number' && (stripped || isNodePortChosen(object, port)) ? [nodePort] : [];
  });
}
