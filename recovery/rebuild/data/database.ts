/** Compares the restored database with what the points recorded of it. */
import type { CatalogEntry } from '../../points/catalog/types.ts';
import { type CaptureFacts, EXTERNAL, type PostgresCapture, type ResticCapture } from '../../points/point.ts';
import { pointOf, type ResolvedPoint } from '../../points/resolved/resolved-point.ts';
import { plural } from '../../report/format.ts';
import { type CanaryRow, judgeCanary } from '../../workloads/postgres/canary.ts';
import { holdsRowCounts, lostTables, type RowCounts } from '../../workloads/postgres/row-counts.ts';
import type { DataCheck } from '../types.ts';
import type { Row } from './cluster.ts';

type Sql = (statement: string) => Promise<readonly Row[]>;

/** What the points of a rebuild recorded of the data. */
export interface RecordedCaptures {
  readonly database: PostgresCapture | undefined;
  readonly redis: ResticCapture | undefined;
  /** The point's own logical dump, or the newest one before the database's backup: it holds row counts. */
  readonly dump: ResticCapture | undefined;
}

/** @param dump the plan's workload that is a logical dump. Entries are sorted by their ids. */
export function recordedCaptures(
  entries: readonly CatalogEntry[],
  pin: ResolvedPoint,
  dump: string | undefined,
): RecordedCaptures {
  const captures = (id: string | undefined) => entries.find(({ outline }) => outline.id === id)?.point.captures ?? [];
  const database = captures(pin.postgres?.point).find(
    (each): each is PostgresCapture => each.engine === 'pgbackrest' && each.set === pin.postgres?.set,
  );
  const isSnapshot = (each: PostgresCapture | ResticCapture): each is ResticCapture => each.engine === 'restic';
  const dumpOf = ({ point, outline }: CatalogEntry) =>
    point.captures.filter(isSnapshot).find(({ workload, capturedAt }) => {
      // A run copies both at the same time: its dump may end after its set.
      return workload === dump && (capturedAt <= latest || outline.id === pointOf(pin));
    });
  const latest = pin.postgres?.capturedAt ?? pin.dump?.capturedAt ?? '';
  // A point is parsed on access, so this parses only the newest ones.
  const newest = entries.findLast((entry) => dumpOf(entry) !== undefined);
  return {
    database,
    redis: captures(pin.redis?.point)
      .filter(isSnapshot)
      .find(({ snapshot }) => snapshot === pin.redis?.snapshot),
    dump: newest && dumpOf(newest),
  };
}

/** Tables up to this size are counted exactly, which takes well under a second each; larger ones by PostgreSQL's estimate. */
const COUNT_UP_TO_BYTES = 64 * 1024 * 1024;

const ROW_COUNTS = `
  SELECT n.nspname || '.' || c.relname AS table,
    CASE WHEN pg_relation_size(c.oid) > ${COUNT_UP_TO_BYTES} THEN greatest(c.reltuples, 0)::bigint
      ELSE (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM ONLY %I.%I', n.nspname, c.relname),
        false, true, '')))[1]::text::bigint END AS rows
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence = 'p'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'dr') AND n.nspname NOT LIKE 'pg\\_%'`;

const SETTINGS = `
  SELECT current_setting('archive_mode') AS archive_mode, current_setting('archive_command') AS archive_command,
    (SELECT count(*) FROM pg_stat_subscription WHERE pid IS NOT NULL) AS subscribers,
    (SELECT string_agg(format('%s of database %s', s.subname, d.datname), ', ' ORDER BY d.datname, s.subname)
      FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid) AS subscriptions,
    CASE WHEN to_regclass('cron.job') IS NOT NULL THEN query_to_xml($job$
      SELECT string_agg(format('%s (%s)', jobid, schedule), ', ' ORDER BY jobid) AS jobs, count(*) FILTER (WHERE active) AS active
      FROM cron.job$job$, false, true, '') END::text AS jobs,
    (SELECT system_identifier::text FROM pg_control_system()) AS system,
    extract(epoch FROM pg_last_xact_replay_timestamp())::float8 AS replayed,
    to_regclass('dr.canary') IS NOT NULL AS canary, to_regclass('dr.heartbeat') IS NOT NULL AS heartbeat`;

/** The newest beat that was recovered: this platform's own monitor beats on a timeline of its own, and keeps the one before. */
const BEAT = `
  SELECT extract(epoch FROM CASE WHEN row->>'timeline' = now.timeline
    THEN (row->>'inherited')::timestamptz ELSE (row->>'beat')::timestamptz END)::float8 AS beat
  FROM (SELECT to_jsonb(h) AS row FROM dr.heartbeat h) beats,
    (SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS timeline) now`;

/** Without a dump's counts there is nothing to compare with, and the check fails. */
function tableCheck(rows: readonly Row[], dump: ResticCapture | undefined): DataCheck {
  const tables = rows.map((row) => ({ table: String(row.table), rows: Number(row.rows) }));
  const total = tables.reduce((sum, each) => sum + each.rows, 0);
  const found = `${plural(tables.length, 'table')}, ${plural(total, 'row')}`;
  const check = { title: 'tables hold their rows', tier: 'P1' } as const;
  if (!holdsRowCounts(dump?.facts)) {
    return {
      ...check,
      expected: 'the row counts of a logical dump',
      actual: `${found}; nothing to compare them with`,
      ok: false,
      evidence: dump === undefined ? 'the repository holds no dump of that time' : `the dump of ${dump.capturedAt}`,
    };
  }
  const facts: CaptureFacts = dump?.facts ?? {};
  const counts: RowCounts = { tables, damage: [], locked: [], superusers: [] };
  const lost = lostTables(counts, facts).map(({ table, rowsThen, rowsNow }) =>
    rowsNow === undefined ? `${table} is missing` : `${table} has ${rowsNow} rows, had ${rowsThen}`,
  );
  const counted = Object.keys(facts).filter((fact) => fact.startsWith('rows:')).length;
  return {
    ...check,
    expected: `${plural(counted, 'table')} with the dump’s row counts`,
    actual: lost.length > 0 ? lost.join('; ') : found,
    ok: lost.length === 0,
    evidence: `row count of every table; the dump of ${dump?.capturedAt}; fewer than half of its rows is a loss`,
  };
}

function canaryCheck(rows: readonly Row[] | undefined, capture: PostgresCapture | undefined): DataCheck {
  const all = rows?.map(
    (row): CanaryRow => ({ id: Number(row.id), content: String(row.content), digest: String(row.digest) }),
  );
  const remembered = capture?.canary;
  const judged = judgeCanary(all, remembered);
  const found = judged.rows;
  const problems = remembered === undefined ? ['the point has no digest to compare with'] : judged.problems;
  return {
    title: 'canary rows',
    tier: 'P1',
    expected: remembered === undefined ? 'the rows of the point' : `${remembered.rows} up to ${remembered.lastId}`,
    actual: problems.length > 0 ? problems.join('; ') : `${plural(found, 'row')}, none altered`,
    ok: problems.length === 0,
    evidence: 'dr.canary, row by row, and the digest in the point',
  };
}

/** @param until later commits are this platform's own, from its monitor and users; undefined in a drill, which has neither */
function newestData(
  { capturedAt, set }: NonNullable<ResolvedPoint['postgres']>,
  beat: unknown,
  replayed: unknown,
  until: Date | undefined,
): { readonly at: Date; readonly evidence: string } {
  const copied = { at: new Date(capturedAt), evidence: `backup set ${set}` };
  const later = [
    { at: new Date(Number(beat) * 1000), evidence: 'dr.heartbeat, which is updated every minute' },
    { at: new Date(Number(replayed) * 1000), evidence: 'the last commit that was replayed' },
  ].filter(({ at }) => until === undefined || at <= until);
  return later.reduce((newest, each) => (each.at > newest.at ? each : newest), copied);
}

function archiveCheck(settings: Row): DataCheck {
  return {
    title: 'a drill archives nothing',
    tier: 'P1',
    expected: 'archive_mode off, 0 active subscriptions',
    actual: `archive_mode ${String(settings.archive_mode)}, ${String(settings.subscribers)} active subscriptions`,
    ok: settings.archive_mode === 'off' && Number(settings.subscribers) === 0,
    evidence: "current_setting('archive_mode'), pg_stat_subscription",
  };
}

/** The original may still subscribe. Undefined for a database without subscriptions. */
function subscriptionCheck(settings: Row): DataCheck | undefined {
  const { subscriptions, subscribers } = settings;
  if (typeof subscriptions !== 'string') return undefined;
  return {
    title: 'subscriptions take no changes',
    tier: 'P1',
    expected: '0 active subscriptions',
    actual: `${String(subscribers)} active; disabled: ${subscriptions}. When nobody else subscribes in their place any more: restart PostgreSQL, then ALTER SUBSCRIPTION … ENABLE in that database`,
    ok: Number(subscribers) === 0,
    evidence: 'pg_subscription, pg_stat_subscription',
  };
}

/** The jobs of pg_cron would run beside the original's. Undefined for a database without jobs. */
function jobsCheck({ jobs }: Row): DataCheck | undefined {
  const [, names] = /<jobs>([^<]*)<\/jobs>/.exec(String(jobs)) ?? [];
  if (names === undefined) return undefined;
  const [, active = 'unknown'] = /<active>(\d+)<\/active>/.exec(String(jobs)) ?? [];
  return {
    title: 'scheduled jobs do not run',
    tier: 'P1',
    expected: '0 active jobs of pg_cron',
    actual: `${active} active; disabled: ${names}. When the original runs no more: SELECT cron.alter_job(ID, active := true)`,
    ok: active === '0',
    evidence: 'cron.job',
  };
}

interface DatabaseFacts {
  readonly pin: ResolvedPoint;
  readonly recorded: RecordedCaptures;
  /** The platform is a drill's. */
  readonly isolated: boolean;
  /** When the disaster was declared. */
  readonly declaredAt: Date;
  /** Of the database that is asked. */
  readonly name: string;
}

/** The counts of one database of an external server, by the names that a dump of one database has. */
function countsOf(dump: ResticCapture | undefined, database: string): ResticCapture | undefined {
  if (dump?.facts[EXTERNAL] !== true) return dump;
  const own = `rows:${database}/`;
  const facts = Object.entries(dump.facts).flatMap(([name, value]) =>
    name.startsWith(own) ? [[`rows:${name.slice(own.length)}`, value] as const] : [],
  );
  return { ...dump, facts: { superusers: '', ...Object.fromEntries(facts) } };
}

/** The Job that loaded the dumps has compared every row; here the platform's own database is asked again. */
function dumpChecks(pin: ResolvedPoint, counted: readonly Row[], dump: ResticCapture | undefined): DataCheck[] {
  const at = pin.dump?.capturedAt ?? '';
  const newest = {
    title: 'the newest recovered data',
    tier: 'P1',
    expected: `of ${at}`,
    actual: `of ${at}`,
    ok: true,
  } as const;
  return [
    tableCheck(counted, dump),
    { ...newest, evidence: 'dumps of an external server: nothing after them', recoveredTo: new Date(at) },
  ];
}

/** Throws what `sql` throws. */
export async function databaseChecks(
  sql: Sql,
  { pin, recorded: { database, dump }, isolated, declaredAt, name }: DatabaseFacts,
): Promise<DataCheck[]> {
  const [settings = {}] = await sql(SETTINGS);
  const counted = await sql(ROW_COUNTS);
  const { postgres } = pin;
  if (postgres === undefined) {
    const made = dumpChecks(pin, counted, countsOf(dump, name));
    return [...made, ...(isolated ? [archiveCheck(settings)] : [])];
  }
  const canary = settings.canary ? await sql('SELECT id, content, digest FROM dr.canary ORDER BY id') : undefined;
  const beat = settings.heartbeat ? await sql(BEAT) : undefined;
  const newest = newestData(postgres, beat?.[0]?.beat, settings.replayed, isolated ? undefined : declaredAt);
  return [
    tableCheck(counted, dump),
    canaryCheck(canary, database),
    {
      title: 'it is the database of the point',
      tier: 'P1',
      expected: `system ${postgres.systemId}`,
      actual: `system ${String(settings.system)}`,
      ok: settings.system === postgres.systemId,
      evidence: 'pg_control_system()',
      recoveredTo: newest.at,
    },
    {
      title: 'the newest recovered data',
      tier: 'P1',
      expected: `not before ${postgres.capturedAt}`,
      actual: newest.at.toISOString(),
      ok: newest.at.getTime() >= Date.parse(postgres.capturedAt),
      evidence: newest.evidence,
    },
    ...[
      isolated ? archiveCheck(settings) : subscriptionCheck(settings),
      isolated ? undefined : jobsCheck(settings),
    ].filter((check) => check !== undefined),
  ];
}
