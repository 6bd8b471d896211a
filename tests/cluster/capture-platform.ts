/** Makes the objects, and what controllers would have made of them. */
import type { KubeObject } from '../../recovery/kubernetes/objects.ts';
import type { ApiServer } from './api-server.ts';
import {
  container,
  inNamespace,
  labels,
  OF_THE_CLUSTER,
  OF_THE_NAMESPACE,
  template,
  webhook,
  widget,
} from './capture-objects.ts';

const jobSpec = { template: { spec: { restartPolicy: 'Never', containers: [container] } } };

function ownedBy({ apiVersion, kind, metadata: { name, uid } }: KubeObject) {
  return { ownerReferences: [{ apiVersion, kind, name, uid: uid as string, controller: true }] };
}

/** A Deployment with its ReplicaSet and a running pod, as controllers would have made them. */
async function makeDeployment(server: ApiServer): Promise<void> {
  const selector = { matchLabels: labels };
  const deployment = await server.create({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: inNamespace('api', { annotations: { 'deployment.kubernetes.io/revision': '3', note: 'ours' } }),
    spec: {
      replicas: 3,
      selector,
      template: { ...template, spec: { ...template.spec, priorityClassName: 'tier-1' } },
    },
  });
  const set = await server.create({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: inNamespace('api-7f', ownedBy(deployment)),
    spec: { selector, template },
  });
  const pod = await server.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: inNamespace('api-7f-x1', { labels, ...ownedBy(set) }),
    spec: template.spec,
  });
  const imageID = `registry.test/api@sha256:${'ab'.repeat(32)}`;
  const state = { name: 'api', image: 'sha256:cafe', imageID, ready: true, restartCount: 0 };
  await server.putStatus(pod, { phase: 'Running', containerStatuses: [state] });
}

async function makeJobs(server: ApiServer): Promise<void> {
  const batch = (kind: string, name: string, spec: object, more = {}) => ({
    apiVersion: 'batch/v1',
    kind,
    metadata: inNamespace(name, more),
    spec,
  });
  const cron = await server.create(
    batch('CronJob', 'report', { schedule: '0 3 * * *', jobTemplate: { spec: jobSpec } }),
  );
  await server.create(batch('Job', 'report-2812', jobSpec, ownedBy(cron)));
  await server.create(batch('Job', 'waiting', { ...jobSpec, suspend: true }));
  const done = await server.create(batch('Job', 'done', jobSpec));
  const at = new Date().toISOString().replace(/\.\d+/, '');
  const condition = (type: string) => ({ type, status: 'True', lastProbeTime: at, lastTransitionTime: at });
  await server.putStatus(done, {
    startTime: at,
    completionTime: at,
    succeeded: 1,
    conditions: [condition('SuccessCriteriaMet'), condition('Complete')],
  });
}

/** Deleted, and held by its finalizer: it is on its way out for ever. */
async function makeStuck(server: ApiServer): Promise<void> {
  const stuck = { ...widget, metadata: inNamespace('stuck', { finalizers: ['example.com/never'] }), spec: {} };
  await server.remove(await server.create(stuck));
}

export async function makePlatform(server: ApiServer): Promise<void> {
  for (const object of OF_THE_CLUSTER) await server.create(object);
  for (const object of OF_THE_NAMESPACE) await server.create(object);
  await makeDeployment(server);
  await makeJobs(server);
  await makeStuck(server);
  // Last: from now on no Deployment can be made here.
  await server.create(webhook('guard', 'coffee'));
  await server.create(webhook('elsewhere', 'tea'));
}
