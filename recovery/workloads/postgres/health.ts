/** Does PostgreSQL take requests, does it archive its WAL, do its tables hold their rows and its pages fit their checksums. */
import { seconds } from '../../../plan/duration.ts';
import type { PostgresSettings, Retired } from '../../config/environment.ts';
import { readLineage } from '../../config/lineage.ts';
import type { Site } from '../../config/site.ts';
import { codeOf, DrError, messageOf } from '../../core/errors.ts';
import type { CaptureFacts } from '../../points/point.ts';
import { formatTime, plural } from '../../report/format.ts';
import { accepted, type HealthCheck, refused, unproven, type Verdict, wordsOf } from '../workload.ts';
import { connectClient, withoutCertificate } from './access/client.ts';
import { checkSynchronous } from './access/synchronous.ts';
import { type ArchiverState, archiveFault, readArchiver } from './archive/archive-fault.ts';
import { foreignWal } from './archive/own-wal.ts';
import { leaderOfStandby } from './host/standby.ts';
import { lostTables, type RowCounts, readRowCounts } from './row-counts.ts';
import { withClient } from './server.ts';

/** Segments that wait for a repository: they fill the primary's disk, and their data has one copy only. */
export async function checkWalBacklog(site: Site): Promise<HealthCheck[]> {
  const settings = site.environment.postgres;
  const continuous = site.plan.workloads.find((workload) => workload.continuous !== undefined)?.continuous;
  if (settings === undefined || continuous === undefined) return [];
  const check = { id: 'postgres/backlog', title: 'No WAL waits to be archived' };
  const sql = `
    SELECT count(*)::int AS waiting, coalesce(extract(epoch FROM now() - min(modification)), 0)::float8 AS age
    FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'`;
  try {
    const row = await withClient(site, settings, async (client) => {
      return (await client.query<{ waiting: number; age: number }>(sql)).rows[0];
    });
    const waiting = row?.waiting ?? 0;
    const limit = seconds(continuous.archiveTimeout) + seconds(continuous.pushDelay);
    const fact =
      waiting === 0 ? 'none waits' : `${plural(waiting, 'segment')}, the oldest for ${Math.round(row?.age ?? 0)} s`;
    return [{ ...check, ok: (row?.age ?? 0) <= limit, fact }];
  } catch (error) {
    return [{ ...check, ok: false, fact: wordsOf(error) }];
  }
}

const CONNECT_MS = 5_000;

/** What the server says of a password, by its codes. The second group is said only to those whose password was right. */
function verdictOf(error: unknown): Verdict {
  const [code, message] = [codeOf(error), messageOf(error)];
  if (code === '28P01') return refused('refused');
  if (code === '28000' && /not permitted to log in/.test(message)) return refused('the role may not log in');
  if (code === '28000' && /valid client certificate/.test(message)) return refused('only a certificate opens it');
  if (code === '42501' || code === '3D000') return accepted(`the server lets it in, and says: ${message}`);
  return unproven(error);
}

async function tryPostgres(
  site: Site,
  settings: PostgresSettings,
  { user, password }: Retired['postgres'][number],
): Promise<Verdict> {
  try {
    const base = {
      database: settings.database,
      connectionTimeoutMillis: CONNECT_MS,
      application_name: 'dr',
      password: await site.secrets.read(password, 'retired.postgres.password'),
    };
    const client = await connectClient(withoutCertificate({ ...settings, user }), base, (each) => {
      each.on('error', (error) => site.log.debug({ error: error.message }, 'PostgreSQL closed the connection'));
    });
    await client.end();
    return accepted('the server lets it in');
  } catch (error) {
    return verdictOf(error);
  }
}

/** Nothing where no credential was replaced. */
export async function checkRetiredPostgres(site: Site): Promise<HealthCheck[]> {
  const { postgres: settings, retired } = site.environment;
  if (settings === undefined) return [];
  return Promise.all(
    (retired?.postgres ?? []).map(async (credential, n) => ({
      id: `retired/postgres/${credential.user}/${n + 1}`,
      title: `PostgreSQL refuses the old password of ${credential.user}`,
      ...(await tryPostgres(site, settings, credential)),
    })),
  );
}

export async function checkPostgres(site: Site): Promise<HealthCheck[]> {
  const settings = site.environment.postgres;
  if (settings === undefined) return [];
  try {
    const { state, synchronous } = await withClient(site, settings, async (client) => {
      const [row] = (await client.query<{ recovering: boolean }>('SELECT pg_is_in_recovery() AS recovering')).rows;
      const archiver = await readArchiver(client);
      const leader = await leaderOfStandby(client);
      const recovering = row?.recovering ?? false;
      return { state: { ...archiver, recovering, leader }, synchronous: await checkSynchronous(client) };
    });
    return [
      { id: 'postgres/answers', title: 'PostgreSQL answers', ok: true, fact: `database ${settings.database}` },
      {
        id: 'postgres/writable',
        title: 'PostgreSQL takes writes',
        ok: !state.recovering,
        fact: state.recovering ? `it is in recovery, a standby; ${state.leader ?? 'nobody'} leads` : 'not in recovery',
      },
      site.environment.isolated === true ? notArchiving(state) : await ownArchive(site, archiving(state)),
      ...synchronous,
    ];
  } catch (error) {
    return [{ id: 'postgres/answers', title: 'PostgreSQL answers', ok: false, fact: wordsOf(error) }];
  }
}

/** A drill that archives would write into the lineage that it was made from. */
function notArchiving({ archive_mode }: ArchiverState): HealthCheck {
  const check = { id: 'postgres/archiving', title: 'WAL of a drill is not archived' };
  return { ...check, ok: archive_mode === 'off', fact: `archive_mode is ${archive_mode}` };
}

function archiving(state: ArchiverState): HealthCheck {
  const { last } = state;
  const check = { id: 'postgres/archiving', title: 'WAL is archived' };
  const fault = archiveFault(state);
  if (fault !== undefined) return { ...check, ok: false, fact: fault.fact };
  return { ...check, ok: true, fact: last === null ? 'no segment was closed yet' : `last at ${formatTime(last)}` };
}

/** What is archived must be this server's own WAL. A repository that doesn't answer has checks of its own. */
async function ownArchive(site: Site, check: HealthCheck): Promise<HealthCheck> {
  const lineage = await readLineage(site);
  if (lineage === undefined) return check;
  const attached = [...site.repositories.values()].filter(({ id }) => lineage.repositories.includes(id));
  for (const repository of attached) {
    const fact = await foreignWal(site, { repository, lineage: lineage.name, role: 'restorer' }).catch(
      (error: unknown) => {
        if (!(error instanceof DrError)) throw error;
        return undefined;
      },
    );
    if (fact === undefined) continue;
    const said = `another server archives to ${lineage.name} in ${repository.id}: WAL segment ${fact}`;
    return { ...check, ok: false, fact: check.ok === false ? `${check.fact}; ${said}` : said };
  }
  return check;
}

/** `before`: facts of the newest logical dump. */
export async function checkData(site: Site, before: CaptureFacts | undefined): Promise<HealthCheck[]> {
  const settings = site.environment.postgres;
  if (settings === undefined) return [];
  try {
    return await withClient(site, settings, async (client) => {
      const counts = await readRowCounts(client);
      const { rows } = await client.query<{ failures: string | null }>(
        'SELECT sum(checksum_failures) AS failures FROM pg_stat_database',
      );
      const failures = rows[0]?.failures;
      return [
        { id: 'data/tables', title: 'Tables hold their rows', ...judgeTables(counts, before) },
        {
          id: 'data/checksums',
          title: 'No page with a wrong checksum was found',
          // null: checksums are off, so nothing can be said.
          ok: failures === null || failures === undefined ? undefined : Number(failures) === 0,
          fact:
            failures === null || failures === undefined
              ? 'data checksums are off'
              : plural(Number(failures), 'failure'),
        },
      ];
    });
  } catch (error) {
    return [{ id: 'data/tables', title: 'Tables hold their rows', ok: false, fact: wordsOf(error) }];
  }
}

/** A table may rightly be empty, unless it had rows when it was last captured. */
export function judgeTables(counts: RowCounts, before: CaptureFacts | undefined): Pick<HealthCheck, 'ok' | 'fact'> {
  const total = counts.tables.reduce((sum, { rows }) => sum + rows, 0);
  const lost = lostTables(counts, before ?? {}).map(({ table, rowsThen, rowsNow }) =>
    rowsNow === undefined ? `${table} is missing` : `${table} has ${rowsNow} rows, had ${rowsThen}`,
  );
  const { locked } = counts;
  const empty = total === 0 && locked.length === 0 ? ['no table holds a row'] : [];
  const wrong = [...counts.damage, ...lost, ...empty];
  const sum = `${plural(counts.tables.length, 'table')}, ${plural(total, 'row')}`;
  const unknown = locked.length === 0 ? [] : [`locked by others and not counted: ${locked.join(', ')}`];
  if (wrong.length > 0) return { ok: false, fact: [...wrong, ...unknown].join('; ') };
  return { ok: locked.length === 0 ? true : undefined, fact: [sum, ...unknown].join('; ') };
}
