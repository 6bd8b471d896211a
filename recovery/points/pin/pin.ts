/**
 * The door for stacks: a target in a repository that a stack's config names → what the stack is made from. It reads the catalog and
 * the names of the archived WAL, and nothing else; no engine is needed where a preview runs.
 */
import { layout, STANZA } from '../../../plan/layout.ts';
import { selectWorkloads } from '../../../plan/select.ts';
import type { Plan, Workload } from '../../../plan/types.ts';
import { badInput } from '../../core/errors.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { S3Keys } from '../../storage/s3/keys.ts';
import type { S3Place } from '../../storage/s3/place.ts';
import { readEntries } from '../catalog/read.ts';
import type { CatalogEntry } from '../catalog/types.ts';
import type { Capture } from '../point.ts';
import { type Resolution, resolveTarget } from '../resolve/resolve.ts';
import type { ResolvedItem } from '../resolve/types.ts';
import type { SigningKey } from '../signing.ts';
import { parseTarget } from '../target.ts';
import { pinCaptures, pinObjects } from './captures.ts';
import { endOf } from './end.ts';
import { livesOf } from './lives.ts';
import type { Pin, PinnedObjects } from './types.ts';

export { type Pin, type PinnedObjects, pinSchema } from './types.ts';

export interface PinRequest {
  readonly plan: Plan;
  readonly repository: S3Place;
  /** `ambient`: who this process is to AWS, as the SDK finds out. */
  readonly credentials: S3Keys | 'ambient';
  readonly signingKey: SigningKey;
  /** `latest`, a point's id, or a time with a zone. */
  readonly from: string;
  /** Name of the platform that begins a life from it. */
  readonly site: string;
  readonly now: Date;
}

export interface PinnedTarget {
  readonly pin: Pin;
  /** For people, a sentence each. */
  readonly notes: readonly string[];
  /** All points of the repository, for who compares with them what came back. */
  readonly entries: readonly CatalogEntry[];
  /** Generations of the site that have begun in the repository, ascending: a new life is none of them. */
  readonly lives: readonly number[];
}

type Asked = Omit<PinRequest, 'from' | 'site'>;

async function openStore({ repository, credentials }: Asked): Promise<ObjectStore> {
  const { openS3Place } = await import('../../storage/s3/place.ts');
  return openS3Place(repository, credentials);
}

function readAll(store: ObjectStore, { plan, repository, signingKey }: Asked): Promise<CatalogEntry[]> {
  const { environment } = plan;
  const place = { repository: repository.id, environment, layout: layout(environment) };
  return readEntries({ store, place, keys: [signingKey], asOf: undefined, cached: new Map() });
}

/** The newest objects of the platform's API that the repository holds, whatever it holds besides. Throws as `pinTarget` does. */
export async function pinNewestObjects(
  request: Asked,
): Promise<{ readonly objects: readonly PinnedObjects[]; readonly notes: readonly string[] }> {
  const { plan, repository, now } = request;
  const entries = await readAll(await openStore(request), request);
  const input = { repository: repository.id, entries, target: parseTarget('latest', now), now };
  return pinObjects(input, plan);
}

type ItemOf<Engine extends Capture['engine']> = ResolvedItem & {
  readonly capture: Extract<Capture, { readonly engine: Engine }>;
};

function itemOf<Engine extends Capture['engine']>(
  { items }: Resolution,
  plan: Plan,
  { type, engine }: { readonly type: Workload['type']; readonly engine: Engine },
): ItemOf<Engine> | undefined {
  const ids = selectWorkloads(plan, [`type:${type}`]).map(({ id }) => id);
  return items.find((item): item is ItemOf<Engine> => item.capture.engine === engine && ids.includes(item.workload));
}

/**
 * Objects and folders are pinned by the same target as the data tier, each as far as it is there.
 *
 * Throws what the target is refused with (`TARGET-…`, `POINT-…`), and what the storage says when it can't be read; nothing is changed
 * anywhere.
 */
export async function pinTarget(request: PinRequest): Promise<PinnedTarget> {
  const { plan, repository, from, site, now } = request;
  const paths = layout(plan.environment);
  const target = parseTarget(from, now);
  const store = await openStore(request);
  const entries = await readAll(store, request);
  const wanted = selectWorkloads(plan, ['type:postgres', 'type:redis']).map(({ id }) => id);
  const input = { repository: repository.id, entries, target, now };
  const resolution = resolveTarget({ ...input, workloads: wanted });
  const database = itemOf(resolution, plan, { type: 'postgres', engine: 'pgbackrest' });
  const where = `postgres in ${repository.id}`;
  if (database === undefined) {
    const fact = `no point holds a copy of the database that ${from} could begin from`;
    throw badInput({
      code: 'TARGET-UNREACHABLE',
      where,
      fact,
      hint: 'write another point or repository into recovery',
    });
  }
  const { lineage, set, systemId, serverVersion, capturedAt } = database.capture;
  const archive = await store.list(`${paths.pgbackrest(lineage)}/archive/${STANZA}/`);
  const end = endOf(database, database.capture, archive, where);
  const cache = itemOf(resolution, plan, { type: 'redis', engine: 'restic' });
  const { objects, files, notes } = pinCaptures(input, plan);
  const said = [
    ...resolution.warnings,
    ...resolution.missing.map((workload) => `${repository.id} holds no copy of ${workload}: it comes up empty`),
    ...notes,
  ];
  return {
    pin: {
      from,
      repository: repository.id,
      postgres: { point: database.point, lineage, set, end, capturedAt, systemId, serverVersion },
      ...(cache && {
        redis: { point: cache.point, snapshot: cache.capture.snapshot, capturedAt: cache.capture.capturedAt },
      }),
      objects,
      files,
    },
    notes: [...new Set(said)],
    entries,
    lives: await livesOf({ store, layout: paths, site, entries }),
  };
}
