/** Tables of a side instance as archives: the definition of everything, and the rows of the wanted ones. */
import { join } from 'node:path';
import pg from 'pg';
import type { Site } from '../../config/site.ts';
import { findPostgresBin } from '../../engines/find.ts';
import { clientArguments, clientEnv } from '../../workloads/postgres/access/client.ts';
import type { Side } from '../../workloads/postgres/side/instance.ts';
import { readDumpList, type Selection, selectTables, type TableName, tablesInDump } from '../dump-list.ts';
import { checkTables } from '../logical.ts';

export interface CopiedTable extends TableName {
  /** `r` a table, `p` a partitioned one, `S` a sequence. */
  readonly kind: string;
  readonly bytes: number;
  readonly rows: number;
}

export interface Copied {
  readonly schemaFile: string;
  readonly dataFolder: string;
  readonly selection: Selection;
  /** Entries that make a schema. */
  readonly schemas: readonly { readonly id: number; readonly name: string }[];
  /** Tables with their partitions, and sequences. */
  readonly tables: readonly CopiedTable[];
}

/** An identifier, whatever is in it. */
export const quoted = pg.escapeIdentifier;

/** SQL's own way to write a name; pg_dump's patterns have the same. */
export const sqlName = ({ schema, name }: TableName): string => `${quoted(schema)}.${quoted(name)}`;

/** What the tables are called: an archive's list can be read in two ways where a name holds a blank. */
async function namesOf(side: Side, database: string, oids: readonly string[]): Promise<Omit<CopiedTable, 'rows'>[]> {
  const { rows } = await side.ask(
    (client) =>
      client.query<{ schema: string; name: string; kind: string; bytes: string }>(
        `SELECT n.nspname AS schema, c.relname AS name, c.relkind AS kind, pg_total_relation_size(c.oid)::text AS bytes
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ANY($1::oid[]) ORDER BY 1, 2`,
        [oids],
      ),
    { database },
  );
  return rows.map(({ schema, name, kind, bytes }) => ({ schema, name, kind, bytes: Number(bytes) }));
}

/** @param scope `ONLY`: without its partitions and what inherits from it */
export async function rowsIn(client: pg.Client, table: TableName, scope: 'ONLY' | '' = ''): Promise<number> {
  const { rows } = await client.query<{ n: string }>(`SELECT count(*) AS n FROM ${scope} ${sqlName(table)}`);
  return Number(rows[0]?.n);
}

export interface CopyRequest {
  readonly database: string;
  readonly tables: readonly TableName[];
  readonly report: (detail: string) => void;
  /** Called with the size of the tables before their rows are copied; throws where there is no room. */
  readonly checkRoom: (bytes: number) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/** Throws `TABLE-UNKNOWN` (exit 2) with the nearest names. */
export async function copyTables(site: Site, side: Side, request: CopyRequest): Promise<Copied> {
  const { database, report, signal } = request;
  const bin = await findPostgresBin(side.settings.binDir);
  const place = join(side.folder, 'postgres');
  const [schemaFile, dataFolder] = [join(place, 'schema.dump'), join(place, 'rows')];
  const options = { as: site.environment.runAs, cwd: place, env: clientEnv(side.settings), signal };
  const dump = [join(bin, 'pg_dump'), ...clientArguments(side.settings), '-d', database, '--no-sync'] as const;
  report('read the definitions');
  await site.run([...dump, '--format=custom', '--schema-only', `--file=${schemaFile}`], options);
  const listing = await site.run([join(bin, 'pg_restore'), '--list', '--verbose', schemaFile], options);
  const entries = readDumpList(listing.stdout);
  const selection = selectTables(entries, request.tables, { access: true });
  checkTables(selection, tablesInDump(entries), `the database ${database} of that moment`);
  const found = await namesOf(side, database, selection.oids);
  await request.checkRoom(found.reduce((sum, { bytes }) => sum + bytes, 0));
  const count = (table: TableName) => side.ask((client) => rowsIn(client, table, 'ONLY'), { database, long: true });
  const tables: CopiedTable[] = [];
  for (const table of found) {
    report(`count ${table.schema}.${table.name}`);
    tables.push({ ...table, rows: table.kind === 'r' ? await count(table) : 0 });
  }
  report(`copy the rows of ${found.length} tables and sequences`);
  const wanted = found.filter(({ kind }) => kind !== 'p').map((table) => `--table=${sqlName(table)}`);
  if (wanted.length > 0) {
    // Rows of unlogged tables are in no WAL.
    const rows = ['--format=directory', '--jobs=2', '--data-only', '--no-unlogged-table-data', '--compress=1'];
    await site.run([...dump, ...rows, ...wanted, `--file=${dataFolder}`], options);
  }
  const schemas = entries.flatMap(({ id, kind, rest }) =>
    // `- shop owner`: an owner's name rarely holds a blank.
    kind === 'SCHEMA' ? [{ id, name: rest.replace(/^- /, '').replace(/ \S*$/, '') }] : [],
  );
  return { schemaFile, dataFolder: wanted.length > 0 ? dataFolder : '', selection, schemas, tables };
}
