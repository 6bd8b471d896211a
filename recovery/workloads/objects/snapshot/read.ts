/** The snapshots of a pin → the objects in them, by way of a private folder that is gone afterwards. Nothing is written anywhere else. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import { DrError, type ErrorFacts } from '../../../core/errors.ts';
import { makeTempFolder } from '../../../core/files/temp-folder.ts';
import { requireEngine } from '../../../engines/find.ts';
import type { Restic } from '../../../engines/restic/restic.ts';
import { restoreSnapshot } from '../../../engines/restic/restore.ts';
import { nameOf } from '../../../kubernetes/objects.ts';
import type { ResolvedManifests } from '../../../points/resolved/types.ts';
import { formatTime } from '../../../report/format.ts';
import type { Image } from '../images.ts';
import type { SnapshotObject } from '../make.ts';
import { type OpenRequest, openRepository } from './open.ts';
import { type Part, readFolder } from './part.ts';
import type { ManifestSnapshot } from './platform.ts';

export interface SnapshotRequest extends OpenRequest {
  /** Of the pin. */
  readonly objects: readonly ResolvedManifests[];
}

/** Each is a restic of its own, and the machine may be small. */
const AT_ONCE = 2;

const OTHER = 'write another point or another repository into recovery; `dr verify` says what else is damaged there';

/** What of an error is another thing to do for a stack than for a site. */
function forStack(error: unknown, { workload, point }: ResolvedManifests, repository: string): unknown {
  if (!(error instanceof DrError) || !['SNAPSHOT-DAMAGED', 'CAPTURE-DAMAGED'].includes(error.code)) return error;
  const { code, fact, exit } = error;
  return new DrError({
    code,
    where: `${workload} of ${point} in ${repository}`,
    fact,
    exit,
    hint: OTHER,
    cause: error,
  });
}

/** Paths by snapshot. Listed first: that explains a wrong passphrase and an unreachable repository. */
async function pathsOf(restic: Restic, objects: readonly ResolvedManifests[]): Promise<Map<string, string>> {
  const { id } = restic.repository;
  const there = await restic.snapshots({ ids: objects.map(({ snapshot }) => snapshot) }).catch((error: unknown) => {
    if (!(error instanceof DrError) || error.code !== 'PASSPHRASE-WRONG') throw error;
    const hint = `the copy may well be whole: give this stack the passphrase that the repository was made with (secretValues.passphrases.${id}, or where secrets.from says)`;
    const { code, where, fact, exit } = error;
    throw new DrError({ code, where, fact, exit, hint, cause: error });
  });
  const paths = new Map(there.map((snapshot) => [snapshot.id, snapshot.paths[0] ?? '/'] as const));
  const gone = objects.find(({ snapshot }) => !paths.has(snapshot));
  if (gone === undefined) return paths;
  const facts: ErrorFacts = {
    code: 'SNAPSHOT-GONE',
    where: `${gone.workload} of ${gone.point} in ${id}`,
    fact: `the snapshot ${gone.snapshot.slice(0, 8)} of ${formatTime(gone.capturedAt)} is not there any more`,
    hint: 'a prune has removed it, or somebody has: `dr points` lists what can still be had; write that, or another repository, into recovery',
  };
  throw new DrError(facts);
}

/** Parts of one run are of one moment, but for the time that folders take. */
const APART_MS = 60_000;

function momentNotes(parts: readonly Part[]): string[] {
  const moments = parts.map(({ capturedAt }) => Date.parse(capturedAt));
  if (Math.max(...moments) - Math.min(...moments) <= APART_MS) return [];
  const each = parts.map(({ workload, capturedAt }) => `${workload} of ${formatTime(capturedAt)}`).join(', ');
  return [`the objects are not of one moment (${each}): what was changed in between may not fit together`];
}

/** Parts of several moments may hold the same object twice where it has changed its part: the younger one counts. */
function objectsOf(parts: readonly Part[]): SnapshotObject[] {
  const oldestFirst = parts.toSorted((a, b) => (a.capturedAt < b.capturedAt ? -1 : 1));
  return [
    ...new Map(oldestFirst.flatMap(({ objects }) => objects).map((entry) => [nameOf(entry.object), entry])).values(),
  ];
}

/** Where the parts differ, the tag has moved between them. */
function imagesOf(parts: readonly Part[]): Image[] {
  const found = new Map<string, Image[]>();
  for (const image of parts.flatMap(({ images }) => images)) {
    found.set(image.image, [...(found.get(image.image) ?? []), image]);
  }
  return [...found].map(([image, each]) => {
    const digests = [...new Set(each.flatMap((one) => one.digests))].sort();
    const pullable = digests.length === 1 ? each.find((one) => one.pullable !== undefined)?.pullable : undefined;
    return { image, digests, ...(pullable === undefined ? {} : { pullable }) };
  });
}

/** All parts together. */
export function platformOf(parts: readonly Part[]): ManifestSnapshot {
  return {
    objects: objectsOf(parts),
    namespaces: [...new Set(parts.flatMap(({ namespaces }) => namespaces))].sort(),
    images: imagesOf(parts),
    notes: [...momentNotes(parts), ...new Set(parts.flatMap(({ notes }) => notes))],
  };
}

/**
 * Throws `ENGINE-MISSING`, `ENGINE-TOO-OLD`, `PASSPHRASE-WRONG` (exit 2), `SNAPSHOT-GONE`, `SNAPSHOT-DAMAGED`, `REPOSITORY-…` (exit 1)
 * and `CAPTURE-DAMAGED` (exit 5).
 */
export async function readSnapshot(request: SnapshotRequest): Promise<ManifestSnapshot> {
  const { objects, repository } = request;
  await requireEngine('restic');
  const folder = await makeTempFolder('go-coffee-dr-');
  try {
    const restic = await openRepository(request, folder);
    const paths = await pathsOf(restic, objects);
    const parts = await pMap(
      objects,
      async (pinned) => {
        const target = join(folder, pinned.workload);
        try {
          await restoreSnapshot(restic, { snapshot: pinned.snapshot, folder: target });
          return await readFolder(join(target, paths.get(pinned.snapshot) ?? ''), pinned);
        } catch (error) {
          throw forStack(error, pinned, repository.id);
        }
      },
      { concurrency: AT_ONCE },
    );
    return platformOf(parts);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
