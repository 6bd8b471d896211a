/** `dr --stack NAME …` in the cluster of a stack: which pod, with which rights, and what is left afterwards. */
import { expect, test } from 'vitest';
import type { DrError } from '../../../recovery/core/errors.ts';
import type { ProgressEvent } from '../../../recovery/core/progress.ts';
import { fieldsOf, type KubeObject, listOf } from '../../../recovery/kubernetes/objects.ts';
import type { PodOf } from '../../../recovery/operate/commands.ts';
import { runByHand } from '../../../recovery/operate/run.ts';
import type { EngineStack, StackEngine } from '../../../recovery/pulumi/engine.ts';
import {
  owned,
  putChecks,
  putMonitor,
  putVerify,
  RECOVERY,
  RUNNING,
  type StackCluster,
  startStackCluster,
} from '../kubernetes/stack-cluster.ts';

function engineOf(cluster: StackCluster): StackEngine {
  const outputs = {
    role: 'primary',
    leads: true,
    environment: 'production',
    site: 'us-east-1',
    generation: 1,
    lineage: 'us-east-1-1',
    namespaces: { platform: 'go-coffee', recovery: RECOVERY },
    context: 'production',
    repositories: {},
    secrets: { signingKey: 'key' },
  };
  const stack: Partial<EngineStack> = {
    isUp: async () => true,
    outputs: async () => outputs,
    config: async () => ({ cluster: { value: { kubeconfig: cluster.kubeconfig } } }),
  };
  return { select: async () => stack } as unknown as StackEngine;
}

async function run(cluster: StackCluster, podOf: PodOf, words: readonly string[], stop = new AbortController()) {
  const said = { out: [] as Buffer[], err: [] as Buffer[] };
  const events: ProgressEvent[] = [];
  const warnings: string[] = [];
  const log = {
    debug() {},
    info() {},
    error() {},
    warn: (...args: unknown[]) => void warnings.push(String(args.at(-1))),
  };
  const done = runByHand(
    { stack: 'production', podOf, words },
    {
      engine: engineOf(cluster),
      progress: (event) => void events.push(event),
      log,
      signal: stop.signal,
      settle: () => {},
      out: (part) => void said.out.push(part),
      err: (part) => void said.err.push(part),
    },
  );
  const exit = await done.catch((error: DrError) => error);
  const text = (parts: readonly Buffer[]) => Buffer.concat(parts).toString('utf8');
  return { exit, out: text(said.out), err: text(said.err), events, warnings };
}

test('a command runs in the monitor’s pod of the context that the stack names; output and exit code come back apart', async () => {
  const cluster = await startStackCluster();
  putMonitor(cluster);
  const json = `{"kind":"Points","text":"${'é'.repeat(300)}"}\n`;
  cluster.answer = () => ({ out: json, err: 'hint: read this\n', exit: 4 });
  const words = ['-o', 'json', 'points', '--repository', 'a b;c'];
  const ran = await run(cluster, 'monitor', words);
  expect(ran).toMatchObject({ exit: 4, out: json, err: 'hint: read this\n' });
  expect(cluster.ran).toEqual([
    { namespace: RECOVERY, pod: 'dr-monitor-1-x', container: 'dr', argv: ['dr', ...words] },
  ]);
  expect(cluster.made).toEqual([]);
});

test('a Deployment of that name that the stack did not declare is not its monitor', async () => {
  const cluster = await startStackCluster();
  putMonitor(cluster);
  const foreign = cluster.objects.map((each) => ({ ...each, metadata: { ...each.metadata, labels: {} } }));
  cluster.objects.splice(0, Number.POSITIVE_INFINITY, ...foreign);
  const { exit } = await run(cluster, 'monitor', ['points']);
  expect(exit).toMatchObject({
    code: 'STACK-HAS-NO-POD',
    exit: 6,
    fact: expect.stringContaining('Deployment dr-monitor'),
  });
  expect(cluster.ran).toEqual([]);
});

function containersOf(job: KubeObject | undefined): readonly unknown[] {
  const template = fieldsOf(fieldsOf(job?.spec).template);
  return listOf(fieldsOf(template.spec).containers);
}

const podOfJob = (job: KubeObject, fields: object): KubeObject =>
  owned('Pod', `${job.metadata.name}-x`, { kind: 'Job', name: job.metadata.name }, fields);

test('while the monitor’s pod does not run, a pod of the same rights is made for the command and removed', async () => {
  const cluster = await startStackCluster();
  putMonitor(cluster, { status: { phase: 'Pending' } });
  cluster.onJob = (job) => cluster.put(podOfJob(job, RUNNING));
  cluster.answer = () => ({ out: 'P1 healthy\n', exit: 1 });
  const ran = await run(cluster, 'monitor', ['health']);
  expect(ran).toMatchObject({ exit: 1, out: 'P1 healthy\n' });
  const [job] = cluster.made;
  const name = job?.metadata.name ?? '';
  expect(name).toMatch(/^dr-by-hand-[0-9a-f]{8}$/);
  expect(cluster.ran.map(({ pod }) => pod)).toEqual([`${name}-x`]);
  expect(cluster.deleted).toEqual([`Job ${RECOVERY}/${name}`]);
  expect(job?.spec).toMatchObject({
    backoffLimit: 0,
    activeDeadlineSeconds: 21_600,
    ttlSecondsAfterFinished: 60,
    template: {
      // The ways out are the monitor's; its name is not: its Service would send requests here.
      metadata: { labels: { 'reach.go-coffee/postgres': 'allowed', 'app.kubernetes.io/name': 'dr-by-hand' } },
      spec: { serviceAccountName: 'account of dr-monitor', restartPolicy: 'Never' },
    },
  });
  const [container] = containersOf(job);
  expect(container).toEqual({
    name: 'dr',
    image: 'registry.test/toolbox@sha256:1',
    command: ['sleep', '21600'],
    volumeMounts: [{ name: 'keys', mountPath: '/run/keys' }],
  });
});

test('a verification has the rights of the stack’s own verification, not the monitor’s', async () => {
  const cluster = await startStackCluster();
  putMonitor(cluster);
  putVerify(cluster);
  cluster.onJob = (job) => cluster.put(podOfJob(job, RUNNING));
  expect((await run(cluster, 'verify', ['verify'])).exit).toBe(0);
  expect(cluster.made[0]?.spec).toMatchObject({ template: { spec: { serviceAccountName: 'account of dr-verify' } } });
  expect(cluster.ran[0]?.pod).not.toBe('dr-monitor-1-x');
});

test('health runs with the account that may read the platform’s workloads, which the monitor’s may not', async () => {
  const cluster = await startStackCluster();
  putMonitor(cluster);
  expect((await run(cluster, 'health', ['health'])).exit).toMatchObject({
    code: 'STACK-HAS-NO-POD',
    fact: expect.stringContaining('no CronJob of the stack with the account dr-auditor'),
  });
  putChecks(cluster);
  cluster.onJob = (job) => cluster.put(podOfJob(job, RUNNING));
  expect((await run(cluster, 'health', ['health'])).exit).toBe(0);
  expect(cluster.made[0]?.spec).toMatchObject({
    template: {
      metadata: { labels: { 'reach.go-coffee/kubernetes-api': 'allowed' } },
      spec: { serviceAccountName: 'dr-auditor' },
    },
  });
});

test('an image that does not exist ends the wait at once, with its reason, and the pod is removed', async () => {
  const cluster = await startStackCluster();
  putVerify(cluster);
  const message = 'Back-off pulling image "registry.test/toolbox": ErrImagePull: manifest unknown';
  const waiting = {
    name: 'dr',
    image: 'registry.test/toolbox',
    state: { waiting: { reason: 'ImagePullBackOff', message } },
  };
  cluster.onJob = (job) => cluster.put(podOfJob(job, { status: { phase: 'Pending', containerStatuses: [waiting] } }));
  const { exit, events, warnings } = await run(cluster, 'verify', ['verify']);
  expect(exit).toMatchObject({
    code: 'POD-NOT-STARTED',
    fact: expect.stringContaining('manifest unknown'),
    hint: expect.stringContaining('the registry has no image registry.test/toolbox'),
  });
  expect(events.filter(({ state }) => state === 'retry').map(({ detail }) => detail)).toEqual([
    `ImagePullBackOff: ${message}`,
  ]);
  expect(warnings).toEqual([expect.stringContaining('manifest unknown')]);
  expect(cluster.deleted).toHaveLength(1);
});

test('a full node is said at once, and the wait goes on until there is room', async () => {
  const cluster = await startStackCluster();
  putVerify(cluster);
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message: '0/3 nodes are available: 3 Insufficient memory.',
  };
  let looks = 0;
  cluster.onJob = (job) => {
    const pod = podOfJob(job, {});
    Object.defineProperty(pod, 'status', {
      enumerable: true,
      get: () => {
        looks += 1;
        return looks > 2 ? RUNNING.status : { phase: 'Pending', conditions: [condition] };
      },
    });
    cluster.put(pod);
  };
  const { exit, events } = await run(cluster, 'verify', ['verify']);
  expect(exit).toBe(0);
  expect(events.filter(({ step }) => step.startsWith('waits/')).map(({ state, detail }) => [state, detail])).toEqual([
    ['retry', 'Unschedulable: 0/3 nodes are available: 3 Insufficient memory.'],
    ['done', 'no longer'],
  ]);
});

test('a connection that is cut off is an error, never an exit code', async () => {
  const cluster = await startStackCluster();
  putMonitor(cluster);
  cluster.answer = () => ({ out: 'half of', cutOff: true });
  const { exit, out } = await run(cluster, 'monitor', ['points']);
  expect(out).toBe('half of');
  expect(exit).toMatchObject({ code: 'POD-COMMAND', exit: 1, fact: 'dr was cut off before it ended' });
});

test('an interrupted command removes the pod that was made for it', async () => {
  const cluster = await startStackCluster();
  putVerify(cluster);
  const stop = new AbortController();
  cluster.onJob = (job) => cluster.put(podOfJob(job, RUNNING));
  cluster.answer = () => {
    stop.abort('SIGINT');
    return { hangs: true };
  };
  const { exit } = await run(cluster, 'verify', ['verify'], stop);
  expect(exit).toMatchObject({ code: 'INTERRUPTED', exit: 130 });
  expect(cluster.deleted).toHaveLength(1);
});
