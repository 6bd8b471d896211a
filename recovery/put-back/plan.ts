/** What putting the chosen objects back would do. The server tries each of them; nothing is changed. */
import pMap from 'p-map';
import { OWN_LABEL } from '../../plan/layout.ts';
import { badInput, DrError } from '../core/errors.ts';
import { scrub } from '../core/log.ts';
import { KubernetesAnswer } from '../kubernetes/failure.ts';
import { type KubeObject, kindOf, nameOf, type ResourceType } from '../kubernetes/objects.ts';
import { restoreWaves } from '../workloads/objects/order.ts';
import { additionsOf, changesOf } from './differences.ts';
import { type Bounds, type Verdict, verdictOfCaptured, verdictOfLive } from './left-out.ts';
import { definedKind, type LiveCluster } from './live.ts';
import type { PlannedObject, Selected } from './types.ts';

/** A server throttles a client with many requests. */
const AT_ONCE = 8;

export interface PlanOptions {
  readonly bounds: Pick<Bounds, 'namespaces'>;
  /** Fields that others own are taken, and what was added is removed. */
  readonly force: boolean;
}

const bare = ({ object, byName }: Selected): Omit<PlannedObject, 'fate' | 'notes'> => ({
  name: nameOf(object),
  object,
  byName,
  changes: [],
  conflicts: [],
  additions: [],
});

/** Messages of a server quote values: of a Secret none is told. */
export function refusalOf(error: unknown, object: KubeObject): string {
  if (!(error instanceof DrError)) throw error;
  const answer = error.cause;
  if (object.kind !== 'Secret' || !(answer instanceof KubernetesAnswer) || answer.status === 403)
    return scrub(error.fact);
  return `the server refuses it: HTTP ${answer.status} ${answer.reason}`;
}

const isForbidden = (error: unknown): error is DrError =>
  error instanceof DrError && error.code === 'KUBERNETES-FORBIDDEN';

function rightsMissing(where: string, fact: string): DrError {
  return badInput({
    code: 'RIGHTS-MISSING',
    where,
    fact,
    hint: 'use a context whose user may get, create and patch these kinds, and get namespaces and resourcequotas. No pod of a stack may; its operator types: dr restore --stack NAME --to latest --select deployment/api',
  });
}

/** Codes of a failure that is of one object: the others are tried. */
const OF_ONE = ['KUBERNETES-FAILED', 'KUBERNETES-FORBIDDEN'];

export function isOfOne(error: unknown): boolean {
  return error instanceof DrError && OF_ONE.includes(error.code);
}

interface Context extends PlanOptions {
  readonly cluster: LiveCluster;
  readonly bounds: Bounds;
  readonly absent: ReadonlySet<string>;
  /** All that were chosen. */
  readonly chosen: readonly KubeObject[];
}

/** It can't be tried before something else of the same run is there. */
function untriable(object: KubeObject, isServed: boolean, { chosen, absent }: Context): string | undefined {
  const { namespace } = object.metadata;
  if (!isServed) {
    const comes = chosen.some(
      (each) => each.kind === 'CustomResourceDefinition' && definedKind(each) === kindOf(object),
    );
    return comes ? 'not tried yet: its definition comes back first' : undefined;
  }
  return namespace !== undefined && absent.has(namespace) ? 'not tried yet: its namespace comes back first' : undefined;
}

const CLAIM = 'PersistentVolumeClaim';

/** What comes back with nothing in it, and what begins to run. */
function createdNotes({ kind, metadata }: KubeObject): string[] {
  if (kind === CLAIM) return ['it comes back empty: its content is a workload of its own (dr restore-volume)'];
  if (kind === 'Job' || kind === 'Pod') return [`the ${kind} ${metadata.name} runs (again) when it is there`];
  return [];
}

function changedNotes({ kind }: KubeObject): string[] {
  return kind === 'Secret'
    ? ['its values are those of the point: if they were rotated since, they open nothing any more']
    : [];
}

async function lookAt(selected: Selected, context: Context): Promise<PlannedObject> {
  const { object } = selected;
  const { cluster, absent, chosen } = context;
  const known = bare(selected);
  const judged = (verdict: Verdict): PlannedObject => ({ ...known, fate: verdict.fate, notes: [verdict.why] });
  const refused = (why: string) => judged({ fate: 'refused', why });
  const early = verdictOfCaptured(object, context.bounds);
  if (early !== undefined) return judged(early);
  const type = await cluster.typeOf(object);
  const { namespace } = object.metadata;
  if (namespace !== undefined && absent.has(namespace)) {
    const coming = chosen.find(({ kind, metadata }) => kind === 'Namespace' && metadata.name === namespace);
    if (coming === undefined)
      return refused(
        `the namespace ${namespace} is not there: --select namespace/${namespace} puts it back, with all in it`,
      );
    if (coming.metadata.labels?.[OWN_LABEL] !== undefined)
      return refused(`the stack makes the namespace ${namespace}, and it is not there: pulumi up comes first`);
  }
  const later = untriable(object, type !== undefined, context);
  if (later !== undefined) return { ...known, fate: 'create', notes: [later, ...createdNotes(object)] };
  if (type === undefined) return refused(`the cluster does not serve ${object.apiVersion} ${object.kind}`);
  const live = await cluster.get(type, object);
  const verdict = live && verdictOfLive(live);
  if (verdict !== undefined) return judged(verdict);
  return tryIt(selected, { type, live }, context);
}

interface Found {
  readonly type: ResourceType;
  /** Undefined where it is not there. */
  readonly live: KubeObject | undefined;
}

async function tryIt(selected: Selected, { type, live }: Found, context: Context): Promise<PlannedObject> {
  const { object } = selected;
  const { cluster, force } = context;
  const known = bare(selected);
  const tried = await cluster.apply(type, object, { dryRun: true, force: false });
  const conflicts = 'conflicts' in tried ? tried.conflicts : [];
  const forced = 'conflicts' in tried ? await cluster.apply(type, object, { dryRun: true, force: true }) : tried;
  if ('conflicts' in forced) throw new TypeError('a forced apply has no conflicts');
  if (live === undefined) return { ...known, fate: 'create', notes: createdNotes(object) };
  const additions = additionsOf(forced.object, object);
  const changes = changesOf(live, forced.object);
  const removes = force && additions.some(({ isMark }) => !isMark);
  const fate = conflicts.length > 0 && !force ? 'conflict' : changes.length > 0 || removes ? 'change' : 'same';
  return { ...known, fate, changes, conflicts, additions, notes: changes.length > 0 ? changedNotes(object) : [] };
}

async function planned(selected: Selected, context: Context): Promise<PlannedObject> {
  try {
    return await lookAt(selected, context);
  } catch (error) {
    if (!isOfOne(error)) throw error;
    const notes = [refusalOf(error, selected.object)];
    return { ...bare(selected), fate: 'refused', notes, forbidden: isForbidden(error) };
  }
}

/** Which namespaces are not there, and which a fence or an isolation has closed. Throws `RIGHTS-MISSING` (exit 2). */
async function stateOf(cluster: LiveCluster, names: readonly string[]) {
  const absent = new Set<string>();
  const closed = new Map<string, string>();
  for (const name of names) {
    try {
      const isThere = await cluster.hasNamespace(name);
      const by = isThere ? await cluster.closedBy(name) : undefined;
      if (!isThere) absent.add(name);
      if (by !== undefined) closed.set(name, by);
    } catch (error) {
      if (isForbidden(error)) throw rightsMissing(cluster.describe, error.fact);
      throw error;
    }
  }
  return { absent, closed };
}

/** In the order in which they are put back. Throws `RIGHTS-MISSING` (exit 2), and `KUBERNETES-…` where the cluster does not answer. */
export async function planPutBack(
  cluster: LiveCluster,
  selected: readonly Selected[],
  options: PlanOptions,
): Promise<PlannedObject[]> {
  const chosen = selected.map(({ object }) => object);
  const names = [...new Set(chosen.flatMap(({ metadata }) => metadata.namespace ?? []))].filter((name) =>
    options.bounds.namespaces.includes(name),
  );
  const { absent, closed } = await stateOf(cluster, names);
  const context = { ...options, cluster, absent, chosen, bounds: { ...options.bounds, closed } };
  const inOrder = restoreWaves(chosen).flatMap((wave) => wave.objects);
  const byObject = new Map(selected.map((each) => [each.object, each]));
  const ordered = inOrder.flatMap((object) => byObject.get(object) ?? []);
  const all = await pMap(ordered, (each) => planned(each, context), { concurrency: AT_ONCE });
  if (all.every(({ forbidden }) => forbidden === true))
    throw rightsMissing(cluster.describe, [...new Set(all.flatMap(({ notes }) => notes))].join('\n'));
  return all;
}
