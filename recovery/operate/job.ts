/** A Job that holds one pod of a stack open for a command, from the stack's own template. Pure. */
import { OWN_LABEL, STANZA } from '../../plan/layout.ts';
import { fieldsOf, type KubeObject, listOf } from '../kubernetes/objects.ts';
import { podTemplateOf } from '../kubernetes/pod-template.ts';

/** Its container in each pod of ours that runs `dr`. */
export const CONTAINER = 'dr';
const NAME = 'dr-by-hand';
const NAME_LABEL = 'app.kubernetes.io/name';

/** The cluster ends a pod whose command was forgotten, as after a `kill -9` here. */
const LONGEST_SECONDS = 6 * 3600;
/** It then removes the Job too. */
const KEPT_SECONDS = 60;

/** Only a running server has these. */
const SERVING = ['args', 'command', 'ports', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'];

function idle(container: unknown): Record<string, unknown> {
  const kept = Object.entries(fieldsOf(container)).filter(([field]) => !SERVING.includes(field));
  return { ...Object.fromEntries(kept), command: ['sleep', String(LONGEST_SECONDS)] };
}

/** Whether the stack declared it: an object of the same name may be somebody else's. */
export function isOurs({ metadata }: KubeObject): boolean {
  return metadata.labels?.[OWN_LABEL] === 'stack';
}

/** The pod template of a Deployment or CronJob; undefined where it has no container of ours. */
export function templateOf(object: KubeObject): Readonly<Record<string, unknown>> | undefined {
  const template = podTemplateOf(object);
  const containers = listOf(fieldsOf(template.spec).containers).map(fieldsOf);
  return containers.some(({ name }) => name === CONTAINER) ? template : undefined;
}

/** As infra/jobs and infra/cluster declare them: the Secret with tokens, where dr.yaml looks for them, and the way out to who is told. */
const CHANNELS = {
  secret: 'dr-channels',
  path: '/run/go-coffee-dr/channels',
  label: `reach.${STANZA}/alerting`,
} as const;

/** No other pod has these tokens. A stack that names no channels has no such Secret, and its messages are printed. */
export function withChannels(template: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { metadata, spec } = { metadata: fieldsOf(template.metadata), spec: fieldsOf(template.spec) };
  const volume = { name: CHANNELS.secret, secret: { secretName: CHANNELS.secret, optional: true, defaultMode: 0o440 } };
  const mount = { name: CHANNELS.secret, mountPath: CHANNELS.path, readOnly: true };
  const containers = listOf(spec.containers).map(fieldsOf);
  return {
    ...template,
    metadata: { ...metadata, labels: { ...fieldsOf(metadata.labels), [CHANNELS.label]: 'allowed' } },
    spec: {
      ...spec,
      volumes: [...listOf(spec.volumes), volume],
      containers: containers.map((each) => ({ ...each, volumeMounts: [...listOf(each.volumeMounts), mount] })),
    },
  };
}

/**
 * Account, keys, volumes and ways out are the template's; its name is not, because the monitor's Service would send requests to it.
 * @param suffix makes the name unique
 */
export function handJob(template: Readonly<Record<string, unknown>>, namespace: string, suffix: string): KubeObject {
  const labels = { ...fieldsOf(fieldsOf(template.metadata).labels), [NAME_LABEL]: NAME } as Record<string, string>;
  const spec = fieldsOf(template.spec);
  const containers = listOf(spec.containers).filter((each) => fieldsOf(each).name === CONTAINER);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: `${NAME}-${suffix}`, namespace, labels },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: LONGEST_SECONDS,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: {
        metadata: { labels },
        spec: { ...spec, restartPolicy: 'Never', terminationGracePeriodSeconds: 1, containers: containers.map(idle) },
      },
    },
  };
}
