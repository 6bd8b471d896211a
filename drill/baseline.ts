/** Records what the platform holds before the load starts, and checks that the recovered platform still holds it. */
import type pg from 'pg';
import type { Verification } from '../recovery/report/types.ts';
import type { Difference } from '../recovery/workloads/difference.ts';
import { compareFolders, type FolderFingerprint, folderFingerprint } from '../recovery/workloads/files/fingerprint.ts';
import {
  compareDatabases,
  type DatabaseFingerprint,
  databaseFingerprint,
} from '../recovery/workloads/postgres/fingerprint.ts';
import { compareRedis, type RedisFingerprint, redisFingerprint } from '../recovery/workloads/redis/fingerprint.ts';
import { checkCanaries } from './canaries.ts';
import { CART_PREFIX, STREAM_KEY } from './load/load.ts';
import type { Platform } from './platform/platform.ts';
import { PROBE_PREFIX } from './platform/redis-data.ts';
import { CANARY_ROWS, SELF_CHANGING_TABLES } from './platform/schema.ts';
import { FOLDER_WORKLOADS, type FolderWorkload } from './platform/site-paths.ts';

export interface Baseline {
  readonly database: DatabaseFingerprint;
  /** Rows from before the load, in the tables that it writes to. */
  readonly oldRows: Readonly<Record<string, string>>;
  readonly redis: RedisFingerprint;
  readonly folders: ReadonlyMap<FolderWorkload, FolderFingerprint>;
  /** Branches and tags with their commits. */
  readonly git: string;
}

/** The load generator writes to these; the ledger covers its new rows. */
const WRITTEN_TABLES = ['orders', 'payments'] as const;
const EXCLUDE = [...SELF_CHANGING_TABLES, ...WRITTEN_TABLES.map((table) => `public.${table}`)];
const WRITTEN_KEYS = [PROBE_PREFIX, CART_PREFIX, STREAM_KEY];

type OldRowLimits = Readonly<Record<string, number>>;

async function oldRows(client: pg.Client, limits: OldRowLimits): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const table of WRITTEN_TABLES) {
    const { rows } = await client.query<{ seen: string }>(
      `select count(*) || ' rows, checksum ' || coalesce(sum(hashtextextended(t::text, 1)::numeric), 0) as seen
       from ${table} t where id <= $1`,
      [limits[table] ?? 0],
    );
    found[table] = rows[0]?.seen ?? '';
  }
  return found;
}

async function newestIds(client: pg.Client): Promise<OldRowLimits> {
  const { rows } = await client.query<OldRowLimits>(
    'select (select max(id) from orders)::int as orders, (select max(id) from payments)::int as payments',
  );
  return rows[0] ?? {};
}

async function gitRefs(platform: Platform): Promise<string> {
  // The restored folder may have another owner; these commands only read it.
  const git = ['git', '-c', 'safe.directory=*', '-C', platform.paths.git] as const;
  const { stdout } = await platform.run([
    ...git,
    'for-each-ref',
    '--format=%(refname) %(objectname)',
    'refs/heads',
    'refs/tags',
  ]);
  await platform.run([...git, 'fsck', '--full', '--no-progress']);
  return stdout.trim();
}

async function foldersOf(platform: Platform): Promise<Map<FolderWorkload, FolderFingerprint>> {
  const found = new Map<FolderWorkload, FolderFingerprint>();
  for (const workload of FOLDER_WORKLOADS)
    found.set(workload, await folderFingerprint(platform.paths.folder(workload)));
  return found;
}

async function withStores<T>(
  platform: Platform,
  use: (client: pg.Client, redis: RedisClient) => Promise<T>,
): Promise<T> {
  const client = await platform.postgres();
  const redis = await platform.redis().catch(async (error: unknown) => {
    await client.end();
    throw error;
  });
  try {
    return await use(client, redis);
  } finally {
    redis.disconnect();
    await client.end();
  }
}
type RedisClient = Awaited<ReturnType<Platform['redis']>>;

export interface BaselineWithLimits extends Baseline {
  readonly limits: OldRowLimits;
}

export function takeBaseline(platform: Platform): Promise<BaselineWithLimits> {
  return withStores(platform, async (client, redis) => {
    const limits = await newestIds(client);
    return {
      limits,
      database: await databaseFingerprint(client, { exclude: EXCLUDE }),
      oldRows: await oldRows(client, limits),
      redis: await redisFingerprint(redis, { ignorePrefixes: WRITTEN_KEYS }),
      folders: await foldersOf(platform),
      git: await gitRefs(platform),
    };
  });
}

function listed(differences: readonly Difference[]): string {
  if (differences.length === 0) return 'no difference';
  const shown = differences
    .slice(0, 5)
    .map(({ item, kind, detail }) => `${item} ${kind}${detail ? ` (${detail})` : ''}`);
  const more = differences.length > shown.length ? ` and ${differences.length - shown.length} more` : '';
  return `${differences.length} differ: ${shown.join('; ')}${more}`;
}

type Check = Omit<Verification, 'ok'>;

async function databaseChecks(client: pg.Client, baseline: BaselineWithLimits): Promise<Check[]> {
  const actual = await databaseFingerprint(client, { exclude: EXCLUDE });
  const rows = baseline.database.tables.reduce((sum, table) => sum + table.rows, 0);
  const canaries = await checkCanaries(client);
  const superusers = await client.query<{ names: string }>(
    `select string_agg(rolname, ', ' order by rolname) as names from pg_roles where rolsuper`,
  );
  const same = 'no difference';
  const differences = listed(compareDatabases(baseline.database, actual));
  const old = await oldRows(client, baseline.limits);
  return [
    {
      id: 'database/tables',
      title: `${baseline.database.tables.length} tables, ${rows} rows, with columns, constraints and indexes`,
      tier: 'P1',
      expected: same,
      actual: differences,
      evidence: 'count, checksums over every row, md5 of the definitions; compared with the time before the load',
    },
    ...WRITTEN_TABLES.map((table) => ({
      id: `database/${table}`,
      title: `rows of ${table} from before the load`,
      tier: 'P2',
      expected: baseline.oldRows[table] ?? '',
      actual: old[table] ?? '',
      evidence: `select count(*), sum(hashtextextended(t::text, 1)) from ${table} t where id <= ${baseline.limits[table]}`,
    })),
    {
      id: 'database/canaries',
      title: 'canary rows',
      tier: 'P1',
      expected: `${CANARY_ROWS} rows, 0 wrong`,
      actual: `${canaries.rows} rows, ${canaries.violations.length} wrong`,
      evidence: 'dr_canary: each row holds its own digest, row 0 that of all',
    },
    {
      id: 'database/superusers',
      title: 'superusers',
      tier: 'P1',
      expected: 'postgres',
      actual: superusers.rows[0]?.names ?? '',
      evidence: 'select rolname from pg_roles where rolsuper',
    },
  ];
}

const TIER_OF: Partial<Record<FolderWorkload, string>> = {
  uploads: 'P2',
  'event-store': 'P2',
  'static-assets': 'P2',
  artifacts: 'P3',
  'monitoring-config': 'P4',
};

/** Files that the recovery itself has replaced, by workload; each must differ. */
export type Renewed = ReadonlyMap<FolderWorkload, readonly string[]>;

function folderVerdict(differences: readonly Difference[], renewed: readonly string[]): string {
  const changed = differences.filter(({ kind }) => kind === 'changed').map(({ item }) => item);
  const stale = renewed.filter((path) => !changed.includes(path));
  if (stale.length > 0) return `not replaced: ${stale.join(', ')}`;
  return listed(differences.filter(({ item }) => !renewed.includes(item)));
}

/** Compares the recovered platform with the baseline. An unreadable folder is a failed check and not thrown. */
export async function baselineChecks(
  platform: Platform,
  baseline: BaselineWithLimits,
  renewed: Renewed = new Map(),
): Promise<Check[]> {
  const stores = await withStores(platform, async (client, redis) => {
    const actual = await redisFingerprint(redis, { ignorePrefixes: WRITTEN_KEYS });
    return [
      ...(await databaseChecks(client, baseline)),
      {
        id: 'redis/keys',
        title: `${baseline.redis.keys} keys of Redis`,
        tier: 'P1',
        expected: 'no difference',
        actual: listed(compareRedis(baseline.redis, actual)),
        evidence: 'type, content and expiry of every key',
      },
    ];
  });
  const folders: Check[] = [];
  for (const [workload, expected] of baseline.folders) {
    const path = platform.paths.folder(workload);
    const fresh = renewed.get(workload) ?? [];
    const actual = await folderFingerprint(path).then((f) => folderVerdict(compareFolders(expected, f), fresh), String);
    const but = fresh.length === 0 ? '' : `, ${fresh.length} of them replaced on purpose`;
    folders.push({
      id: `files/${workload}`,
      title: `${workload}: ${expected.entries.length} files${but}`,
      tier: TIER_OF[workload] ?? 'P1',
      expected: 'no difference',
      actual,
      evidence: `path, mode and sha256 of every file below ${path}`,
    });
  }
  const git = await gitRefs(platform).catch(String);
  const evidence = 'git for-each-ref, git fsck --full';
  return [
    ...stores,
    ...folders,
    { id: 'git/refs', title: 'branches and tags', tier: 'P3', expected: baseline.git, actual: git, evidence },
  ];
}
