/** What is wrong with a catalog, from its documents alone: a pure function. */
import { parseMarkKey } from '../marks.ts';
import type { GonePoint } from './cache-file.ts';
import { checkpointSchema, type DocumentRecord } from './document.ts';
import type { CatalogProblem } from './types.ts';

export interface CatalogDocuments {
  /** Sorted by key. */
  readonly points: readonly DocumentRecord[];
  readonly marks: readonly DocumentRecord[];
  readonly checkpoints: readonly DocumentRecord[];
  readonly gone: readonly GonePoint[];
  /** Where `gone` is remembered. */
  readonly cacheFile: string;
}

const HINTS = {
  tampered:
    'find out who changed it; read the bucket as of an earlier time (--repository-time), or use another repository',
  removed:
    'find out who removed it; read the bucket as of an earlier time (--repository-time), or use another repository',
  'unknown-key': 'add that key to signingKeys of the environment file: a missing key is no damage',
  unreadable: 'it was written by another version of dr: use that version or a later one',
} as const;

/** The point that a key names, whatever the object holds. */
export function pointOfKey(key: string): string | undefined {
  return parseMarkKey(key)?.point ?? /\/points\/([^/]+)\.json$/.exec(key)?.[1];
}

function problem(kind: CatalogProblem['kind'], key: string, fact: string, hint: string = HINTS[kind]): CatalogProblem {
  const point = pointOfKey(key);
  return { kind, key, ...(point === undefined ? {} : { point }), fact, hint };
}

export function coveredDigests(checkpoints: readonly DocumentRecord[]): Set<string> {
  const covered = new Set<string>();
  for (const record of checkpoints) {
    if (record.state !== 'ok') continue;
    covered.add(record.digest);
    const { removed } = checkpointSchema.parse(JSON.parse(record.text));
    for (const { digests } of removed) for (const digest of digests) covered.add(digest);
  }
  return covered;
}

/** Links that lead nowhere: a point before this one was removed. An altered neighbour explains itself. */
function brokenLinks(documents: CatalogDocuments, covered: ReadonlySet<string>): CatalogProblem[] {
  const { points } = documents;
  const present = new Set(points.map((p) => p.digest));
  return points.flatMap((record, n) => {
    if (record.state !== 'ok' || record.previous === null) return [];
    if (present.has(record.previous) || covered.has(record.previous)) return [];
    const before = points[n - 1];
    if (before && before.state !== 'ok') return [];
    if (documents.gone.some((gone) => gone.digest === record.previous)) return [];
    const id = pointOfKey(record.key);
    const since = before ? `between ${pointOfKey(before.key)} and ${id}` : `before ${id}`;
    return [problem('removed', record.key, `a point ${since} was removed, and no checkpoint says so`)];
  });
}

/** `gone` without what came back or is covered by a checkpoint by now. */
export function stillGone(
  gone: readonly GonePoint[],
  points: readonly DocumentRecord[],
  covered: ReadonlySet<string>,
): GonePoint[] {
  const present = new Set(points.map((p) => p.key));
  return gone.filter(({ key, digest }) => !present.has(key) && !covered.has(digest));
}

export function findProblems(documents: CatalogDocuments): CatalogProblem[] {
  const { points, marks, checkpoints, cacheFile } = documents;
  const covered = coveredDigests(checkpoints);
  const what = (record: DocumentRecord): string =>
    marks.includes(record) ? 'mark' : checkpoints.includes(record) ? 'checkpoint' : 'point';
  const untrusted = [...points, ...marks, ...checkpoints].flatMap((record) =>
    record.state === 'ok'
      ? []
      : [problem(record.state, record.key, `the ${what(record)} ${sentence(record)}: ${record.why}`)],
  );
  const vanished = stillGone(documents.gone, points, covered).map(({ key }) =>
    problem(
      'removed',
      key,
      `the point ${pointOfKey(key)} was here and is gone, and no checkpoint says so`,
      `${HINTS.removed}; if the repository was emptied on purpose, remove ${cacheFile}`,
    ),
  );
  return [...untrusted, ...vanished, ...brokenLinks(documents, covered)];
}

function sentence(record: DocumentRecord): string {
  if (record.state === 'tampered') return 'was tampered with';
  return record.state === 'unknown-key' ? 'can’t be checked' : 'can’t be read';
}
