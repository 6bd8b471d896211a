/** Reads and changes the pod template of each kind of workload. Pure. */
import { fieldsOf, type KubeObject, kindOf, listOf } from '../../../recovery/public.ts';

export type Fields = Readonly<Record<string, unknown>>;

export interface PodTemplate {
  readonly labels: Readonly<Record<string, string>>;
  /** A pod's `spec`. */
  readonly spec: Fields;
}

const IN_SPEC = ['spec', 'template'];
const PATHS: Readonly<Record<string, readonly string[]>> = {
  Pod: [],
  PodTemplate: ['template'],
  ReplicationController: IN_SPEC,
  'Deployment.apps': IN_SPEC,
  'StatefulSet.apps': IN_SPEC,
  'DaemonSet.apps': IN_SPEC,
  'ReplicaSet.apps': IN_SPEC,
  'Job.batch': IN_SPEC,
  'CronJob.batch': ['spec', 'jobTemplate', 'spec', 'template'],
};

function pathOf(object: KubeObject): readonly string[] | undefined {
  const kind = kindOf(object);
  return Object.hasOwn(PATHS, kind) ? PATHS[kind] : undefined;
}

/** Undefined for a kind without pods. */
export function templateOf(object: KubeObject): PodTemplate | undefined {
  const path = pathOf(object);
  if (path === undefined) return undefined;
  const holder = path.reduce<Fields>((fields, key) => fieldsOf(fields[key]), object);
  const labels = fieldsOf(fieldsOf(holder.metadata).labels) as Readonly<Record<string, string>>;
  return { labels, spec: fieldsOf(holder.spec) };
}

function changeAt(fields: Fields, path: readonly string[], change: (value: Fields) => Fields): Fields {
  const [key, ...rest] = path;
  return key === undefined ? change(fields) : { ...fields, [key]: changeAt(fieldsOf(fields[key]), rest, change) };
}

/** The object with a changed `spec` of its pod; the object itself where it has no pod. */
export function withPodSpec(object: KubeObject, change: (spec: Fields) => Fields): KubeObject {
  const path = pathOf(object);
  return path === undefined ? object : (changeAt(object, [...path, 'spec'], change) as KubeObject);
}

export interface ContainerPlace {
  readonly list: 'initContainers' | 'containers';
  readonly container: Fields;
}

export function containersOf(spec: Fields): ContainerPlace[] {
  return (['initContainers', 'containers'] as const).flatMap((list) =>
    listOf(spec[list]).map((container) => ({ list, container: fieldsOf(container) })),
  );
}
