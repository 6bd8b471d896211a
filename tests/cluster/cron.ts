/** A CronJob's run by hand, exactly as its schedule would make it. */
import type { V1Job } from '@kubernetes/client-node';
import type { Api, Manifest } from './api.ts';
import { readiness } from './await.ts';
import { poll } from './poll.ts';
import { podLogs, podsOf } from './trouble.ts';

export interface Run {
  readonly succeeded: boolean;
  /** The last lines of its pods, and why Kubernetes ended it. */
  readonly log: string;
}

/** Waits for as long as the CronJob itself lets a run take, and `patience` (seconds) at most. */
export async function runNow(api: Api, namespace: string, cronJob: string, patience: number): Promise<Run> {
  const { spec } = await api.batch.readNamespacedCronJob({ name: cronJob, namespace });
  const template = spec?.jobTemplate;
  const job: V1Job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      generateName: `${cronJob}-by-hand-`,
      labels: template?.metadata?.labels ?? {},
      annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' },
    },
    ...(template?.spec === undefined ? {} : { spec: template.spec }),
  };
  const made = await api.batch.createNamespacedJob({ namespace, body: job });
  const manifest: Manifest = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: made.metadata?.name ?? '', namespace },
  };
  const seconds = Math.min(patience, template?.spec?.activeDeadlineSeconds ?? patience);
  const last = await poll(
    seconds,
    async () => readiness((await api.read(manifest)) ?? manifest),
    ({ state }) => state !== 'waiting',
  );
  const pods = await podsOf(api, manifest);
  const logs = await Promise.all(pods.map((pod) => podLogs(api, pod, 60)));
  const why = last.state === 'ready' ? [] : [`${cronJob}: ${last.why}`];
  return { succeeded: last.state === 'ready', log: [...why, ...logs].join('\n') };
}
