/**
 * Writes the points of one catalog into another one, in the order of their chain. They get numbers and signatures of their own there: a
 * point names its repository and the point before it.
 */
import { canonicalJson } from '../../../plan/digest.ts';
import type { Repository, Site } from '../../config/site.ts';
import { holderName } from '../../core/holder.ts';
import { openCatalog } from '../../points/catalog/catalog.ts';
import { readKeyring } from '../../points/catalog/keyring.ts';
import { readDocuments } from '../../points/catalog/read.ts';
import type { CatalogEntry } from '../../points/catalog/types.ts';
import { exportedTo, isCompromised, isHeld, isVouched } from '../../points/marks.ts';
import { type Capture, type Mark, pointBodySchema, type RecoveryPoint } from '../../points/point.ts';
import { documentDigest, signPoint } from '../../points/signing.ts';
import { ConditionFailed, type ObjectStore } from '../../storage/object-store.ts';

/** A point of the other catalog, with its captures as this repository holds them. */
export interface CopiedPoint {
  readonly entry: CatalogEntry;
  readonly captures: readonly Capture[];
}

/** By the number that each point has in the other catalog: the highest new number of those up to it. */
function renumbered(written: ReadonlyMap<number, number>, old: number): number {
  let highest = 0;
  for (const [before, after] of written) if (before <= old) highest = Math.max(highest, after);
  return highest;
}

/** Digest of the newest signed checkpoint: the first point names it. */
async function checkpointDigest(site: Site, { id, layout, store }: Repository): Promise<string | null> {
  const { keys } = await readKeyring(site);
  const place = { repository: id, environment: site.environment.name, layout };
  const reading = { store: await store('writer'), place, keys, asOf: undefined, cached: new Map() };
  const all = await readDocuments('checkpoint', layout.checkpointPrefix, reading);
  return all.findLast(({ state }) => state === 'ok')?.digest ?? null;
}

/** Some stores take a delete marker for an object. The caller is alone in the repository, so what is absent stays absent. */
async function putAbsent(store: ObjectStore, key: string, text: string): Promise<void> {
  try {
    await store.put(key, text, { kind: 'absent' });
  } catch (error) {
    if (!(error instanceof ConditionFailed) || (await store.get(key)) !== undefined) throw error;
    await store.put(key, text);
  }
}

/**
 * Points that are present stay, so a run that was killed is completed by the next one. A verification does not carry over: it proves nothing
 * about this copy. @param points in the order of the chain @returns how many points it wrote
 */
export async function refillCatalog(
  site: Site,
  repository: Repository,
  points: readonly CopiedPoint[],
): Promise<number> {
  const key = (await readKeyring(site)).signingKey();
  const store = await repository.store('writer');
  const catalog = await openCatalog(site, repository, 'writer');
  const present = (await catalog.points()).filter(({ trust }) => trust === 'ok');
  const byId = new Map(present.map(({ point }) => [point.id, point]));
  let last: RecoveryPoint | undefined = present.at(-1)?.point;
  let sequence = present.reduce((highest, { outline }) => Math.max(highest, outline.sequence ?? 0), 0);
  const first = last === undefined ? await checkpointDigest(site, repository) : null;
  const numbers = new Map<number, number>();
  let written = 0;
  for (const { entry, captures } of points) {
    const { signature: _, previous: __, sequence: old, after, ...body } = entry.point;
    const there = byId.get(body.id);
    if (there === undefined) {
      sequence += 1;
      const chained = {
        ...body,
        repository: repository.id,
        captures: [...captures],
        sequence,
        ...(after === undefined ? {} : { after: renumbered(numbers, after) }),
        previous: last === undefined ? first : documentDigest(last),
      };
      const point = signPoint(pointBodySchema.parse(chained), key);
      await putAbsent(store, repository.layout.point(point.id), `${canonicalJson(point)}\n`);
      last = point;
      written += 1;
    }
    const own = there?.sequence ?? sequence;
    if (old !== undefined) numbers.set(old, own);
  }
  await copyMarks(site, repository, points);
  return written;
}

/** What people said about a point, as it counts now. */
function marksOf(entry: CatalogEntry): (readonly [Mark, string?])[] {
  return [
    ...(isCompromised(entry) ? [['compromised'] as const] : []),
    ...(isVouched(entry) ? [['clean'] as const] : []),
    ...(isHeld(entry) ? [['hold'] as const] : []),
    ...[...new Set(exportedTo(entry))].map((id) => ['exported', id] as const),
  ];
}

async function copyMarks(site: Site, repository: Repository, points: readonly CopiedPoint[]): Promise<void> {
  const wanted = points.filter(({ entry }) => marksOf(entry).length > 0);
  if (wanted.length === 0) return;
  const catalog = await openCatalog(site, repository, 'writer');
  const there = new Map((await catalog.points()).map((entry) => [entry.outline.id, entry]));
  for (const { entry } of wanted) {
    const { id } = entry.outline;
    const own = there.get(id)?.marks ?? [];
    for (const [mark, note] of marksOf(entry)) {
      if (own.some((each) => each.mark === mark && (note === undefined || each.note === note))) continue;
      await catalog.mark(id, mark, holderName(), note ?? `copied from ${entry.point.repository}`);
    }
  }
}
