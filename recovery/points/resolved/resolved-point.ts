/**
 * Resolves a target in a repository to the recovery point that a stack is made from. It reads only the catalog and the names of the
 * archived WAL, so a preview needs no engine.
 */
import { type Layout, layout, STANZA } from '../../../plan/layout.ts';
import { selectWorkloads } from '../../../plan/select.ts';
import type { Plan, Workload } from '../../../plan/types.ts';
import { badInput, hasCode } from '../../core/errors.ts';
import { correctedNow } from '../../storage/clock.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { S3Keys } from '../../storage/s3/keys.ts';
import type { S3Location } from '../../storage/s3/location.ts';
import { type ReadEntries, readEntries } from '../catalog/read.ts';
import type { CatalogEntry } from '../catalog/types.ts';
import { type Capture, EXTERNAL } from '../point.ts';
import { type Resolution, resolveTarget } from '../resolve/resolve.ts';
import type { ResolvedItem, ResolveInput } from '../resolve/types.ts';
import type { SigningKey } from '../signing.ts';
import { parseTarget } from '../target.ts';
import { unreadNotes, withMarksElsewhere } from '../verdicts.ts';
import { resolveCaptures, resolveManifests } from './captures.ts';
import { endOf } from './end.ts';
import { generationsOf } from './generations.ts';
import { marksOf } from './others.ts';
import type { ResolvedManifests, ResolvedPoint } from './types.ts';

export { pointOf, type ResolvedManifests, type ResolvedPoint, resolvedPointSchema } from './types.ts';

/** A bucket, and who reads it. */
export interface RepositoryAccess {
  readonly repository: S3Location;
  /** `ambient`: the process's own AWS credentials, as the SDK finds them. */
  readonly credentials: S3Keys | 'ambient';
}

export interface ResolveRequest extends RepositoryAccess {
  readonly plan: Plan;
  /** The other repositories of the environment: a point that is marked compromised in one of them is so in all. @default none */
  readonly others?: readonly RepositoryAccess[] | undefined;
  /** Ids of repositories that nobody can ask from here. @default none */
  readonly unasked?: readonly string[] | undefined;
  readonly signingKey: SigningKey;
  /** `latest`, a point's id, or a time with a zone. */
  readonly from: string;
  /** Name of the platform that begins a generation from it. */
  readonly site: string;
  readonly now: Date;
}

export interface PinnedTarget {
  readonly pin: ResolvedPoint;
  /** For people, a sentence each. */
  readonly notes: readonly string[];
  /** Generations of the site that have begun in the repository, ascending. A new one must not be among them. */
  readonly generations: readonly number[];
}

/** Names a repository and what opens its catalog. */
export type PointsRequest = Omit<ResolveRequest, 'from' | 'site' | 'now'>;
type Asked = PointsRequest & Pick<ResolveRequest, 'now'>;

async function openStore({ repository, credentials }: RepositoryAccess): Promise<ObjectStore> {
  const { openS3Location } = await import('../../storage/s3/location.ts');
  return openS3Location(repository, credentials);
}

type Catalogs = Pick<PointsRequest, 'plan' | 'signingKey'>;

function readOwn(store: ObjectStore, { plan, signingKey }: Catalogs, repository: string): Promise<ReadEntries> {
  const { environment } = plan;
  const place = { repository, environment, layout: layout(environment) };
  return readEntries({ store, place, keys: [signingKey], asOf: undefined, cached: new Map() });
}

interface ReadAll extends ReadEntries {
  readonly notes: readonly string[];
}

/** The repository's points, with the marks of all repositories that answer. */
async function readAll(store: ObjectStore, request: PointsRequest): Promise<ReadAll> {
  const { repository, others = [], unasked = [] } = request;
  const reads = others.map((each) => {
    const read = async () => readOwn(await openStore(each), request, each.repository.id);
    return [each.repository.id, read] as const;
  });
  const [own, marks] = await Promise.all([readOwn(store, request, repository.id), marksOf(new Map(reads))]);
  const notes = unreadNotes({ unread: [...marks.unread, ...unasked] });
  return { ...withMarksElsewhere(own, marks), notes };
}

/** All points of the repository, to compare a recovered platform with. Throws what the store throws. */
export async function readPoints(request: PointsRequest): Promise<CatalogEntry[]> {
  return (await readOwn(await openStore(request), request, request.repository.id)).entries;
}

type Allowances = Pick<ResolveInput, 'allowTampered' | 'allowCompromised' | 'allowSuspect'>;
type Manifests = { readonly objects: readonly ResolvedManifests[]; readonly notes: readonly string[] };

/** The manifest snapshots for a target: `latest`, a point's id, or a time with a zone. Throws as `resolveTarget` does. */
export async function resolveManifestsAt(
  request: Asked & Pick<ResolveRequest, 'from'>,
  allowed: Allowances = {},
): Promise<Manifests> {
  const { plan, repository, from } = request;
  const store = await openStore(request);
  const { notes: unread, ...read } = await readAll(store, request);
  const now = await correctedNow(store, request.now);
  const input = { repository: repository.id, ...read, ...allowed, target: parseTarget(from, 'later'), now };
  const { objects, notes } = resolveManifests(input, plan);
  return { objects, notes: [...unread, ...notes] };
}

/** The newest manifest snapshots in the repository. Throws as `pinTarget` does. */
export function resolveNewestManifests(request: Asked): Promise<Manifests> {
  return resolveManifestsAt({ ...request, from: 'latest' });
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

/** The set, and how far its WAL is replayed. */
async function setOf(
  store: ObjectStore,
  paths: Layout,
  database: ItemOf<'pgbackrest'>,
  where: string,
): Promise<NonNullable<ResolvedPoint['postgres']>> {
  const { lineage, set, systemId, serverVersion, capturedAt } = database.capture;
  const archive = await store.list(`${paths.pgbackrest(lineage)}/archive/${STANZA}/`);
  const end = endOf(database, database.capture, archive, where);
  return { point: database.point, lineage, set, end, capturedAt, systemId, serverVersion };
}

/** Dumps of a server that stayed where it was: without a set they are the database. */
function dumpOf(resolution: Resolution, plan: Plan): ResolvedPoint['dump'] {
  const found = itemOf(resolution, plan, { type: 'postgres-dump', engine: 'restic' });
  if (found?.capture.facts[EXTERNAL] !== true) return undefined;
  const { workload, snapshot, capturedAt, facts } = found.capture;
  return { workload, point: found.point, snapshot, capturedAt, serverVersion: String(facts.serverVersion) };
}

const RECEIVED = 'postgres-wal';

/** A stack names it in its config and the plan of the operator may not: so it is looked for in the points themselves. */
function walOf(input: Omit<ResolveInput, 'workloads'>): ResolvedPoint['wal'] {
  const holds = input.entries.some(({ outline }) => outline.captures.some(({ workload }) => workload === RECEIVED));
  if (!holds) return undefined;
  try {
    const [found] = resolveTarget({ ...input, workloads: [RECEIVED] }).items;
    if (found?.capture.engine !== 'restic') return undefined;
    const { workload, snapshot, capturedAt, facts } = found.capture;
    return { workload, point: found.point, snapshot, capturedAt, serverVersion: String(facts.serverVersion) };
  } catch (error) {
    // The dumps may reach further back.
    if (hasCode(error, 'TARGET-UNREACHABLE')) return undefined;
    throw error;
  }
}

function missingNotes(
  { missing }: Resolution,
  plan: Plan,
  { repository, dump }: { readonly repository: string; readonly dump: ResolvedPoint['dump'] },
): string[] {
  const second = selectWorkloads(plan, ['type:postgres-dump']).map(({ id }) => id);
  const first = selectWorkloads(plan, ['type:postgres']).map(({ id }) => id);
  const told = missing.filter((id) => !second.includes(id) && !(dump !== undefined && first.includes(id)));
  return [
    ...told.map((workload) => `${repository} holds no copy of ${workload}: it starts empty`),
    ...(dump === undefined
      ? []
      : [
          `the database comes from the dumps of ${dump.capturedAt} (PostgreSQL ${dump.serverVersion}): nothing after them comes back`,
        ]),
  ];
}

/**
 * Manifests and folders are resolved by the same target as the data tier; what the repository lacks is a note.
 *
 * Reads only. Throws `TARGET-…` and `POINT-…` for a target that can't be resolved, and what the store throws.
 */
export async function resolveRecoveryPoint(request: ResolveRequest): Promise<PinnedTarget> {
  const { plan, repository, from, site } = request;
  const paths = layout(plan.environment);
  const target = parseTarget(from, 'later');
  const store = await openStore(request);
  const { notes: unread, ...read } = await readAll(store, request);
  const now = await correctedNow(store, request.now);
  const wanted = selectWorkloads(plan, ['type:postgres', 'type:postgres-dump', 'type:redis']).map(({ id }) => id);
  const input = { repository: repository.id, ...read, target, now };
  const resolution = resolveTarget({ ...input, workloads: wanted });
  const database = itemOf(resolution, plan, { type: 'postgres', engine: 'pgbackrest' });
  const where = `postgres in ${repository.id}`;
  const dump = database === undefined ? dumpOf(resolution, plan) : undefined;
  if (database === undefined && dump === undefined) {
    const fact = `no point holds a copy of the database for "${from}"`;
    throw badInput({
      code: 'TARGET-UNREACHABLE',
      where,
      fact,
      hint: 'set another point or repository in recovery',
    });
  }
  const wal = database === undefined ? walOf(input) : undefined;
  const postgres = database && (await setOf(store, paths, database, where));
  const cache = itemOf(resolution, plan, { type: 'redis', engine: 'restic' });
  const { objects, files, notes } = resolveCaptures(input, plan);
  const said = [
    ...unread,
    ...resolution.warnings,
    ...missingNotes(resolution, plan, { repository: repository.id, dump }),
    ...notes,
  ];
  return {
    pin: {
      from,
      repository: repository.id,
      ...(postgres && { postgres }),
      ...(dump && { dump }),
      ...(wal && { wal }),
      ...(cache && {
        redis: { point: cache.point, snapshot: cache.capture.snapshot, capturedAt: cache.capture.capturedAt },
      }),
      objects,
      files,
    },
    notes: [...new Set(said)],
    generations: await generationsOf({ store, layout: paths, site, entries: read.entries }),
  };
}
