/**
 * Pure: which entries of a logical dump bring a table back whole: its partitions, types, extensions, sequences, keys, defaults and
 * indexes. pg_restore's own `--table` gives nothing but the columns and the rows of that one table.
 */

/** A line of `pg_restore --list --verbose`: `219; 1259 16513 TABLE shop orders postgres`, with what it depends on. */
export interface DumpEntry {
  readonly id: number;
  /** Of the object itself, in the database that was dumped. */
  readonly oid: string;
  /** `TABLE`, `TABLE DATA`, `FK CONSTRAINT` … */
  readonly kind: string;
  /** `shop orders postgres`: schema, name, owner. A name may hold spaces. */
  readonly rest: string;
  readonly dependsOn: readonly number[];
}

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/**
 * `public.orders`, or with double quotes where a name holds a dot or a quote: `public."a.b"`. Everything is taken as it is written: no
 * capital becomes a small letter. Undefined for anything else.
 */
export function parseTableName(text: string): TableName | undefined {
  const part = '("(?:[^"]|"")+"|[^".]+)';
  const [, schema, name] = new RegExp(`^${part}\\.${part}$`).exec(text) ?? [];
  if (schema === undefined || name === undefined) return undefined;
  const plain = (quoted: string) => (quoted.startsWith('"') ? quoted.slice(1, -1).replaceAll('""', '"') : quoted);
  return { schema: plain(schema), name: plain(name) };
}

/** `public.orders`; with double quotes where a part holds a dot or a quote, as `--table` takes it. */
export function tableText({ schema, name }: { readonly schema: string; readonly name: string }): string {
  const part = (text: string): string => (/[".]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return `${part(schema)}.${part(name)}`;
}

/**
 * Kinds of entries. `belongs`: to a table, a sequence or an index, with which it comes along. `stays`: who may read what belongs to the
 * place where a table lives, not to a copy beside it. Longest first: `TABLE DATA` is not a `TABLE` whose schema is "DATA".
 */
const KINDS: Readonly<Record<string, 'belongs' | 'stays' | 'relation' | 'other'>> = {
  'TABLE DATA': 'belongs',
  'TABLE ATTACH': 'belongs',
  'INDEX ATTACH': 'belongs',
  'FK CONSTRAINT': 'belongs',
  'CHECK CONSTRAINT': 'belongs',
  CONSTRAINT: 'belongs',
  'SEQUENCE OWNED BY': 'belongs',
  'SEQUENCE SET': 'belongs',
  SEQUENCE: 'belongs',
  'MATERIALIZED VIEW DATA': 'other',
  'MATERIALIZED VIEW': 'relation',
  'FOREIGN TABLE': 'relation',
  VIEW: 'relation',
  TABLE: 'relation',
  DEFAULT: 'belongs',
  INDEX: 'belongs',
  TRIGGER: 'belongs',
  RULE: 'belongs',
  STATISTICS: 'belongs',
  COMMENT: 'belongs',
  POLICY: 'stays',
  'ROW SECURITY': 'stays',
  'PUBLICATION TABLE': 'stays',
  'SECURITY LABEL': 'stays',
  'DEFAULT ACL': 'other',
  ACL: 'other',
  SCHEMA: 'other',
  EXTENSION: 'other',
};

/** What stands behind the ids of a line: kind and the rest. */
function kindOf(text: string): { kind: string; rest: string } {
  const kind = Object.keys(KINDS).find((known) => text.startsWith(`${known} `)) ?? text.split(' ')[0] ?? '';
  return { kind, rest: text.slice(kind.length + 1) };
}

/** Reads `pg_restore --list --verbose`. */
export function readDumpList(listing: string): DumpEntry[] {
  const entries: DumpEntry[] = [];
  for (const line of listing.split('\n')) {
    const [, id, oid = '', text] = /^(\d+); \d+ (\d+) (.*)$/.exec(line) ?? [];
    if (id !== undefined && text !== undefined) entries.push({ id: Number(id), oid, ...kindOf(text), dependsOn: [] });
    const [, depends] = /^;\s+depends on: (.*)$/.exec(line) ?? [];
    const last = entries.at(-1);
    if (depends === undefined || last === undefined) continue;
    entries[entries.length - 1] = { ...last, dependsOn: [...new Set(depends.split(' ').map(Number))] };
  }
  return entries;
}

/** `shop.orders` for messages: the owner, which stands last, rarely has a space in its name. */
function shown({ rest }: DumpEntry): string {
  const [schema = '', ...more] = rest.split(' ');
  return `${schema}.${more.slice(0, -1).join(' ')}`;
}

const labelled = (entry: DumpEntry): string =>
  `${entry.kind.toLowerCase()} ${entry.rest.split(' ').slice(1, -1).join(' ')}`;

/** Entries of tables by that name. More than one: a name with spaces can be read in two ways. */
function findTable(entries: readonly DumpEntry[], { schema, name }: TableName): DumpEntry | undefined {
  const found = entries.filter(({ kind, rest }) => kind === 'TABLE' && rest.startsWith(`${schema} ${name} `));
  // The owner follows; most owners have no space in their names.
  return found.find(({ rest }) => !rest.slice(schema.length + name.length + 2).includes(' ')) ?? found[0];
}

export function tablesInDump(entries: readonly DumpEntry[]): string[] {
  return entries.filter(({ kind }) => kind === 'TABLE').map(shown);
}

export interface Selection {
  /** Ids for `pg_restore --use-list`, in the dump's order. */
  readonly ids: readonly number[];
  /** What belongs to the tables and does not come along, each with the reason. */
  readonly leftOut: readonly string[];
  /** Tables that come along with their rows: the named ones and their partitions. */
  readonly tables: readonly string[];
  /** Names that the dump does not hold. */
  readonly unknown: readonly TableName[];
  /** Oids of these tables, and of the sequences that come along. */
  readonly oids: readonly string[];
}

class Dump {
  readonly entries: readonly DumpEntry[];
  readonly #byId: ReadonlyMap<number, DumpEntry>;
  /** Partition → its parent: the definition of a partition does not need it. */
  readonly #parents = new Map<number, number>();
  /** Sequences of serial columns: they are made before their table. */
  readonly #owned = new Set<number>();

  constructor(entries: readonly DumpEntry[]) {
    this.entries = entries;
    this.#byId = new Map(entries.map((entry) => [entry.id, entry]));
    for (const { kind, dependsOn } of entries) {
      const [first, second] = dependsOn;
      if (kind === 'TABLE ATTACH' && first !== undefined && second !== undefined) this.#parents.set(first, second);
      if (kind === 'SEQUENCE OWNED BY') for (const id of dependsOn) this.#owned.add(id);
    }
  }

  kind(id: number): string {
    return this.#byId.get(id)?.kind ?? '';
  }

  name(id: number): string {
    const entry = this.#byId.get(id);
    return entry === undefined ? '' : shown(entry);
  }

  #requires({ id, kind, dependsOn }: DumpEntry): number[] {
    if (kind === 'TABLE') return dependsOn.filter((other) => other !== this.#parents.get(id));
    if (this.#owned.has(id)) return dependsOn.filter((other) => this.kind(other) !== 'TABLE');
    return [...dependsOn];
  }

  /** The table of a serial column's sequence, which `SEQUENCE OWNED BY` needs and does not list. */
  ownersOf(entry: DumpEntry): number[] {
    if (entry.kind !== 'SEQUENCE OWNED BY') return [];
    const sequences = entry.dependsOn.flatMap((id) => this.#byId.get(id) ?? []);
    return sequences.flatMap(({ dependsOn }) => dependsOn.filter((id) => this.kind(id) === 'TABLE'));
  }

  /** With everything that it needs; ids of entries that are in the dump. */
  closure(id: number): Set<number> {
    const found = new Set<number>();
    const todo = [id];
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      const entry = this.#byId.get(next);
      if (entry === undefined || found.has(next)) continue;
      found.add(next);
      todo.push(...this.#requires(entry));
    }
    return found;
  }

  /** Partitions of partitions too, and tables that inherit. */
  withParts(tables: ReadonlySet<number>): Set<number> {
    const all = new Set(tables);
    for (let before = -1; before !== all.size; ) {
      before = all.size;
      for (const { id, kind, dependsOn } of this.entries) {
        const parent = this.#parents.get(id);
        const isPart = parent === undefined ? dependsOn.some((other) => all.has(other)) : all.has(parent);
        if (kind === 'TABLE' && isPart) all.add(id);
      }
    }
    return all;
  }
}

/** What `entry` belongs to is among `ids`; rows come for the wanted tables alone. */
function belongsTo(entry: DumpEntry, ids: ReadonlySet<number>, wanted: ReadonlySet<number>): boolean {
  if (entry.kind === 'TABLE DATA') return entry.dependsOn.some((id) => wanted.has(id));
  return entry.dependsOn.some((id) => ids.has(id));
}

/** Who may do what: with a copy that is to be as its original was. */
const ACCESS: ReadonlySet<string> = new Set(['ACL', 'POLICY', 'ROW SECURITY']);
/** What is granted on these comes along with a table that uses them. */
const GRANTED_ON: ReadonlySet<string> = new Set(['TABLE', 'SEQUENCE', 'SCHEMA', 'FUNCTION', 'TYPE', 'DOMAIN']);

/** @param options.access permissions and policies come along @default false */
export function selectTables(
  entries: readonly DumpEntry[],
  names: readonly TableName[],
  { access = false }: { readonly access?: boolean } = {},
): Selection {
  const dump = new Dump(entries);
  const unknown = names.filter((name) => findTable(entries, name) === undefined);
  const named = names.flatMap((name) => findTable(entries, name)?.id ?? []);
  const wanted = dump.withParts(new Set(named));
  const chosen = new Set([...wanted].flatMap((id) => [...dump.closure(id)]));
  // A sequence that a default brings along has an owner and a value.
  const isSequence = (id: number): boolean => dump.kind(id) === 'SEQUENCE';
  const subjects = new Set([...wanted, ...[...chosen].filter(isSequence)]);
  const leftOut = new Map<number, string>();
  for (let before = -1; before !== chosen.size; ) {
    before = chosen.size;
    for (const entry of entries) {
      if (chosen.has(entry.id) || KINDS[entry.kind] !== 'belongs' || !belongsTo(entry, subjects, wanted)) continue;
      const needs = [...dump.closure(entry.id), ...dump.ownersOf(entry)];
      const others = needs.filter((id) => KINDS[dump.kind(id)] === 'relation' && !chosen.has(id));
      if (others.length > 0) {
        const why = [...new Set(others.map((id) => dump.name(id)))].join(', ');
        leftOut.set(entry.id, `${labelled(entry)}: it needs ${why}`);
        continue;
      }
      for (const id of needs) chosen.add(id);
      for (const id of [entry.id, ...needs.filter(isSequence)]) subjects.add(id);
    }
  }
  for (const entry of access ? entries : []) {
    const isOf = (id: number): boolean => chosen.has(id) && GRANTED_ON.has(dump.kind(id));
    if (ACCESS.has(entry.kind) && entry.dependsOn.some(isOf)) for (const id of dump.closure(entry.id)) chosen.add(id);
  }
  for (const entry of entries)
    if (!chosen.has(entry.id) && KINDS[entry.kind] === 'stays' && belongsTo(entry, wanted, wanted))
      leftOut.set(entry.id, `${labelled(entry)}: who may read rows is not restored with a table`);
  return {
    ids: entries.filter(({ id }) => chosen.has(id)).map(({ id }) => id),
    leftOut: [...leftOut].filter(([id]) => !chosen.has(id)).map(([, why]) => why),
    tables: [...wanted].map((id) => dump.name(id)),
    unknown,
    oids: entries.filter(({ id }) => wanted.has(id) || (chosen.has(id) && isSequence(id))).map(({ oid }) => oid),
  };
}
