/** Objects that must not be put back: somebody else makes them, or a fence or an isolation keeps them as they are. Pure. */
import { OWN_LABEL } from '../../plan/layout.ts';
import { BEFORE, FENCE_QUOTA, SUSPENDED } from '../kubernetes/fence-marks.ts';
import { ISOLATION } from '../kubernetes/isolation/marks.ts';
import type { KubeObject } from '../kubernetes/objects.ts';

/** Where objects may be put back. */
export interface Bounds {
  /** Of the platform. Objects of the cluster itself are in none. */
  readonly namespaces: readonly string[];
  /** Namespaces that a fence or an isolation closed, with its quota. */
  readonly closed: ReadonlyMap<string, string>;
}

export interface Verdict {
  readonly fate: 'left-out' | 'refused';
  readonly why: string;
}

const leftOut = (why: string): Verdict => ({ fate: 'left-out', why });
const refused = (why: string): Verdict => ({ fate: 'refused', why });

const ofStack = ({ labels }: KubeObject['metadata']): Verdict | undefined =>
  labels?.[OWN_LABEL] === undefined ? undefined : leftOut('the stack declares it: `pulumi up` puts it back');

const CLOSED_BY: Readonly<Record<string, string>> = {
  [FENCE_QUOTA]: 'a failover has stopped this namespace: what runs here again writes beside the new leader',
  [ISOLATION]: 'the platform is isolated: dr isolate --undo gives it back first',
};

/** By the captured object alone. Undefined where nothing speaks against it. */
export function verdictOfCaptured({ metadata, kind }: KubeObject, { namespaces, closed }: Bounds): Verdict | undefined {
  const declared = ofStack(metadata);
  if (declared !== undefined) return declared;
  const namespace = kind === 'Namespace' ? metadata.name : metadata.namespace;
  if (namespace === undefined) return undefined;
  if (!namespaces.includes(namespace))
    return refused(`the namespace ${namespace} is not one of this platform (${namespaces.join(', ')})`);
  const by = closed.get(namespace);
  return by === undefined ? undefined : refused(CLOSED_BY[by] ?? `the quota ${by} keeps this namespace closed`);
}

/** By what is there now. */
export function verdictOfLive({ metadata }: KubeObject): Verdict | undefined {
  const declared = ofStack(metadata);
  if (declared !== undefined) return declared;
  const { annotations, ownerReferences, deletionTimestamp } = metadata;
  const owner = ownerReferences?.find(({ controller }) => controller === true);
  if (owner !== undefined) return leftOut(`${owner.kind} ${owner.name} makes it and would change it back: select that`);
  if (deletionTimestamp !== undefined)
    return refused('it is being deleted: run the same command again when it is gone');
  const fenced = [BEFORE, SUSPENDED].some((mark) => annotations?.[mark] !== undefined);
  return fenced ? refused(CLOSED_BY[FENCE_QUOTA] ?? '') : undefined;
}

export const CLOSING_QUOTAS: readonly string[] = [FENCE_QUOTA, ISOLATION];
