/** Puts the planned objects back, wave by wave; every one is tried, and what fails is named. Run again, it changes what is left. */
import pMap from 'p-map';
import { DrError } from '../core/errors.ts';
import { poll } from '../core/poll.ts';
import type { Progress } from '../core/progress.ts';
import { KubernetesAnswer } from '../kubernetes/failure.ts';
import { fieldsOf, type KubeObject, listOf, type ResourceType } from '../kubernetes/objects.ts';
import { restoreWaves, type Wave } from '../workloads/objects/order.ts';
import { additionsOf, isAsApplied } from './differences.ts';
import { definedKind, isTrue, type LiveCluster } from './live.ts';
import { isOfOne, refusalOf } from './plan.ts';
import type { Addition, PlannedObject, PutBack, PutBackResult } from './types.ts';
import { awaitWorkloads } from './wait.ts';

const AT_ONCE = 8;
/** A definition is served within seconds; a server behind an APIService starts as pods do. */
const SERVED_SECONDS = 60;

export interface RunOptions {
  readonly force: boolean;
  /** How long workloads are waited for; 0 looks once. */
  readonly waitSeconds: number;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

const AS_IS = { same: 'unchanged', conflict: 'conflict', refused: 'failed', 'left-out': 'left-out' } as const;

const removable = (additions: readonly Addition[]): Addition[] => additions.filter(({ isMark }) => !isMark);

const staying = (additions: readonly Addition[]): string[] =>
  removable(additions).map(({ path, managers }) => `${path} (${managers.join(', ')})`);

/** A stack that declares the object must be able to set it again: its next `up` would meet our name. */
function isOfStack({ metadata }: KubeObject): boolean {
  return listOf(metadata.managedFields).some((entry) => String(fieldsOf(entry).manager).startsWith('pulumi'));
}

/** A controller writes the status beside us: what was read is old then, and is read again. */
const TRIES = 5;

async function onFresh(
  read: KubeObject,
  again: () => Promise<KubeObject | undefined>,
  act: (live: KubeObject) => Promise<KubeObject>,
): Promise<KubeObject> {
  let live = read;
  for (let left = TRIES; ; left -= 1) {
    try {
      return await act(live);
    } catch (error) {
      if (left === 1 || !isChangedMeanwhile(error)) throw error;
      live = (await again()) ?? live;
    }
  }
}

/** 409 of a merge patch, 422 of a JSON patch whose test fails. */
function isChangedMeanwhile(error: unknown): boolean {
  if (!(error instanceof DrError) || error.code !== 'KUBERNETES-FAILED') return false;
  return error.cause instanceof KubernetesAnswer && [409, 422].includes(error.cause.status);
}

function removeAdded(cluster: LiveCluster, type: ResourceType, object: KubeObject, read: KubeObject) {
  return onFresh(
    read,
    () => cluster.get(type, object),
    async (live) => {
      const added = removable(additionsOf(live, object));
      const pointers = added.map(({ pointer }) => pointer).toReversed();
      return pointers.length === 0 ? live : cluster.remove(type, live, pointers);
    },
  );
}

function giveUp(cluster: LiveCluster, type: ResourceType, object: KubeObject, read: KubeObject) {
  return onFresh(
    read,
    () => cluster.get(type, object),
    async (live) => {
      await cluster.release(type, live);
      return live;
    },
  );
}

async function write(cluster: LiveCluster, planned: PlannedObject, { force }: RunOptions): Promise<PutBack> {
  const { object, name, byName, conflicts, notes } = planned;
  const known = { name, byName, conflicts, notes, stays: [] };
  const type = await cluster.typeOf(object);
  if (type === undefined)
    return { ...known, became: 'failed', notes: [`the cluster does not serve ${object.apiVersion} ${object.kind}`] };
  const before = planned.fate === 'change' ? await cluster.get(type, object) : undefined;
  const applied = await cluster.apply(type, object, { dryRun: false, force: force && conflicts.length > 0 });
  // Somebody has taken a field since the plan was shown.
  if ('conflicts' in applied) return { ...known, became: 'conflict', conflicts: applied.conflicts };
  const cleared = force ? await removeAdded(cluster, type, object, applied.object) : applied.object;
  const then = before !== undefined && isOfStack(before) ? await giveUp(cluster, type, object, cleared) : cleared;
  const other = isAsApplied(then, object)
    ? []
    : ['the server holds something else than what was applied: see its webhooks'];
  return {
    ...known,
    became: other.length > 0 ? 'failed' : applied.created ? 'created' : 'changed',
    notes: [...notes.filter((note) => !note.startsWith('not tried yet')), ...other],
    stays: staying(additionsOf(then, object)),
  };
}

async function putOne(cluster: LiveCluster, planned: PlannedObject, options: RunOptions): Promise<PutBack> {
  const { fate, object, name, byName, conflicts, notes, additions } = planned;
  if (fate !== 'create' && fate !== 'change') {
    const stays = fate === 'same' ? staying(additions) : [];
    return { name, byName, conflicts, notes, stays, became: AS_IS[fate] };
  }
  const event = { step: `put-back/${name}`, title: name };
  options.progress({ ...event, state: 'start' });
  try {
    const done = await write(cluster, planned, options);
    const ok = done.became === 'created' || done.became === 'changed';
    options.progress({ ...event, state: ok ? 'done' : 'failed', detail: done.became });
    return done;
  } catch (error) {
    if (!isOfOne(error)) throw error;
    const fact = refusalOf(error, object);
    options.progress({ ...event, state: 'failed', detail: fact });
    return { name, byName, conflicts, notes: [fact], stays: [], became: 'failed' };
  }
}

/** What comes later needs what this wave defines. One that is not served in time shows at the objects of its kind. */
async function untilServed(
  cluster: LiveCluster,
  { wait, objects }: Wave,
  { progress, signal }: RunOptions,
): Promise<void> {
  if (wait === undefined) return;
  const condition = wait === 'established' ? 'Established' : 'Available';
  const step = { step: `put-back/${wait}`, title: `wait until definitions are ${wait}` };
  progress({ ...step, state: 'start' });
  const ready = async (): Promise<boolean> => {
    const states = await Promise.all(
      objects.map(async (object) => {
        const type = await cluster.typeOf(object);
        const live = type && (await cluster.get(type, object));
        if (live === undefined) return true;
        return isTrue(live, condition) && (wait !== 'established' || (await cluster.serves(definedKind(object))));
      }),
    );
    return states.every(Boolean);
  };
  const { accepted } = await poll({ seconds: SERVED_SECONDS, everySeconds: 1, signal }, ready, (answer) => answer);
  progress({ ...step, state: accepted ? 'done' : 'failed' });
}

/** Throws `KUBERNETES-…` where the cluster does not answer any more; the same command then goes on. */
export async function putBack(
  cluster: LiveCluster,
  planned: readonly PlannedObject[],
  options: RunOptions,
): Promise<PutBackResult> {
  const objects: PutBack[] = [];
  const byObject = new Map(planned.map((each) => [each.object, each]));
  const waves = restoreWaves(planned.map(({ object }) => object));
  for (const wave of waves) {
    options.signal?.throwIfAborted();
    const own = wave.objects.flatMap((object) => byObject.get(object) ?? []);
    objects.push(...(await pMap(own, (each) => putOne(cluster, each, options), { concurrency: AT_ONCE })));
    if (own.some(({ fate }) => fate === 'create')) await untilServed(cluster, wave, options);
  }
  const there = objects.filter(({ became }) => ['created', 'changed', 'unchanged'].includes(became));
  const names = new Set(there.map(({ name }) => name));
  const waits = await awaitWorkloads(
    cluster,
    planned.filter(({ name }) => names.has(name)).map(({ object }) => object),
    options,
  );
  return { objects, waits };
}
