/** Whether the tables that a search is asked for exist at all: a mistyped name must not read as "nobody changed it". */
import { didYouMean } from '../../plan/nearest.ts';
import { badInput } from '../core/errors.ts';
import { isPostgres } from '../points/point.ts';
import { rowCountTables } from '../workloads/postgres/row-counts.ts';
import type { Relations } from './catalog.ts';
import type { Finding, SearchRequest, SearchResult } from './search.ts';

interface Asked {
  readonly request: Pick<SearchRequest, 'tables'>;
  /** With the names that a copy has given. */
  readonly findings: readonly Finding[];
  readonly searched: Pick<SearchResult, 'entries' | 'live'>;
}

/** `public.orders`, without quotes: names as they are compared. */
const plain = ({ schema, name }: { readonly schema: string; readonly name: string }): string => `${schema}.${name}`;

function liveTables({ byOid }: Relations): string[] {
  return [...byOid.values()].flatMap((relation) =>
    relation.kind === 'table' ? [plain(relation), ...(relation.root === undefined ? [] : [plain(relation.root)])] : [],
  );
}

/**
 * Throws `TABLE-UNKNOWN` (exit 2) with the nearest names for a table that neither the live server, nor a dump, nor what was found has.
 * Returns notes where that can't be told: the server does not answer, no dump names tables, or changes without a name may be of it.
 */
export function checkTables({ request, findings, searched: { entries, live } }: Asked): string[] {
  const dumps = entries.flatMap(({ point }) =>
    point.captures.flatMap((each) => (isPostgres(each) ? [] : rowCountTables(each.facts))),
  );
  const found = findings.flatMap(({ relation }) => (relation === undefined ? [] : [plain(relation)]));
  const known = new Set([...(live === undefined ? [] : liveTables(live)), ...dumps, ...found]);
  const unknown = request.tables.map(plain).filter((table) => !known.has(table));
  const [first] = unknown;
  if (first === undefined) return [];
  const names = [...known].filter((name) => !/^(pg_catalog|information_schema|pg_toast|dr)\./.test(name)).sort();
  const near = didYouMean(first, names);
  const unclear = [
    ...(live === undefined ? ['the live server does not answer'] : []),
    ...(dumps.length === 0 ? ['no point has a dump that names its tables'] : []),
    ...(findings.some(({ relation, what }) => relation === undefined && what !== 'ddl')
      ? ['changes without a name may be of it']
      : []),
  ];
  if (unclear.length > 0)
    return unknown.map((table) => `nothing here knows a table ${table}, and ${unclear.join(', and ')}.${near}`);
  throw badInput({
    code: 'TABLE-UNKNOWN',
    where: '--table',
    fact: `neither the live server nor a copy has a table ${unknown.join(', ')}.${near}`,
    hint: `the tables are: ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}`,
  });
}
