/** Finds what a stack has that runs `dr`, by who owns it and what it may do: pods of others may have the same labels. */
import { precondition } from '../core/errors.ts';
import { type Cluster, fieldsOf, type KubeObject, listOf, textOf } from '../kubernetes/objects.ts';
import { SERVED } from '../kubernetes/served-types.ts';
import type { PodOf } from './commands.ts';
import { CONTAINER, isOurs, templateOf, withChannels } from './job.ts';

/** As infra/monitoring and infra/jobs declare them. */
const MONITOR = 'dr-monitor';
const VERIFY = 'dr-verify';
/** Of a stack without a monitor, such as a drill's. */
const OBJECTIVES = 'dr-objectives';
/** May read the platform's workloads. Which test of the plan runs with it, and so the CronJob's name, is the plan's own. */
const AUDITOR = 'dr-auditor';
const ASKS_CLUSTER = /^reach\..+\/kubernetes-api$/;

interface Found {
  readonly cluster: Cluster;
  /** The stack's recovery namespace. */
  readonly namespace: string;
}
type Template = Readonly<Record<string, unknown>>;

export const ownedBy = ({ metadata }: KubeObject, uids: readonly string[]): boolean =>
  metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uids.includes(uid)) === true;

export const uidsOf = (objects: readonly KubeObject[]): string[] =>
  objects.flatMap(({ metadata: { uid } }) => (uid === undefined ? [] : [uid]));

/** Whether its container runs. It need not be ready: a monitor is not while a repository is away. */
export function runs({ metadata, status }: KubeObject): boolean {
  const states = listOf(fieldsOf(status).containerStatuses).map(fieldsOf);
  const own = states.find(({ name }) => name === CONTAINER);
  return metadata.deletionTimestamp === undefined && fieldsOf(own?.state).running !== undefined;
}

async function ours(
  { cluster, namespace }: Found,
  type: typeof SERVED.deployment | typeof SERVED.cronJob,
  name: string,
) {
  const found = await cluster.get(type, name, namespace);
  return found !== undefined && isOurs(found) ? found : undefined;
}

/** Name of the monitor's pod: of a ReplicaSet of the stack's own Deployment. */
export async function monitorPod(stack: Found): Promise<string | undefined> {
  const { cluster, namespace } = stack;
  const deployment = await ours(stack, SERVED.deployment, MONITOR);
  if (deployment === undefined) return undefined;
  const sets = await cluster.list(SERVED.replicaSet, namespace);
  const own = uidsOf(sets.filter((set) => ownedBy(set, uidsOf([deployment]))));
  const pods = (await cluster.list(SERVED.pod, namespace)).filter((pod) => ownedBy(pod, own) && runs(pod));
  return pods[0]?.metadata.name;
}

function asksCluster({ metadata, spec }: Template): boolean {
  const labels = Object.keys(fieldsOf(fieldsOf(metadata).labels));
  return textOf(fieldsOf(spec).serviceAccountName) === AUDITOR && labels.some((label) => ASKS_CLUSTER.test(label));
}

/** Of a check that reads the cluster. */
async function auditor({ cluster, namespace }: Found): Promise<Template | undefined> {
  const own = (await cluster.list(SERVED.cronJob, namespace)).filter(isOurs);
  return own
    .map(templateOf)
    .filter((template) => template !== undefined)
    .find(asksCluster);
}

async function named(stack: Found, type: typeof SERVED.deployment | typeof SERVED.cronJob, name: string) {
  const found = await ours(stack, type, name);
  return found && templateOf(found);
}

const WORDS: Readonly<Record<PodOf, string>> = {
  monitor: `no Deployment ${MONITOR} and no CronJob ${OBJECTIVES} of the stack`,
  health: `no CronJob of the stack with the account ${AUDITOR} and a way to the API: the plan has no test that runs dr health`,
  verify: `no CronJob ${VERIFY} of the stack`,
  incident: `no CronJob ${VERIFY} of the stack`,
};

/** The pod template whose rights a command gets. Throws `STACK-HAS-NO-POD` (exit 6). */
export async function templateFor(of: PodOf, stack: Found): Promise<Template> {
  const found =
    of === 'verify' || of === 'incident'
      ? await named(stack, SERVED.cronJob, VERIFY)
      : of === 'health'
        ? await auditor(stack)
        : ((await named(stack, SERVED.deployment, MONITOR)) ?? (await named(stack, SERVED.cronJob, OBJECTIVES)));
  if (found !== undefined) return of === 'incident' ? withChannels(found) : found;
  throw precondition({
    code: 'STACK-HAS-NO-POD',
    where: `namespace ${stack.namespace} of ${stack.cluster.describe}`,
    fact: `it has ${WORDS[of]}`,
    hint: 'its objects are lost or its up did not end: pulumi up, or `dr rebuild --stack NAME --to latest`; on a host, type the command without --stack',
  });
}
