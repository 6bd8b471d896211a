/** The pod that a command runs in: the monitor's, or one that is made for the command and removed after it. */
import { randomBytes } from 'node:crypto';
import { BatchV1Api, type V1Job } from '@kubernetes/client-node';
import { DrError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { poll } from '../core/poll.ts';
import type { Progress } from '../core/progress.ts';
import type { ClusterAccess } from '../kubernetes/access.ts';
import { callsOf, isAbsent } from '../kubernetes/calls.ts';
import type { Cluster, KubeObject } from '../kubernetes/objects.ts';
import { SERVED } from '../kubernetes/served-types.ts';
import type { Trouble } from '../kubernetes/troubles/trouble.ts';
import { readTroubles, reportTroubles } from '../kubernetes/troubles/watch.ts';
import type { PodOf } from './commands.ts';
import { monitorPod, ownedBy, runs, templateFor, uidsOf } from './find.ts';
import { handJob } from './job.ts';

export interface StackCluster {
  readonly access: ClusterAccess;
  readonly cluster: Cluster;
  /** The stack's recovery namespace. */
  readonly namespace: string;
  readonly progress: Progress;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** For an image to be pulled and a volume to be attached. @default 300 */
  readonly startSeconds?: number;
  /** Between two looks at a pod that starts. @default 2 */
  readonly everySeconds?: number;
}

function notStarted(namespace: string, job: string, reason: string, trouble?: Trouble): DrError {
  return new DrError({
    code: 'POD-NOT-STARTED',
    where: `job ${namespace}/${job}`,
    fact: `its pod does not run: ${reason}`,
    hint: trouble?.hint ?? `kubectl -n ${namespace} get events; run the same command again when that is fixed`,
  });
}

interface Look {
  readonly running?: string | undefined;
  readonly trouble?: Trouble | undefined;
}

/** Says at once why it does not start. Throws `POD-NOT-STARTED` when the time is up, or at once where waiting does not help. */
async function started(stack: StackCluster, job: KubeObject): Promise<string> {
  const { cluster, namespace, progress, log, signal, startSeconds = 300, everySeconds = 2 } = stack;
  const tell = reportTroubles({ progress, log });
  const since = new Date();
  const look = async (): Promise<Look> => {
    const pods = (await cluster.list(SERVED.pod, namespace)).filter((pod) => ownedBy(pod, uidsOf([job])));
    const names = [
      ...pods.map(({ metadata }) => `pod ${namespace}/${metadata.name}`),
      `job ${namespace}/${job.metadata.name}`,
    ];
    const found = await readTroubles({ cluster, namespaces: [namespace], since });
    const own = found.filter(({ object }) => names.includes(object));
    tell(own);
    return { running: pods.find(runs)?.metadata.name, trouble: own.find(({ hint }) => hint !== undefined) ?? own[0] };
  };
  const ends = ({ running, trouble }: Look) => running !== undefined || trouble?.hint !== undefined;
  const { answer } = await poll({ seconds: startSeconds, everySeconds, signal }, look, ends);
  if (answer.running !== undefined) return answer.running;
  const reason = answer.trouble?.reason ?? `no reason is known after ${startSeconds} s`;
  throw notStarted(namespace, job.metadata.name, reason, answer.trouble);
}

/** Runs `use` in a pod that is removed afterwards, whatever happens. */
async function withNewPod<T>(of: PodOf, stack: StackCluster, use: (pod: string) => Promise<T>): Promise<T> {
  const { access, namespace, progress, log } = stack;
  const batch = access.config.makeApiClient(BatchV1Api);
  const wanted = handJob(await templateFor(of, stack), namespace, randomBytes(4).toString('hex'));
  const { name } = wanted.metadata;
  const step = { step: 'by-hand/pod', title: `pod of ${name} in ${namespace}` };
  const create = { verb: 'create', resource: 'jobs.batch', namespace } as const;
  progress({ ...step, state: 'start' });
  // The client's types have dates where JSON has text; a template that the API gave is what it takes.
  const body = wanted as unknown as V1Job;
  // Without the signal: a Job whose creation was not waited for would stay.
  const made = await callsOf(access)(create, () => batch.createNamespacedJob({ namespace, body }));
  const uid = made?.metadata?.uid ?? '';
  try {
    const pod = await started(stack, { ...wanted, metadata: { ...wanted.metadata, uid } }).catch((error: unknown) => {
      progress({ ...step, state: 'failed' });
      throw error;
    });
    progress({ ...step, state: 'done' });
    return await use(pod);
  } finally {
    // An interrupted command removes its pod too.
    const call = { verb: 'delete', resource: `jobs.batch ${name}`, namespace } as const;
    const remove = () => batch.deleteNamespacedJob({ namespace, name, propagationPolicy: 'Background' });
    await callsOf(access)(call, remove, isAbsent).catch((error: unknown) => {
      log.warn({ error: String(error) }, `left: job ${namespace}/${name}; kubectl -n ${namespace} delete job ${name}`);
    });
  }
}

/** Throws `STACK-HAS-NO-POD` (exit 6), `POD-NOT-STARTED` and `KUBERNETES-…`. */
export async function inPod<T>(of: PodOf, stack: StackCluster, use: (pod: string) => Promise<T>): Promise<T> {
  const running = of === 'monitor' ? await monitorPod(stack) : undefined;
  return running === undefined ? withNewPod(of, stack, use) : use(running);
}
