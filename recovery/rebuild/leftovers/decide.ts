/**
 * What the `up` of a rebuild would find where it wants to create. Pure. What the lost stack has left is taken over; everything else is
 * somebody's, and an `up` that overwrote it would be the second disaster.
 */
import { OWN_LABEL } from '../../../plan/layout.ts';
import type { KubeObject } from '../../kubernetes/objects.ts';

export interface InTheWay {
  /** `ClusterRole/dr-capture-go-coffee-dr`, `Deployment/go-coffee/orders`. */
  readonly name: string;
  readonly reason: string;
}

export interface Leftovers {
  /** Names of objects of the lost stack. */
  readonly takenOver: readonly string[];
  readonly inTheWay: readonly InTheWay[];
}

/** A namespace that the stack makes, as it is now. */
export interface FoundNamespace {
  readonly name: string;
  /** Undefined where it does not exist. */
  readonly object: KubeObject | undefined;
  /** Names of pods that have not ended. */
  readonly pods: readonly string[];
  readonly claims: readonly string[];
  /** `production of site us-east-1`, as its dr.yaml says; undefined where there is none. */
  readonly of?: string | undefined;
}

export interface LeftoverFacts {
  /** Objects that exist and that the preview wants to create. */
  readonly existing: readonly KubeObject[];
  /** The stack's own. */
  readonly namespaces: readonly FoundNamespace[];
  /** `production of site us-east-1`: the stack that was lost. */
  readonly lost: string;
}

const SHOWN = 5;

const isMarked = ({ metadata }: KubeObject): boolean => metadata.labels?.[OWN_LABEL] === 'stack';

function few(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return more > 0 ? `${names.slice(0, SHOWN).join(', ')} and ${more} more` : names.join(', ');
}

function nameOfObject({ kind, metadata: { namespace, name } }: KubeObject): string {
  return [kind, ...(namespace === undefined ? [] : [namespace]), name].join('/');
}

/** Why a namespace is not one that the lost stack has left behind; undefined where it is, and where it does not exist. */
function aliveIn({ name, object, pods, claims, of }: FoundNamespace, lost: string): string | undefined {
  if (object === undefined) return undefined;
  if (object.metadata.deletionTimestamp !== undefined)
    return `the namespace ${name} is being deleted: wait until it is gone`;
  if (!isMarked(object)) return `the namespace ${name} is not of a stack`;
  if (of !== undefined && of !== lost) return `the namespace ${name} is of ${of}, and ${lost} is rebuilt`;
  if (pods.length > 0) return `the stack of the namespace ${name} still runs: ${few(pods)}`;
  // A member refuses to start on the volume of another generation.
  return claims.length > 0 ? `the namespace ${name} holds volumes of another generation: ${few(claims)}` : undefined;
}

export function decideLeftovers({ existing, namespaces, lost }: LeftoverFacts): Leftovers {
  const alive = namespaces.flatMap((each) => aliveIn(each, lost) ?? [])[0];
  const takenOver = alive === undefined ? existing.filter(isMarked) : [];
  return {
    takenOver: takenOver.map(nameOfObject),
    inTheWay: existing
      .filter((object) => !takenOver.includes(object))
      .map((object) => ({
        name: nameOfObject(object),
        reason: isMarked(object) ? (alive ?? '') : 'it has no mark of a stack: it is somebody else’s',
      })),
  };
}
