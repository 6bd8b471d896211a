/** `dr points diff`: each workload of two points, compared by what it holds. Reads only. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workload } from '../../plan/types.ts';
import { isConfigured } from '../config/selection.ts';
import type { Site } from '../config/site.ts';
import { ifAbsent } from '../core/absent.ts';
import { makePassableFolder } from '../core/account.ts';
import { asDrError, isBug } from '../core/as-dr-error.ts';
import { EXIT, messageOf } from '../core/errors.ts';
import { isAlive } from '../core/pids.ts';
import type { Progress } from '../core/progress.ts';
import { requireEngine } from '../engines/find.ts';
import { openRestic } from '../engines/restic/restic.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import { type Capture, isPostgres, OBJECTS, type ResticCapture } from '../points/point.ts';
import { checkRoom, makeScratch } from '../workloads/scratch.ts';
import type { CompareContext, Comparison, Pair } from './context.ts';
import { compareFolders } from './files.ts';
import { compareManifests } from './objects/compare.ts';
import type { ChosenPoints } from './points.ts';
import { compareConfiguration } from './postgres/config.ts';
import { compareDumps } from './postgres/dump.ts';
import { compareSets } from './postgres/sets.ts';
import { compareRedis } from './redis/compare.ts';
import { type NotCompared, type Section, section } from './types.ts';

export interface CompareRequest {
  /** The plan's, or those that were asked for. */
  readonly workloads: readonly Workload[];
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

export interface Compared {
  readonly sections: readonly Section[];
  readonly notCompared: readonly NotCompared[];
}

function comparisonOf({ type, objects }: Workload, { before, after }: Pair): Comparison {
  if (type === 'postgres-dump') return compareDumps;
  if (type === 'postgres-config') return compareConfiguration;
  if (type === 'redis') return compareRedis;
  const isManifests =
    objects !== undefined || before.facts[OBJECTS] !== undefined || after.facts[OBJECTS] !== undefined;
  return isManifests ? compareManifests : compareFolders;
}

/** What is laid down at most. Of a dump only tables of contents, of folders nothing. */
function roomFor(workload: Workload, pair: Pair): number {
  if (workload.type === 'postgres-dump' || comparisonOf(workload, pair) === compareFolders) return 0;
  return pair.before.bytes + pair.after.bytes;
}

const captureOf = ({ point }: CatalogEntry, workload: string): Capture | undefined =>
  point.captures.find((each) => each.workload === workload);

/** The newest point up to this one that holds a copy. */
function holderBefore(entries: readonly CatalogEntry[], { outline }: CatalogEntry, workload: string) {
  const earlier = entries.slice(
    0,
    entries.findIndex((each) => each.outline.id === outline.id),
  );
  return earlier.findLast((each) => each.trust === 'ok' && captureOf(each, workload) !== undefined)?.outline.id;
}

/** Which of the two has no copy of it, and which points before them have. */
function lacking({ before, after, entries }: ChosenPoints, workload: string): NotCompared {
  const without = [before, after].filter((each) => captureOf(each, workload) === undefined);
  const reasons = without.map((each) => {
    const failed = each.point.failed?.find((one) => one.workload === workload);
    return `${each.outline.id} holds no copy of it${failed === undefined ? '' : ` (${failed.code}: ${failed.fact.split('\n')[0]})`}`;
  });
  const others = [before, after].map((each) =>
    captureOf(each, workload) === undefined ? holderBefore(entries, each, workload) : each.outline.id,
  );
  const [first, second] = others;
  const known = first !== undefined && second !== undefined && first !== second;
  return {
    workload,
    fact: reasons.join('; '),
    hint: known
      ? `points that hold it: dr points diff ${first} ${second} --only ${workload}`
      : '`dr points show ID` says what a point holds; a full backup copies everything',
  };
}

/** A missing key or program, an interruption: it says nothing of the two copies. */
const SAYS_NOTHING: ReadonlySet<number> = new Set([EXIT.usage, EXIT.interrupted, EXIT.locked]);

async function comparePair(context: CompareContext, workload: Workload, pair: Pair): Promise<Section[]> {
  const compare = comparisonOf(workload, pair);
  // Equal files are equal. Of the others the copies also say what they lack, and that is never left out.
  if (compare === compareFolders && pair.before.digest === pair.after.digest)
    return [section(workload.id, workload.title, [], { notes: ['both points hold the same copy, byte for byte'] })];
  return compare(context, workload, pair);
}

/** What runs that were killed have left holds secrets. */
async function dropLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(ifAbsent<string[]>([])))
    if (/^\d+$/.test(name) && !isAlive(Number(name)))
      await rm(join(folder, name), { recursive: true, force: true, maxRetries: 5 });
}

/** Sets of pgBackRest hold what the dumps show: without a compared dump, nothing of it was seen. */
function setsWithoutDump(workloads: readonly Workload[], compared: ReadonlySet<string>): NotCompared[] {
  const dumps = workloads.filter(({ type }) => type === 'postgres-dump').map(({ id }) => id);
  if (dumps.some((id) => compared.has(id))) return [];
  return workloads
    .filter(({ type, id }) => type === 'postgres' && compared.has(id))
    .map(({ id }) => ({
      workload: id,
      fact: 'roles, grants, functions, triggers and tables are compared by logical dumps, and none was compared',
      hint: 'compare two full points, whose dumps hold them (`dr points`); --only must name the dump too',
    }));
}

async function withScratch<T>(site: Site, use: (folder: string) => Promise<T>): Promise<T> {
  const parent = join(site.environment.stateDir, 'compare');
  await makePassableFolder(parent);
  await dropLeftovers(parent);
  const scratch = await makeScratch(site, join(parent, String(process.pid)));
  try {
    return await use(scratch.folder);
  } finally {
    await scratch.remove();
  }
}

/** Throws a missing key or program (exit 2), `DISK-TOO-SMALL` (exit 6), and a bug. Everything else is named as not compared. */
export async function comparePoints(site: Site, points: ChosenPoints, request: CompareRequest): Promise<Compared> {
  const { repository, before, after } = points;
  const { workloads, progress, signal } = request;
  const wanted = workloads.filter(
    (each) =>
      isConfigured(site.environment, each) || [before, after].some((entry) => captureOf(entry, each.id) !== undefined),
  );
  await requireEngine('restic', site.run);
  const restic = openRestic(site, repository, 'restorer');
  const sections: Section[] = [];
  const notCompared: NotCompared[] = [];
  const compared = new Set<string>();
  const compareOne = async (workload: Workload, folder: string): Promise<void> => {
    const [old, now] = [captureOf(before, workload.id), captureOf(after, workload.id)];
    if (old === undefined || now === undefined) notCompared.push(lacking(points, workload.id));
    else if (isPostgres(old) && isPostgres(now)) {
      sections.push(compareSets(workload.id, { before: old, after: now }));
      compared.add(workload.id);
    } else if (!isPostgres(old) && !isPostgres(now)) {
      const pair: Pair<ResticCapture> = { before: old, after: now };
      const hint = 'make room below stateDir, or name fewer workloads: --only';
      await checkRoom({ folder }, roomFor(workload, pair), 'the comparison', hint);
      const found = await comparePair({ site, repository, restic, folder, signal }, workload, pair);
      sections.push(...found);
      const gaps = found.flatMap((each) => each.gaps);
      const hinted = { workload: workload.id, hint: 'compare it by hand, or choose points that hold it' };
      notCompared.push(...gaps.map((fact) => ({ ...hinted, fact })));
      compared.add(workload.id);
    } else {
      const hint = 'choose two points of the same plan';
      notCompared.push({ workload: workload.id, fact: 'the two points hold copies of different kinds', hint });
    }
  };
  await withScratch(site, async (folder) => {
    for (const workload of wanted) {
      signal?.throwIfAborted();
      const event = { step: `compare/${workload.id}`, title: `compare ${workload.title}`, tier: workload.tier };
      progress({ ...event, state: 'start' });
      try {
        await compareOne(workload, folder);
        progress({ ...event, state: 'done' });
      } catch (error) {
        progress({ ...event, state: 'failed', detail: messageOf(error) });
        const known = asDrError(error, `workload ${workload.id}`);
        if (isBug(known) || SAYS_NOTHING.has(known.exit) || known.code === 'DISK-TOO-SMALL') throw error;
        notCompared.push({ workload: workload.id, fact: `${known.where}: ${known.fact}`, hint: known.hint });
      }
    }
  });
  return { sections, notCompared: [...notCompared, ...setsWithoutDump(wanted, compared)] };
}
