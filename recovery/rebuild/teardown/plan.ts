/**
 * Decides what a teardown deletes and what it leaves. Pure. It leaves what is of the whole cluster, what may have been there before the
 * stack, and what anything outside of the stack uses.
 */
import { OWN_LABEL } from '../../../plan/layout.ts';
import { didYouMean } from '../../../plan/nearest.ts';
import { badInput, precondition } from '../../core/errors.ts';
import type { KubeObject } from '../../kubernetes/objects.ts';
import type { Held, HeldObject, HeldResource } from '../../pulumi/engine.ts';
import { everywhereOf, isOwnedBy, outsideOf } from './outside.ts';
import { usersOf } from './users.ts';

export interface Kept {
  readonly urn: string;
  /** `StorageClass/fast`, `ConfigMap/shop/settings`; the resource's name in the program where it is no object. */
  readonly name: string;
  readonly reason: string;
}

export interface Included {
  readonly name: string;
  /** Objects outside of the stack that are deleted with it, or break. */
  readonly with: readonly string[];
}

export interface TeardownPlan {
  readonly stack: string;
  /** How many resources are deleted. */
  readonly deletes: number;
  /** Namespaces that are deleted with all that they hold. */
  readonly namespaces: readonly string[];
  readonly kept: readonly Kept[];
  /** Only because `--include` names them. */
  readonly included: readonly Included[];
}

export interface TeardownFacts {
  readonly stack: string;
  readonly held: Held;
  /** Every object of the cluster; empty for a stack without objects. */
  readonly live: readonly KubeObject[];
  /** As typed: names of `Kept`. */
  readonly include: readonly string[];
}

/** Resources of these are no more than values in the state. */
const VALUES = /^(random|tls|command|time):/;
/** Between the creation of an object and its record, and for the precision of both. */
const SLACK_MS = 60_000;
/** A cluster's clock may be behind this host's by as much at most; beyond it nothing can be told from dates. */
const MOST_SKEW_MS = 10 * 60_000;
const SHOWN = 20;

const nameOf = ({ kind, namespace, name }: HeldObject): string =>
  [kind, ...(namespace === undefined ? [] : [namespace]), name].join('/');

const nameOfLive = ({ kind, metadata: { namespace, name } }: KubeObject): string =>
  [kind, ...(namespace === undefined ? [] : [namespace]), name].join('/');

const groupOfVersion = (apiVersion: string): string =>
  apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';

/** Identity in a cluster, whatever the version. */
function keyOf(apiVersion: string, kind: string, namespace: string | undefined, name: string): string {
  return [groupOfVersion(apiVersion), kind, namespace ?? '', name].join(' ');
}

const keyOfHeld = ({ apiVersion, kind, namespace, name }: HeldObject) => keyOf(apiVersion, kind, namespace, name);
const keyOfLive = ({ apiVersion, kind, metadata: { namespace, name } }: KubeObject) =>
  keyOf(apiVersion, kind, namespace, name);

export function few(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return more > 0 ? `${names.slice(0, SHOWN).join(', ')} and ${more} more` : names.join(', ');
}

class Decision {
  readonly #facts: TeardownFacts;
  readonly #live: ReadonlyMap<string, KubeObject>;
  readonly #byUid: ReadonlyMap<string | undefined, KubeObject>;
  readonly #everywhere: ReadonlySet<string>;
  /** Objects of the stack that are certainly its own. */
  readonly #own = new Set<KubeObject>();
  readonly #kept = new Map<string, Kept>();
  readonly #skew: number;

  constructor(facts: TeardownFacts) {
    this.#facts = facts;
    this.#live = new Map(facts.live.map((object) => [keyOfLive(object), object]));
    this.#byUid = new Map(facts.live.map((object) => [object.metadata.uid, object]));
    this.#everywhere = everywhereOf(facts.live);
    this.#skew = this.#skewMs();
  }

  /** By how much the cluster's clock is behind: each object of the stack was made right before it was recorded. */
  #skewMs(): number {
    const behind = this.#facts.held.resources.flatMap(({ object, recordedAt }) => {
      const live = object && this.#live.get(keyOfHeld(object));
      if (live === undefined || recordedAt === undefined || live.metadata.uid !== object?.uid) return [];
      const made = Date.parse(String(live.metadata.creationTimestamp));
      return Number.isNaN(made) ? [] : [Date.parse(recordedAt) - made];
    });
    return behind.length === 0 ? 0 : Math.min(Math.max(0, Math.min(...behind)), MOST_SKEW_MS);
  }

  /** What is wrong with the object by itself, whoever uses it. */
  #doubt({ adopted, object }: HeldResource): string | undefined {
    if (object === undefined) return 'the stack’s state does not tell which object it is';
    if (adopted) return 'other stacks and the platform use it too: it may be older than the stack';
    const live = this.#live.get(keyOfHeld(object));
    if (live !== undefined) {
      if (object.uid === undefined) return 'the stack’s state does not tell whether it is the stack’s own';
      if (object.uid !== live.metadata.uid) return 'it is another object of this name, which the stack did not make';
      const { since } = this.#facts.held;
      const made = Date.parse(String(live.metadata.creationTimestamp));
      if (since !== undefined && made + this.#skew < Date.parse(since) - SLACK_MS)
        return `it is older than the stack (${since})`;
    }
    const isOwn = object.labels[OWN_LABEL] !== undefined;
    if (object.namespace === undefined && object.kind !== 'Namespace' && !isOwn) return 'it is of the whole cluster';
    return undefined;
  }

  #keep({ urn }: HeldResource, name: string, reason: string): void {
    // Named by --include: its users are listed, and it goes.
    if (!this.#facts.include.includes(name)) this.#kept.set(urn, { urn, name, reason });
  }

  /** Objects that use this one and are neither the stack's nor made by what is the stack's. */
  usersOutside(object: KubeObject): KubeObject[] {
    const isOwn = (each: KubeObject) => this.#own.has(each);
    return usersOf(object, this.#facts.live).filter((user) => !isOwnedBy(isOwn, this.#byUid, user));
  }

  outsideIn(namespace: string): KubeObject[] {
    const inside = this.#facts.live.filter(({ metadata }) => metadata.namespace === namespace);
    return outsideOf({ inside, everywhere: this.#everywhere, isHeld: (object) => this.#own.has(object) });
  }

  decide(): Kept[] {
    const objects: { resource: HeldResource; object: HeldObject; live: KubeObject }[] = [];
    for (const resource of this.#facts.held.resources) {
      const { urn, type, object, guarded } = resource;
      if (!type.startsWith('kubernetes:')) {
        const reason = 'it is not in the cluster, and the stack protects it';
        if (guarded && !VALUES.test(type)) this.#keep(resource, urn.split('::').at(-1) ?? urn, reason);
        continue;
      }
      const doubt = this.#doubt(resource);
      const name = object === undefined ? (urn.split('::').at(-1) ?? urn) : nameOf(object);
      if (doubt !== undefined) this.#keep(resource, name, doubt);
      const live = object && this.#live.get(keyOfHeld(object));
      if (object === undefined || live === undefined) continue;
      if (doubt === undefined) this.#own.add(live);
      if (!this.#kept.has(urn)) objects.push({ resource, object, live });
    }
    const going = new Set(objects.filter(({ object }) => object.kind === 'Namespace').map(({ object }) => object.name));
    for (const { resource, object, live } of objects) {
      if (object.kind === 'Namespace' || (object.namespace !== undefined && going.has(object.namespace))) continue;
      const users = this.usersOutside(live).map(nameOfLive);
      if (users.length > 0) this.#keep(resource, nameOf(object), `used by ${few(users)}`);
    }
    return [...this.#kept.values()];
  }
}

function refuseUnknown({ include, held, stack }: TeardownFacts): void {
  const names = held.resources.flatMap(({ object }) => (object === undefined ? [] : [nameOf(object)]));
  const unknown = include.filter((name) => !names.includes(name));
  if (unknown.length === 0) return;
  throw badInput({
    code: 'INCLUDE-UNKNOWN',
    where: '--include',
    fact: `the stack ${stack} holds no ${unknown.join(', no ')}.${didYouMean(unknown[0] ?? '', names)}`,
    hint: 'write Kind/name, or Kind/namespace/name: `dr rebuild --stack NAME --teardown --dry-run` lists what stays',
  });
}

/** Throws INCLUDE-UNKNOWN (exit 2), and NAMESPACE-SHARED (exit 6) for somebody else's objects in the stack's namespaces. */
export function planTeardown(facts: TeardownFacts): TeardownPlan {
  refuseUnknown(facts);
  const { stack, held, live, include } = facts;
  const decision = new Decision(facts);
  const decided = decision.decide();
  const stays = new Set(decided.map(({ urn }) => urn));
  const namespaces = held.resources.flatMap(({ urn, object }) =>
    object?.kind === 'Namespace' && object.namespace === undefined && !stays.has(urn) ? [object.name] : [],
  );
  // What each namespace has by itself goes with it; anything else in it that is not the stack's is refused below.
  const inGone = new Set(
    held.resources.flatMap(({ urn, object }) => (namespaces.includes(object?.namespace ?? '') ? [urn] : [])),
  );
  const kept = decided.filter(({ urn }) => !inGone.has(urn));
  const included = include.map((name): Included => {
    const object = live.find((each) => nameOfLive(each) === name);
    return { name, with: object === undefined ? [] : decision.usersOutside(object).map(nameOfLive) };
  });
  const foreign = namespaces
    .filter((name) => !include.includes(`Namespace/${name}`))
    .map((name) => ({ name, objects: decision.outsideIn(name).map(nameOfLive) }))
    .filter(({ objects }) => objects.length > 0);
  if (foreign.length > 0) {
    throw precondition({
      code: 'NAMESPACE-SHARED',
      where: stack,
      fact: foreign
        .map(({ name, objects }) => `namespace ${name} holds what the stack did not make: ${few(objects)}`)
        .join('\n'),
      hint: `move them elsewhere; or, to delete them too: ${foreign.map(({ name }) => `--include Namespace/${name}`).join(' ')}`,
    });
  }
  return { stack, deletes: held.resources.length - kept.length, namespaces, kept, included };
}
