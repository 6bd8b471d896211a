/** What a transaction is called: a drop, a truncate, a delete … Pure. */
import { CATALOG_TABLES, FIRST_OF_USERS, type Relation, type Relations } from './catalog.ts';
import { fileKey, type Transaction } from './tally.ts';

export const KINDS_OF_CHANGE = ['drop', 'truncate', 'delete', 'update', 'ddl'] as const;
export type KindOfChange = (typeof KINDS_OF_CHANGE)[number];

/** One table in one transaction. */
export interface Change {
  /** `rewrite`: new files with rows in them: ALTER TABLE, CLUSTER, VACUUM FULL, or TRUNCATE and INSERT. Listed with `truncate`. */
  readonly what: KindOfChange | 'rewrite';
  /** Undefined where no catalog that was read knows it. */
  readonly relation?: Relation;
  /** `<database oid>/<oid or file>` where it has no name yet. */
  readonly key?: string;
  /** With a key: the others that went with it; of new files those that they stand for. A copy from before knows them. */
  readonly before?: readonly string[];
  readonly rows?: number;
  /** With `ddl`: what of the schema was changed. */
  readonly objects?: readonly string[];
}

/** A partition stands for the table that it is a part of. */
function whole(relation: Relation): Relation {
  const { root } = relation;
  return root === undefined ? relation : { ...relation, ...root };
}

function rowChanges(transaction: Transaction, relations: Relations, what: 'delete' | 'update'): Change[] {
  const byTable = new Map<string, Change>();
  for (const [key, rows] of transaction.rows) {
    const count = what === 'delete' ? rows.deleted : rows.updated;
    if (count === 0 || Number(key.split('/')[1]) < FIRST_OF_USERS) continue;
    const found = relations.byFile.get(key);
    if (found !== undefined && (found.kind !== 'table' || found.schema === 'pg_catalog')) continue;
    const relation = found && whole(found);
    const id = relation === undefined ? key : `${relation.database} ${relation.schema} ${relation.name}`;
    const before = byTable.get(id)?.rows ?? 0;
    byTable.set(id, { what, rows: before + count, ...(relation === undefined ? { key } : { relation }) });
  }
  return [...byTable.values()];
}

/** Tables that are gone for good. */
function drops(transaction: Transaction, relations: Relations): Change[] {
  // ALTER TABLE and CLUSTER fill a table of their own and drop it: its first file has the number of its oid.
  const gone = transaction.dropped
    .map(({ database, oid }) => `${database}/${oid}`)
    .filter((key) => !transaction.created.has(key));
  // Before PostgreSQL 15 the WAL names the removed files alone.
  const old = gone.length === 0 && transaction.created.size === 0 ? transaction.removed.map(fileKey) : [];
  const named = [
    ...gone.map((key) => ({ key, found: relations.byOid.get(key) })),
    ...old.map((key) => ({ key, found: relations.byFile.get(key) })),
  ];
  const known = named.flatMap(({ found }): Change[] =>
    found?.kind === 'table' ? [{ what: 'drop', relation: found }] : [],
  );
  // Tables with their indexes and long values: nobody here knows which is which.
  const [key, ...before] = named.filter(({ found }) => found === undefined).map((each) => each.key);
  return key === undefined ? known : [...known, { what: 'drop', key, before }];
}

/** Tables whose old files are removed and that have new ones. */
function replacements(transaction: Transaction, relations: Relations): Change[] {
  if (transaction.removed.length <= transaction.dropped.length || transaction.created.size === 0) return [];
  const what = (keys: readonly string[]): Change['what'] =>
    keys.some((key) => (transaction.rows.get(key)?.inserted ?? 0) > 0) ? 'rewrite' : 'truncate';
  const named = [...transaction.created].flatMap((key): Change[] => {
    const relation = relations.byFile.get(key);
    const isTable = relation?.kind === 'table' && relation.schema !== 'pg_catalog';
    return isTable ? [{ what: what([key]), relation }] : [];
  });
  // Gone since then: of a table, its indexes and its long values, and nobody here knows which is which.
  const unknown = [...transaction.created].filter((key) => !relations.byFile.has(key));
  const [key] = unknown;
  if (key === undefined || named.length > 0) return named;
  return [...named, { what: what(unknown), key, before: transaction.removed.map(fileKey) }];
}

function schemaChange(transaction: Transaction): Change[] {
  const objects = [...transaction.rows].flatMap(([key, { inserted, updated, deleted }]) => {
    const name = CATALOG_TABLES[key.split('/')[1] ?? ''];
    if (name === undefined) return [];
    const counts = [
      ...(inserted > 0 ? [`${inserted} new`] : []),
      ...(updated > 0 ? [`${updated} changed`] : []),
      ...(deleted > 0 ? [`${deleted} gone`] : []),
    ];
    return [`${name}: ${counts.join(', ')}`];
  });
  return objects.length === 0 ? [] : [{ what: 'ddl', objects }];
}

export function changesOf(transaction: Transaction, relations: Relations, wanted: readonly KindOfChange[]): Change[] {
  return wanted.flatMap((kind) => {
    if (kind === 'drop') return drops(transaction, relations);
    if (kind === 'truncate') return replacements(transaction, relations);
    return kind === 'ddl' ? schemaChange(transaction) : rowChanges(transaction, relations, kind);
  });
}
