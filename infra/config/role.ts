/** What a stack's role means for its parts. Pure. */
import { lineageName } from '../../plan/layout.ts';
import type { ResolvedPoint } from '../../recovery/public.ts';
import { inPlaceOf } from './in-place/schema.ts';
import type { PostgresSource } from './stores/schema.ts';
import type { Names, Role, StackConfig } from './types.ts';

/** A promoted standby keeps `standby` in its config, because its database began from that site. */
export function originOf(
  config: Pick<StackConfig, 'standby' | 'postgres' | 'generation' | 'inPlace'>,
  made: ResolvedPoint | undefined,
): Origin {
  const { standby, postgres } = config;
  const resolved = inPlaceOf(config)?.resolved ?? made;
  if (resolved !== undefined) {
    // Dumps are loaded into a database that begins empty.
    if (resolved.postgres === undefined) return { kind: 'primary' };
    const { lineage, set, end } = resolved.postgres;
    return { kind: 'recovery', repository: resolved.repository, lineage, set, end };
  }
  if (postgres.adopt !== undefined) return { kind: 'adopted', server: postgres.adopt };
  if (standby === undefined) return { kind: 'primary' };
  const { site, generation } = standby.of;
  const { repository, end } = standby;
  return { kind: 'standby', repository, lineage: lineageName(site, generation), end: end?.lsn };
}

/**
 * The copy that seeds an empty Redis: that of the resolved point, or the newest snapshot of the site that was followed. Undefined: Redis
 * begins empty.
 */
export function redisOrigin(
  config: Pick<StackConfig, 'standby' | 'generation' | 'inPlace'>,
  made: ResolvedPoint | undefined,
): { readonly repository: string; readonly target: string } | undefined {
  const { standby } = config;
  const inPlace = inPlaceOf(config);
  const resolved = inPlace?.stores.includes('redis') === true ? inPlace.resolved : made;
  if (resolved !== undefined)
    return resolved.redis && { repository: resolved.repository, target: resolved.redis.point };
  return standby && { repository: standby.repository, target: 'latest' };
}

/** Received WAL where the server's config asks for it: to the moment itself, if the stack is made from one. */
function databaseCopy(
  server: StackConfig['external']['postgres'],
  { from, dump, wal }: ResolvedPoint,
): { readonly copy: { readonly point: string } | undefined; readonly workload: string | undefined } {
  if (server?.wal === undefined || wal === undefined) return { copy: dump, workload: dump?.workload };
  const isMoment = /^\d{4}-\d\d-\d\dT/.test(from);
  return { copy: isMoment ? { point: from } : wal, workload: wal.workload };
}

/**
 * The copies that are loaded into stores: dumps into the database that begins empty, and what an external server is to get back.
 * By the plan's workload.
 */
export function storeLoads(
  { external, plan }: Pick<StackConfig, 'external' | 'plan'>,
  resolved: ResolvedPoint | undefined,
): { readonly workload: string; readonly point: string; readonly overwrite: boolean }[] {
  if (resolved === undefined) return [];
  const { postgres: server, redis } = external;
  const cache = plan.workloads.find(({ type }) => type === 'redis')?.id;
  const wanted = [
    { ...databaseCopy(server, resolved), mode: server?.onRecovery ?? 'restore' },
    // The stack's own Redis is seeded before it starts.
    { copy: resolved.redis, workload: cache, mode: redis?.onRecovery ?? 'keep' },
  ];
  return wanted.flatMap(({ copy, workload, mode }) =>
    copy === undefined || workload === undefined || mode === 'keep'
      ? []
      : [{ workload, point: copy.point, overwrite: mode === 'overwrite' }],
  );
}

/** True for a drill's platform: it has no way out, is not reachable and writes no copies. */
export function isIsolated({ role, recovery }: Pick<StackConfig, 'role' | 'recovery'>): boolean {
  return role === 'recovery' && recovery?.isolated === true;
}

interface CopiesOfFiles {
  readonly repository: string;
  /** Workload → id of the point, or `latest`. */
  readonly targets: Readonly<Record<string, string>>;
}

/** The copies that fill empty folders: those of the resolved point, or after a promotion the newest of the followed site. */
export function folderOrigins(
  config: Pick<StackConfig, 'role' | 'standby' | 'folders'>,
  resolved: ResolvedPoint | undefined,
): CopiesOfFiles | undefined {
  return filesOrigins(config, Object.keys(config.folders), resolved);
}

/** The same for volumes of the platform. */
export function volumeOrigins(
  config: Pick<StackConfig, 'role' | 'standby' | 'platformVolumes'>,
  resolved: ResolvedPoint | undefined,
): CopiesOfFiles | undefined {
  const ids = config.platformVolumes.map(({ id }) => id);
  return filesOrigins(config, ids, resolved);
}

function filesOrigins(
  { role, standby }: Pick<StackConfig, 'role' | 'standby'>,
  workloads: readonly string[],
  resolved: ResolvedPoint | undefined,
): CopiesOfFiles | undefined {
  if (resolved !== undefined) {
    const targets = (resolved.files ?? []).map(({ workload, point }) => [workload, point] as const);
    return { repository: resolved.repository, targets: Object.fromEntries(targets) };
  }
  if (standby === undefined || role !== 'primary') return undefined;
  const targets = workloads.map((workload) => [workload, 'latest'] as const);
  return { repository: standby.repository, targets: Object.fromEntries(targets) };
}

/** Namespace of the snapshot → its name here. */
export function mappedNamespaces({
  role,
  recovery,
  standby,
}: Pick<StackConfig, 'role' | 'recovery' | 'standby'>): Names {
  return (role === 'recovery' ? recovery : standby)?.map.namespace ?? {};
}

/** True for the site that takes writes, backs them up and gets the users' traffic. */
export function leads({ role }: Pick<StackConfig, 'role'>): boolean {
  return role !== 'standby';
}

/** True for a leading site that began from another site's copy: its own lineage has no backup yet, so it begins with a full one. */
export function beginsWithFull(
  config: Pick<StackConfig, 'role' | 'standby' | 'recovery' | 'postgres' | 'generation' | 'inPlace'>,
): boolean {
  const { role, standby, postgres } = config;
  const tookOver = standby !== undefined || postgres.adopt?.phase === 'lead' || inPlaceOf(config) !== undefined;
  return (role === 'recovery' && !isIsolated(config)) || (role === 'primary' && tookOver);
}

/** True for a site that makes backups: not while its database only follows the server that it will take over. */
export function backsUp(config: Pick<StackConfig, 'role' | 'recovery' | 'postgres'>): boolean {
  return leads(config) && !isIsolated(config) && config.postgres.adopt?.phase !== 'follow';
}

/** As what the monitor watches it: a database that follows the server that it will take over is a standby. */
export function watchedAs({ role, postgres }: Pick<StackConfig, 'role' | 'postgres'>): Role {
  return postgres.adopt?.phase === 'follow' ? 'standby' : role;
}

/** Where WAL replay ends. The timeline is explicit, so that replay never follows a fork in the archive by chance. */
export type RecoveryEnd =
  | { readonly kind: 'end-of-wal'; readonly timeline: number }
  | { readonly kind: 'immediate'; readonly timeline: number }
  /** ISO 8601 in UTC, e.g. `2026-11-23T02:00:00Z`. */
  | { readonly kind: 'time'; readonly timeline: number; readonly time: string };

/** A copy in a repository, and not nothing or a running server. */
export type FromRepository = Extract<Origin, { readonly repository: string }>;

export function fromRepository(origin: Origin): origin is FromRepository {
  return origin.kind === 'standby' || origin.kind === 'recovery';
}

/** What PostgreSQL begins from. `repository` is an id of `repositories`. */
export type Origin =
  | { readonly kind: 'primary' }
  /** A running server of the platform. */
  | { readonly kind: 'adopted'; readonly server: PostgresSource }
  | {
      readonly kind: 'standby';
      readonly repository: string;
      readonly lineage: string;
      /** WAL position where that lineage has ended for certain. */
      readonly end: string | undefined;
    }
  | {
      readonly kind: 'recovery';
      readonly repository: string;
      readonly lineage: string;
      readonly set: string;
      readonly end: RecoveryEnd;
    };
