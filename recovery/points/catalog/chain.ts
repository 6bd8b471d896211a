/** Finds what is wrong with a catalog, from its documents alone. Pure. */
import { fencedLineage } from '../fence-document.ts';
import { markedPoint, parseMarkKey } from '../marks.ts';
import { checkpointSchema, type DocumentRecord } from './document.ts';
import type { GoneDocument, SignedRemovals } from './memory.ts';
import { chainOrder } from './order.ts';
import type { CatalogProblem } from './types.ts';

export interface CatalogDocuments {
  /** Sorted by key. */
  readonly points: readonly DocumentRecord[];
  readonly marks: readonly DocumentRecord[];
  readonly checkpoints: readonly DocumentRecord[];
  readonly gone: readonly GoneDocument[];
  /** The cache file that remembers `gone`. */
  readonly cacheFile: string;
}

const HINTS = {
  tampered:
    'find out who changed it; read the bucket as of an earlier time (--repository-time), or use another repository',
  removed:
    'find out who removed it; read the bucket as of an earlier time (--repository-time), or use another repository',
  'unknown-key': 'add that key to signingKeys in the environment file: the key is missing, the documents may be intact',
  unreadable: 'use the version of dr that wrote it, or a newer one; until then name an older point by its id',
} as const;

/** The id of the point in an object's key, whatever the object holds. */
export function pointOfKey(key: string): string | undefined {
  return markedPoint(key) ?? /\/points\/([^/]+)\.json$/.exec(key)?.[1];
}

function problem(kind: CatalogProblem['kind'], key: string, fact: string, hint: string = HINTS[kind]): CatalogProblem {
  const point = pointOfKey(key);
  return { kind, key, ...(point === undefined ? {} : { point }), fact, hint };
}

function coveredDigests(checkpoints: readonly DocumentRecord[]): Set<string> {
  const covered = new Set<string>();
  for (const record of checkpoints) {
    if (record.state !== 'ok') continue;
    covered.add(record.digest);
    const { removed } = checkpointSchema.parse(JSON.parse(record.text));
    for (const { digests } of removed) for (const digest of digests) covered.add(digest);
  }
  return covered;
}

/** Ids of the points that were removed with a checkpoint, and their marks with them. */
function coveredPoints(checkpoints: readonly DocumentRecord[]): Set<string> {
  const good = checkpoints.filter(({ state }) => state === 'ok');
  return new Set(
    good.flatMap(({ text }) => checkpointSchema.parse(JSON.parse(text)).removed.map(({ point }) => point)),
  );
}

/** A process id is used again some day. */
const LONGEST_PRUNE_MS = 24 * 3600 * 1000;

export function signedRemovals(checkpoints: readonly DocumentRecord[]): SignedRemovals {
  const signed = checkpoints
    .filter(({ state }) => state === 'ok')
    .map(({ text }) => checkpointSchema.parse(JSON.parse(text)))
    .map(({ by, at }) => ({ by, at: Date.parse(at) }))
    .sort((a, b) => a.at - b.at);
  const spans = signed.flatMap(({ by, at }, n) => {
    const next = signed.slice(n + 1).find((each) => each.by === by);
    return next === undefined || next.at - at > LONGEST_PRUNE_MS ? [] : [{ from: at, to: next.at }];
  });
  return { points: coveredPoints(checkpoints), spans };
}

/** Whether somebody with the key removed a document: a checkpoint names its digest, or its point. */
export function isRemovedBy(
  checkpoints: readonly DocumentRecord[],
): (gone: Pick<GoneDocument, 'key' | 'digest'>) => boolean {
  const covered = coveredDigests(checkpoints);
  const removed = coveredPoints(checkpoints);
  return ({ key, digest }) => covered.has(digest) || removed.has(pointOfKey(key) ?? '');
}

/** A `previous` that names no known document: a point was removed. Where the neighbour was altered, that is reported instead. */
function brokenLinks(documents: CatalogDocuments, covered: ReadonlySet<string>): CatalogProblem[] {
  const points = chainOrder(documents.points);
  const present = new Set(points.map((p) => p.digest));
  return points.flatMap((record, n) => {
    if (record.state !== 'ok' || record.previous === null) return [];
    if (present.has(record.previous) || covered.has(record.previous)) return [];
    const before = points[n - 1];
    if (before && before.state !== 'ok') return [];
    if (documents.gone.some((gone) => gone.digest === record.previous)) return [];
    const id = pointOfKey(record.key);
    const since = before ? `between ${pointOfKey(before.key)} and ${id}` : `before ${id}`;
    return [problem('removed', record.key, `a point ${since} was removed without a checkpoint`)];
  });
}

/** `gone` without what came back, and what a checkpoint covers now. */
export function stillGone(
  gone: readonly GoneDocument[],
  present: readonly DocumentRecord[],
  checkpoints: readonly DocumentRecord[],
): GoneDocument[] {
  const isRemoved = isRemovedBy(checkpoints);
  const keys = new Set(present.map((record) => record.key));
  return gone.filter((each) => !keys.has(each.key) && !isRemoved(each));
}

export function findProblems(documents: CatalogDocuments): CatalogProblem[] {
  const { points, marks, checkpoints } = documents;
  const covered = coveredDigests(checkpoints);
  const what = (record: DocumentRecord): string =>
    marks.includes(record) ? 'mark' : checkpoints.includes(record) ? 'checkpoint' : 'point';
  const known = new Set(documents.gone.map(({ key }) => key));
  const untrusted = [...points, ...marks, ...checkpoints].flatMap((record) => {
    if (record.state === 'ok') return [];
    const found = problem(record.state, record.key, `the ${what(record)} ${sentence(record)}: ${record.why}`);
    // What nobody has seen with a good signature may be anybody's: it must not stop a restore.
    const wasGood = points.includes(record) && record.state === 'tampered' && known.has(record.key);
    return [wasGood && isNewest(found.point, documents) ? { ...found, newest: true } : found];
  });
  const vanished = stillGone(documents.gone, [...points, ...marks], checkpoints).map((gone) =>
    vanishedProblem(gone, documents),
  );
  return [...untrusted, ...vanished, ...brokenLinks(documents, covered)];
}

function vanishedProblem({ key, by }: GoneDocument, documents: CatalogDocuments): CatalogProblem {
  const point = pointOfKey(key) ?? key;
  const mark = parseMarkKey(key)?.mark;
  const fence = fencedLineage(key);
  const kind = mark === undefined ? `the point ${point}` : `the mark "${mark}" of the point ${point}`;
  const what = fence === undefined ? kind : `the fence of ${fence}, which still counts,`;
  const purpose =
    by === undefined
      ? `if you emptied the repository on purpose, remove ${documents.cacheFile}`
      : 'if it was on purpose: dr repository repair';
  const fact = `${what} was removed without a checkpoint${by === undefined ? '' : ` (${by} remembers it)`}`;
  const found = problem('removed', key, fact, `${HINTS.removed}; ${purpose}`);
  const newest = mark === undefined && fence === undefined && isNewest(point, documents);
  return newest ? { ...found, newest } : found;
}

/** Newer than every point that can be used. */
function isNewest(point: string | undefined, { points }: Pick<CatalogDocuments, 'points'>): boolean {
  if (point === undefined) return false;
  return points.every(({ state, key }) => state !== 'ok' || (pointOfKey(key) ?? '') < point);
}

function sentence(record: DocumentRecord): string {
  if (record.state === 'tampered') return 'was tampered with';
  return record.state === 'unknown-key' ? 'can’t be checked' : 'can’t be read';
}
