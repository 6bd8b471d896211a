/** Names of tables that are gone: asked of the database as it was just before each transaction that took one away. */
import type { Repository, Site } from '../config/site.ts';
import { DrError } from '../core/errors.ts';
import { lineagesIn } from '../engines/pgbackrest/records/lineage.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import { isPostgres, type PostgresCapture } from '../points/point.ts';
import { parseLsn } from '../points/wal-segment.ts';
import { formatBytes } from '../report/format.ts';
import type { TableName } from '../restore/dump-list.ts';
import { bytesOfSide, type Side, type SideEnd, withSide } from '../workloads/postgres/side/instance.ts';
import { type Relations, relationsOf, together } from './catalog.ts';
import type { Finding, SearchRequest, SearchResult } from './search.ts';

export type NamesFrom = 'auto' | 'copy' | 'live';

/** `auto` lays down no more than this for a name. */
const AUTO_BYTES = 20 * 1024 ** 3;

const isUnnamed = ({ relation, key, what }: Finding): boolean =>
  relation === undefined && key !== undefined && what !== 'ddl';

/** The newest set that was complete before a position. */
export function setBefore(
  entries: readonly CatalogEntry[],
  { lineage, lsn, timeline }: Pick<Finding, 'lineage' | 'lsn' | 'timeline'>,
): PostgresCapture | undefined {
  const sets = lineagesIn(entries).find((each) => each.lineage === lineage)?.sets ?? [];
  return sets.findLast((set) => set.timeline <= timeline && parseLsn(set.lsnStop) <= parseLsn(lsn));
}

/** The point that names a set, for a lease on it. */
export function leaseOf(repository: Repository, entries: readonly CatalogEntry[], { lineage, set }: PostgresCapture) {
  const isOf = ({ point }: CatalogEntry): boolean =>
    point.captures.some((each) => isPostgres(each) && each.lineage === lineage && each.set === set);
  const point = entries.find(isOf)?.point.id;
  return point === undefined ? undefined : { repository, point };
}

async function catalogsOf(side: Side): Promise<Relations> {
  const list =
    'SELECT datname AS name FROM pg_database WHERE datallowconn AND NOT datistemplate AND datconnlimit <> -2';
  const { rows } = await side.ask((client) => client.query<{ name: string }>(list), { database: 'postgres' });
  const all: Relations[] = [];
  for (const { name } of rows) all.push(await side.ask(relationsOf, { database: name }));
  return together(all);
}

/** The same findings with the names that the copy knows: indexes and long values, which are not tables, go. */
function named(finding: Finding, relations: Relations, tables: readonly TableName[]): Finding[] {
  if (!isUnnamed(finding)) return [finding];
  const { key = '', before = [], ...rest } = finding;
  const keys = [key, ...before];
  const found = keys.flatMap((each) => relations.byOid.get(each) ?? relations.byFile.get(each) ?? []);
  if (found.length === 0) return [finding];
  const real = found.filter(({ kind, schema }) => kind === 'table' && schema !== 'pg_catalog');
  const asked = real.filter(
    (relation) => tables.length === 0 || tables.some((t) => t.schema === relation.schema && t.name === relation.name),
  );
  return asked.map((relation) => ({ ...rest, relation }));
}

const endOf = ({ timeline, xid, lsn }: Finding): SideEnd => ({ kind: 'xid', timeline, xid, lsn });

/** Names what the live server could not name. A copy that can't be made is a note: what was found is still true. */
export async function nameFindings(
  site: Site,
  { findings, entries, repository, notes }: SearchResult,
  { from, request }: { readonly from: NamesFrom; readonly request: SearchRequest },
): Promise<{ readonly findings: readonly Finding[]; readonly notes: readonly string[] }> {
  const unnamed = findings.filter(isUnnamed);
  const [first] = unnamed;
  if (first === undefined) return { findings, notes };
  const set = setBefore(entries, first);
  if (repository === undefined) {
    const why = 'tables that are gone have no name here: the running server no longer knows them';
    return { findings, notes: [...notes, why] };
  }
  const refuse = (why: string) => ({ findings, notes: [...notes, `tables that are gone have no name here: ${why}`] });
  if (from === 'live') return refuse('--names copy asks a copy from before');
  if (set === undefined) return refuse(`${repository.id} holds no set from before ${first.at}`);
  if (from === 'auto' && set.bytes > AUTO_BYTES)
    return refuse(`a copy from before takes ${formatBytes(bytesOfSide(set))} of this disk: --names copy makes it`);
  try {
    return { findings: await askCopy(site, repository, { set, entries, findings, request }), notes };
  } catch (error) {
    if (from === 'copy' || !(error instanceof DrError) || error.exit === 130) throw error;
    return refuse(error.message);
  }
}

async function askCopy(
  site: Site,
  repository: Repository,
  {
    set,
    entries,
    findings,
    request,
  }: {
    readonly set: PostgresCapture;
    readonly entries: readonly CatalogEntry[];
    readonly findings: readonly Finding[];
    readonly request: SearchRequest;
  },
): Promise<Finding[]> {
  const { progress, signal, tables } = request;
  const event = { step: 'find/names', title: 'ask a copy from before for names' };
  const report = (detail: string, fraction?: number): void =>
    progress({ ...event, state: 'progress', detail, ...(fraction === undefined ? {} : { fraction }) });
  // One instance is replayed on: a copy of another lineage would need a second one.
  const moments = findings
    .filter((each) => isUnnamed(each) && each.lineage === set.lineage)
    .sort((a, b) => (parseLsn(a.lsn) < parseLsn(b.lsn) ? -1 : 1));
  const [first, ...later] = moments;
  if (first === undefined) return [...findings];
  progress({ ...event, state: 'start' });
  const lease = leaseOf(repository, entries, set);
  const opened = { repository, capture: set, lease, end: endOf(first), what: 'dr find', report, signal };
  const result = await withSide(site, opened, async (side) => {
    let relations = await catalogsOf(side);
    let at = first.xid;
    for (const next of later) {
      const isKnown = [next.key ?? '', ...(next.before ?? [])].some(
        (key) => relations.byOid.has(key) || relations.byFile.has(key),
      );
      if (isKnown || next.xid === at) continue;
      at = next.xid;
      await side.advance(endOf(next));
      relations = together([relations, await catalogsOf(side)]);
    }
    return findings.flatMap((finding) => named(finding, relations, tables));
  });
  progress({ ...event, state: 'done' });
  return result;
}
