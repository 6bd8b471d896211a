/** The pod of a command by hand, on a real API server: it accepts the Job, tells whose the pods are, and forgets the Job. */
import { expect, test } from 'vitest';
import { waitFor } from '../../drill/host/processes.ts';
import { silentLog } from '../../recovery/core/log.ts';
import { openCluster } from '../../recovery/kubernetes/cluster.ts';
import { openClusterAccess } from '../../recovery/kubernetes/location.ts';
import { fieldsOf, type KubeObject } from '../../recovery/kubernetes/objects.ts';
import { SERVED } from '../../recovery/kubernetes/served-types.ts';
import type { PodOf } from '../../recovery/operate/commands.ts';
import { inPod } from '../../recovery/operate/pods.ts';
import { kubernetesObjects } from '../infra/manifests-of.ts';
import { record } from '../infra/recording.ts';
import { oneServer } from './one-server.ts';

const NAMESPACE = 'go-coffee-dr';
const own = oneServer('by-hand', async (server) => {
  await server.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  const declared = kubernetesObjects(await record('production')).map(({ manifest }) => manifest);
  for (const each of declared.filter(
    ({ kind, metadata }) => metadata.namespace === NAMESPACE && /^(CronJob|Deployment)$/.test(kind),
  ))
    await server.create(each);
});

/** As a controller and a kubelet would, of which there are none here. */
async function run(owner: KubeObject, name: string): Promise<void> {
  const { kind, apiVersion, metadata, spec } = owner;
  const template = fieldsOf(fieldsOf(spec).template);
  const ownerReferences = [{ apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true }];
  const { labels } = fieldsOf(template.metadata);
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: NAMESPACE, labels, ownerReferences } };
  const made = await own.server.create({ ...pod, spec: template.spec });
  const state = { running: { startedAt: '2026-11-23T02:00:00Z' } };
  const container = { name: 'dr', image: 'x', imageID: 'x', ready: false, restartCount: 0, state };
  await own.server.putStatus(made, { phase: 'Running', containerStatuses: [container] });
}

async function podFor(of: PodOf): Promise<{ readonly pod: string; readonly jobs: readonly string[] }> {
  const access = await openClusterAccess({ context: 'admin', kubeconfig: { path: own.server.kubeconfig } });
  await using cluster = openCluster(access);
  const jobs = async () =>
    (await cluster.list(SERVED.job, NAMESPACE)).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const signal = new AbortController().signal;
  const stack = { access, cluster, namespace: NAMESPACE, progress: () => {}, log: silentLog, signal };
  const used = inPod(of, { ...stack, everySeconds: 0.1 }, async (pod) => pod);
  const made = of === 'monitor' ? undefined : await waitFor('the job is made', async () => (await jobs())[0]);
  if (made !== undefined) await run(made, `${made.metadata.name}-x`);
  return { pod: await used, jobs: (await jobs()).map(({ metadata }) => metadata.name) };
}

test.each<PodOf>(['health', 'verify'])('%s: a Job of the stack’s own template, and none afterwards', async (of) => {
  const { pod, jobs } = await podFor(of);
  expect(pod).toMatch(/^dr-by-hand-[0-9a-f]{8}-x$/);
  expect(jobs).toEqual([]);
});

test('the monitor’s pod is found by its owners', async () => {
  await using cluster = await own.server.connect();
  const deployment = await cluster.get(SERVED.deployment, 'dr-monitor', NAMESPACE);
  if (deployment === undefined) throw new Error('the stack declares no dr-monitor');
  const { metadata, spec } = deployment;
  const ownerReferences = [
    { apiVersion: 'apps/v1', kind: 'Deployment', name: 'dr-monitor', uid: metadata.uid, controller: true },
  ];
  const { selector, template } = fieldsOf(spec);
  const set = await own.server.create({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'dr-monitor-1', namespace: NAMESPACE, ownerReferences },
    spec: { replicas: 1, selector, template },
  });
  await run(set, 'dr-monitor-1-x');
  expect(await podFor('monitor')).toEqual({ pod: 'dr-monitor-1-x', jobs: [] });
});
