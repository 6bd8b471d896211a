/** Why a pod does not start or a claim is not bound, in the cluster's own words. Pure. */
import { fieldsOf, type KubeObject, listOf, textOf } from '../objects.ts';

export interface Trouble {
  /** `pod go-coffee/orders-0`, `claim go-coffee/data`, `job go-coffee-dr/dr-full`. */
  readonly object: string;
  /** `Unschedulable: 0/3 nodes are available: …` */
  readonly reason: string;
  /** What to do. Only where waiting does not help. */
  readonly hint?: string;
}

/** What a look at one namespace has found. */
export interface Seen {
  readonly pods: readonly KubeObject[];
  readonly claims: readonly KubeObject[];
  readonly events: readonly KubeObject[];
  /** Names of the storage classes; undefined where they may not be listed. */
  readonly classes?: readonly string[] | undefined;
  /** Events of owners from before this moment are of an earlier wait. */
  readonly since: Date;
}

/** A container that starts normally waits for these reasons. */
const ON_ITS_WAY = ['ContainerCreating', 'PodInitializing', ''];
/** The kubelet reports these for a pod that has a node and no container yet. */
const POD_EVENTS = ['FailedMount', 'FailedAttachVolume', 'FailedCreatePodSandBox', 'FailedMapVolume'];
/** Of a controller whose pod the API refuses: a quota, Pod Security, an admission webhook. */
const OWNER_EVENTS = ['FailedCreate'];
const CLAIM_EVENTS = ['ProvisioningFailed', 'FailedBinding'];

/** A registry's words for an image that it does not have. */
const NO_IMAGE = /not found|manifest unknown|no such image|does not exist|InvalidImageName|invalid reference format/i;

function named(kind: string, { metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;
}

/** A message of the kubelet may have several lines, and repeats the image's name three times. */
function words(reason: string, message: unknown): string {
  const line = textOf(message).replaceAll(/\s+/g, ' ').trim();
  return line === '' ? reason : `${reason}: ${line.length > 400 ? `${line.slice(0, 400)}…` : line}`;
}

interface Told {
  readonly reason: string;
  readonly message: unknown;
}

function lastEvent(events: readonly KubeObject[], of: KubeObject, reasons: readonly string[]): Told | undefined {
  const own = events.filter((event) => {
    const { uid, kind, name } = fieldsOf(event.involvedObject);
    const same =
      of.metadata.uid === undefined ? kind === of.kind && name === of.metadata.name : uid === of.metadata.uid;
    return same && reasons.includes(textOf(event.reason));
  });
  const last = own.toSorted((a, b) => timeOf(a) - timeOf(b)).at(-1);
  return last && { reason: textOf(last.reason), message: last.message };
}

/** Milliseconds; the newest of the fields that an event may have. */
function timeOf(event: KubeObject): number {
  const times = [event.lastTimestamp, event.eventTime, fieldsOf(event.series).lastObservedTime, event.firstTimestamp];
  return Math.max(0, ...times.map((time) => Date.parse(textOf(time))).filter(Number.isFinite));
}

function unschedulable({ status }: KubeObject): Told | undefined {
  const found = listOf(fieldsOf(status).conditions)
    .map(fieldsOf)
    .find(({ type, status: is, reason }) => type === 'PodScheduled' && is === 'False' && reason !== 'SchedulingGated');
  return found && { reason: textOf(found.reason), message: found.message };
}

/** A volume that one node can mount (`backups.access: ReadWriteOnce`) keeps its pods there. The scheduler says only that a rule is not met. */
function placeHint({ message }: Told): { hint?: string } {
  if (!/didn't match pod affinity rules/.test(textOf(message))) return {};
  return {
    hint: 'it shares a volume with pods of another node, which has no room for it: free some there, or drain it',
  };
}

interface WaitingContainer extends Told {
  readonly image: string;
}

function waiting({ status }: KubeObject): WaitingContainer | undefined {
  const { initContainerStatuses, containerStatuses } = fieldsOf(status);
  for (const each of [...listOf(initContainerStatuses), ...listOf(containerStatuses)].map(fieldsOf)) {
    const { reason, message } = fieldsOf(fieldsOf(each.state).waiting);
    if (!ON_ITS_WAY.includes(textOf(reason))) return { reason: textOf(reason), message, image: textOf(each.image) };
  }
  return undefined;
}

function imageHint({ reason, message, image }: WaitingContainer): { hint?: string } {
  const ofImage = /^(ErrImage|ImagePull|InvalidImage)/.test(reason);
  if (!ofImage || !NO_IMAGE.test(`${reason} ${textOf(message)}`)) return {};
  return { hint: `the registry has no image ${image}: push it, or name another one in the stack’s config` };
}

function ofPod(pod: KubeObject, { events }: Seen): Trouble | undefined {
  const object = named('pod', pod);
  const { phase } = fieldsOf(pod.status);
  if (pod.metadata.deletionTimestamp !== undefined || phase === 'Succeeded') return undefined;
  const notPlaced = unschedulable(pod);
  if (notPlaced) return { object, reason: words(notPlaced.reason, notPlaced.message), ...placeHint(notPlaced) };
  const container = waiting(pod);
  if (container) return { object, reason: words(container.reason, container.message), ...imageHint(container) };
  const told = phase === 'Pending' ? lastEvent(events, pod, POD_EVENTS) : undefined;
  return told && { object, reason: words(told.reason, told.message) };
}

function ofClaim(claim: KubeObject, { events, classes }: Seen): Trouble | undefined {
  if (fieldsOf(claim.status).phase !== 'Pending') return undefined;
  const object = named('claim', claim);
  const wanted = textOf(fieldsOf(claim.spec).storageClassName);
  if (wanted !== '' && classes !== undefined && !classes.includes(wanted)) {
    const known = classes.length === 0 ? 'the cluster has none' : `the cluster has ${classes.join(', ')}`;
    return {
      object,
      reason: `the storage class "${wanted}" does not exist`,
      hint: `make it, or name one that exists in the stack’s config (storageClasses, or recovery.map.storageClass): ${known}`,
    };
  }
  const told = lastEvent(events, claim, CLAIM_EVENTS);
  return told && { object, reason: words(told.reason, told.message) };
}

/** Controllers have no state of their own that says it: only the event does. */
function ofOwners({ events, since }: Seen): Trouble[] {
  const fresh = events.filter(
    (event) => OWNER_EVENTS.includes(textOf(event.reason)) && timeOf(event) >= since.getTime(),
  );
  return fresh.map((event) => {
    const { kind, name, namespace } = fieldsOf(event.involvedObject);
    return {
      object: `${textOf(kind).toLowerCase()} ${textOf(namespace)}/${textOf(name)}`,
      reason: words(textOf(event.reason), event.message),
    };
  });
}

/** One for each object, in the order of pods, claims, controllers. */
export function troublesIn(seen: Seen): Trouble[] {
  const found = [
    ...seen.pods.map((pod) => ofPod(pod, seen)),
    ...seen.claims.map((claim) => ofClaim(claim, seen)),
    ...ofOwners(seen),
  ].filter((trouble) => trouble !== undefined);
  return [...new Map(found.map((trouble) => [trouble.object, trouble])).values()];
}
