/** `dr find --what`: which transaction of the archived WAL dropped, emptied or changed a table. Reads only. */
import type pg from 'pg';
import { selectWorkloads } from '../../plan/select.ts';
import { postgresSettings } from '../config/environment.ts';
import type { Repository, Site } from '../config/site.ts';
import { DrError, messageOf, precondition } from '../core/errors.ts';
import type { Progress } from '../core/progress.ts';
import { lineagesIn, type OpenedWal, openLineage } from '../engines/pgbackrest/records/lineage.ts';
import { type WalReader, withWalReader } from '../engines/pgbackrest/records/read.ts';
import { gapsOf } from '../engines/pgbackrest/records/runs.ts';
import { openCatalog } from '../points/catalog/catalog.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import { formatMicros, type Micros, microsOf } from '../points/moment.ts';
import { type TableName, tableText } from '../restore/dump-list.ts';
import { withClient } from '../workloads/postgres/server.ts';
import { type Relations, relationsOf, together } from './catalog.ts';
import { type Change, changesOf, type KindOfChange } from './classify.ts';
import { Tally, type Transaction } from './tally.ts';
import { stretchesSince } from './window.ts';

export interface SearchRequest {
  readonly what: readonly KindOfChange[];
  /** Only of these. Empty: of all. */
  readonly tables: readonly TableName[];
  readonly since: Date;
  readonly until: Date;
  /** Of deletes and updates. */
  readonly minRows: number;
  /** @default the first of the environment that answers and holds a set */
  readonly repository?: string | undefined;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

export interface Finding extends Change {
  readonly xid: string;
  readonly lsn: string;
  /** ISO 8601: when it was committed. */
  readonly at: string;
  readonly lineage: string;
  readonly timeline: number;
  /** It had begun before what was read: rows are at least so many. */
  readonly partial: boolean;
}

export interface SearchResult {
  /** Absent for WAL that was received from an external server, which lies on this host. */
  readonly repository?: Repository;
  /** Where the WAL lies, for people. */
  readonly where: string;
  readonly entries: readonly CatalogEntry[];
  /** By time. At most `MOST_FINDINGS`. */
  readonly findings: readonly Finding[];
  /** The transactions with most rows are listed; so many more are not. */
  readonly leftOut: number;
  /** What was read: of each lineage its first and last segment. */
  readonly read: readonly {
    readonly lineage: string;
    readonly from: string;
    readonly to: string;
    readonly segments: number;
  }[];
  readonly notes: readonly string[];
  /** What the running server knows; absent where it does not answer. */
  readonly live?: Relations;
}

const MOST_FINDINGS = 500;

interface Opened {
  readonly repository: Repository;
  readonly entries: readonly CatalogEntry[];
}

/** Throws `WAL-NONE` (exit 6) where no repository holds a set of pgBackRest. */
export async function openSearched(site: Site, named: string | undefined): Promise<Opened> {
  const candidates = named === undefined ? [...site.repositories.values()] : [site.repository(named)];
  const why: string[] = [];
  for (const repository of candidates) {
    try {
      const entries = await (await openCatalog(site, repository, 'restorer')).points();
      if (lineagesIn(entries).length > 0) return { repository, entries };
      why.push(`${repository.id} holds no set of pgBackRest`);
    } catch (error) {
      if (named !== undefined || !(error instanceof DrError)) throw error;
      why.push(`${repository.id}: ${error.fact}`);
    }
  }
  throw precondition({
    code: 'WAL-NONE',
    where: selectWorkloads(site.plan, ['type:postgres'])[0]?.id ?? 'postgres',
    fact: `no repository has archived WAL that can be read:\n${why.join('\n')}`,
    hint: '`dr points` lists what there is',
  });
}

/** Asks one database of the running server; undefined: that for what concerns the whole server. */
export type AskLive = <T>(use: (client: pg.Client) => Promise<T>, database?: string) => Promise<T>;

/** What the running server knows; undefined with the reason where it does not answer. */
export async function liveRelations(
  site: Site,
  ask: AskLive,
): Promise<{ readonly relations: Relations; readonly note?: string }> {
  const none = { byFile: new Map(), byOid: new Map() };
  try {
    const list = `SELECT datname AS name FROM pg_database
      WHERE datallowconn AND NOT datistemplate AND datconnlimit <> -2 AND has_database_privilege(oid, 'CONNECT')`;
    const { rows } = await ask((client) => client.query<{ name: string }>(list));
    const all: Relations[] = [];
    for (const { name } of rows) all.push(await ask(relationsOf, name));
    return { relations: together(all) };
  } catch (error) {
    if (!(error instanceof Error) || site.signal?.aborted === true) throw error;
    return { relations: none, note: `the live server does not name the tables: ${messageOf(error)}` };
  }
}

/** True for one that is asked for, and for one that has no name yet. */
function isAsked(change: Change, tables: readonly TableName[]): boolean {
  if (tables.length === 0 || change.relation === undefined) return true;
  const { relation } = change;
  return tables.some(({ schema, name }) => schema === relation.schema && name === relation.name);
}

/** Keeps the ones with most rows. */
export class Kept {
  readonly findings: Finding[] = [];
  leftOut = 0;

  add(finding: Finding): void {
    this.findings.push(finding);
    if (this.findings.length < 2 * MOST_FINDINGS) return;
    this.trim();
  }

  /** By time. */
  inOrder(): Pick<SearchResult, 'findings' | 'leftOut'> {
    this.trim();
    const findings = this.findings.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
    return { findings, leftOut: this.leftOut };
  }

  trim(): void {
    const weight = ({ rows, what }: Finding): number =>
      what === 'drop' || what === 'truncate' ? Infinity : (rows ?? 0);
    this.findings.sort((a, b) => weight(b) - weight(a));
    this.leftOut += Math.max(0, this.findings.length - MOST_FINDINGS);
    this.findings.length = Math.min(this.findings.length, MOST_FINDINGS);
  }
}

export async function searchWal(site: Site, request: SearchRequest): Promise<SearchResult> {
  const { repository, entries } = await openSearched(site, request.repository);
  const ask: AskLive = (use, database = 'postgres') =>
    withClient(site, postgresSettings(site.environment), use, { database });
  const { relations, note } = await liveRelations(site, ask);
  const notes = note === undefined ? [] : [note];
  const kept = new Kept();
  const read: SearchResult['read'][number][] = [];
  const since = microsOf(request.since);
  for (const each of lineagesIn(entries).reverse()) {
    const wal = await openLineage(site, repository, each, request.signal);
    const begun = Math.min(...each.sets.map(({ capturedAt }) => microsOf(new Date(capturedAt))));
    await withWalReader(wal.source, async (reader) => {
      const search = { wal, reader, relations, request, kept, since };
      const extent = await searchLineage(search);
      if (extent !== undefined) read.unshift(extent.read);
      notes.push(...(extent?.notes ?? []));
    });
    // What was before this lineage's first set is of the one before.
    if (begun <= since) break;
  }
  const known = note === undefined ? { live: relations } : {};
  return { repository, where: repository.id, entries, ...kept.inOrder(), read, notes, ...known };
}

export interface Search {
  readonly wal: OpenedWal;
  readonly reader: WalReader;
  readonly relations: Relations;
  readonly request: SearchRequest;
  readonly kept: Kept;
  readonly since: Micros;
}

/** Segments that are read before it is asked whether the end is reached. */
const AT_A_TIME = 8;
/** Commits are not written in the order of their times to the microsecond. */
const DISORDER: Micros = 60_000_000;

/** Undefined where there is no WAL of that time. */
export async function searchLineage({ wal, reader, relations, request, kept, since }: Search) {
  const { progress } = request;
  const until = microsOf(request.until);
  const event = { step: `find/${wal.lineage}`, title: `read the WAL of ${wal.lineage}` };
  progress({ ...event, state: 'start' });
  const stretches = await stretchesSince(wal, reader, since);
  const [first, last] = [stretches[0]?.[0], stretches.at(-1)?.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const notes = gapsOf(stretches, wal.source.segmentBytes).map(({ from, to }) => {
    const what = from === to ? `WAL segment ${from} is` : `WAL segments ${from} to ${to} are`;
    return `${what} missing in ${wal.source.where}: what was done there is not known; both sides were searched`;
  });
  const total = stretches.reduce((sum, { length }) => sum + length, 0);
  let done = 0;
  let isOver = false;
  for (const stretch of stretches) {
    // What was open before a gap may have ended in it.
    const tally = new Tally();
    for (let n = 0; n < stretch.length && !isOver; n += AT_A_TIME) {
      const part = stretch.slice(n, n + AT_A_TIME);
      progress({ ...event, state: 'progress', detail: part[0] ?? '', fraction: done / total });
      const { stopped, last: lastRead } = await reader.read(part, stretch[n + AT_A_TIME], (record) => {
        const transaction = tally.add(record);
        if (transaction === undefined) return;
        if (transaction.at > until + DISORDER) isOver = true;
        if (transaction.at < since || transaction.at > until) return;
        for (const finding of findingsOf(transaction, { wal, relations, request, segment: part[0] ?? '' }))
          kept.add(finding);
      });
      if (stopped !== undefined && stretch[n + AT_A_TIME] !== undefined)
        notes.push(`the WAL after ${lastRead ?? part[0]} can't be read (${stopped}); what follows was searched`);
      done += part.length;
    }
  }
  progress({ ...event, state: 'done' });
  return { read: { lineage: wal.lineage, from: first, to: last, segments: done }, notes };
}

function findingsOf(
  transaction: Transaction,
  { wal, relations, request, segment }: Pick<Search, 'wal' | 'relations' | 'request'> & { readonly segment: string },
): Finding[] {
  const { xid, lsn, at, partial } = transaction;
  const changes = changesOf(transaction, relations, request.what).filter(
    (change) => isAsked(change, request.tables) && (change.rows ?? Infinity) >= request.minRows,
  );
  const timeline = Number.parseInt(segment.slice(0, 8), 16);
  return changes.map((change) => ({
    ...change,
    xid,
    lsn,
    at: formatMicros(at),
    lineage: wal.lineage,
    timeline,
    partial,
  }));
}

/** Named with a finding that has a name, else what the WAL calls it. */
export function nameOfFinding({ relation, key }: Pick<Finding, 'relation' | 'key'>): string {
  return relation === undefined ? `(unnamed ${key ?? ''})`.trim() : tableText(relation);
}
