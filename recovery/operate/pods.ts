/** The pods of a stack that run `dr`: the monitor's, found by who owns it, or one that is made for a command and removed after it. */
import { randomBytes } from 'node:crypto';
import { BatchV1Api, type V1Job } from '@kubernetes/client-node';
import { DrError, precondition } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { poll } from '../core/poll.ts';
import type { Progress } from '../core/progress.ts';
import type { ClusterAccess } from '../kubernetes/access.ts';
import { callsOf, isAbsent } from '../kubernetes/calls.ts';
import { type Cluster, fieldsOf, type KubeObject, listOf } from '../kubernetes/objects.ts';
import { SERVED } from '../kubernetes/served-types.ts';
import type { Trouble } from '../kubernetes/trouble.ts';
import { readTroubles, reportTroubles } from '../kubernetes/watch-troubles.ts';
import type { PodOf } from './commands.ts';
import { CONTAINER, handJob, isOurs, templateOf } from './job.ts';

/** As infra/monitoring and infra/jobs declare them. */
const MONITOR = 'dr-monitor';
const VERIFY = 'dr-verify';
/** A stack without a monitor, such as a drill's, has its checks. */
const OBJECTIVES = 'dr-objectives';

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

const ownedBy = ({ metadata }: KubeObject, uids: readonly string[]): boolean =>
  metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uids.includes(uid)) === true;

const uidsOf = (objects: readonly KubeObject[]): string[] =>
  objects.flatMap(({ metadata: { uid } }) => (uid === undefined ? [] : [uid]));

/** Whether its container runs. It need not be ready: a monitor is not while a repository is away. */
function runs({ metadata, status }: KubeObject): boolean {
  const states = listOf(fieldsOf(status).containerStatuses).map(fieldsOf);
  const own = states.find(({ name }) => name === CONTAINER);
  return metadata.deletionTimestamp === undefined && fieldsOf(own?.state).running !== undefined;
}

async function ours(cluster: Cluster, type: typeof SERVED.deployment, name: string, namespace: string) {
  const found = await cluster.get(type, name, namespace);
  return found !== undefined && isOurs(found) ? found : undefined;
}

/** Name of the monitor's pod: of a ReplicaSet of the stack's own Deployment. Pods of others may have the same labels. */
async function monitorPod({ cluster, namespace }: StackCluster): Promise<string | undefined> {
  const deployment = await ours(cluster, SERVED.deployment, MONITOR, namespace);
  if (deployment === undefined) return undefined;
  const sets = await cluster.list(SERVED.replicaSet, namespace);
  const own = uidsOf(sets.filter((set) => ownedBy(set, uidsOf([deployment]))));
  const pods = (await cluster.list(SERVED.pod, namespace)).filter((pod) => ownedBy(pod, own) && runs(pod));
  return pods[0]?.metadata.name;
}

async function templateFor(of: PodOf, { cluster, namespace }: StackCluster): Promise<Record<string, unknown>> {
  const sources =
    of === 'verify'
      ? ([[SERVED.cronJob, VERIFY]] as const)
      : ([
          [SERVED.deployment, MONITOR],
          [SERVED.cronJob, OBJECTIVES],
        ] as const);
  for (const [type, name] of sources) {
    const found = await ours(cluster, type, name, namespace);
    const template = found && templateOf(found);
    if (template !== undefined) return template;
  }
  throw precondition({
    code: 'STACK-HAS-NO-POD',
    where: `namespace ${namespace} of ${cluster.describe}`,
    fact: `it has no ${sources.map(([{ kind }, name]) => `${kind} ${name}`).join(' and no ')} of the stack`,
    hint: 'its objects are lost or its up did not end: pulumi up, or dr rebuild; on a host, type the command without --stack',
  });
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

/** Says at once why it does not start. Throws `POD-NOT-STARTED` when the time is up, or for what no waiting mends. */
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
