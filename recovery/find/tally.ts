/** What each transaction did to which files, as the WAL tells it. Only transactions that have not ended are kept. Pure. */
import {
  type EndOfTransaction,
  endOfTransaction,
  nextXidOf,
  type RelationFile,
  type WalRecord,
} from '../engines/pgbackrest/records/record.ts';

export interface Rows {
  inserted: number;
  updated: number;
  deleted: number;
}

export interface Transaction extends EndOfTransaction {
  /** Of its commit record. */
  readonly lsn: string;
  /** `<database>/<file>` → rows. */
  readonly rows: ReadonlyMap<string, Rows>;
  /** Files that it made, as `<database>/<file>`. */
  readonly created: ReadonlySet<string>;
  /** It had begun before the first record that was read: there may be more. */
  readonly partial: boolean;
}

interface Work {
  readonly rows: Map<string, Rows>;
  readonly created: Set<string>;
}

/** A transaction that touches more than these is not told apart further. */
const MOST_FILES = 50_000;

export const fileKey = ({ database, file }: RelationFile): string => `${database}/${file}`;

const BLOCK = /blkref #0: rel \d+\/(\d+)\/(\d+)/;
const CHANGES = /^(INSERT|MULTI_INSERT|HOT_UPDATE|UPDATE|DELETE)(?:\+INIT)?\b/;

function tuplesOf(desc: string): number {
  const [, before, after] = /(\d+) tuples|ntuples:? (\d+)/.exec(desc) ?? [];
  return Number(before ?? after ?? 1);
}

const isBefore = (xid: string, other: number): boolean => ((Number(xid) - other) | 0) < 0;

export class Tally {
  readonly #open = new Map<string, Work>();
  /** The next transaction's id where reading began. */
  #first: number | undefined;

  /** The transaction that ends with this record, if it was not undone. */
  add(record: WalRecord): Transaction | undefined {
    const next = nextXidOf(record);
    if (next !== undefined) this.#forget(record, next);
    const end = endOfTransaction(record);
    if (end !== undefined) return this.#close(record, end);
    if (record.xid === '0') return undefined;
    if (record.rmgr === 'Heap' || record.rmgr === 'Heap2') this.#change(record);
    if (record.rmgr === 'Storage') this.#create(record);
    return undefined;
  }

  /** A server that died leaves transactions without an end. */
  #forget({ desc }: WalRecord, next: number): void {
    this.#first ??= next;
    const oldest = /oldestRunningXid (\d+)/.exec(desc)?.[1];
    if (oldest === undefined) return;
    for (const xid of this.#open.keys()) if (isBefore(xid, Number(oldest))) this.#open.delete(xid);
  }

  #work(xid: string): Work {
    const known = this.#open.get(xid);
    if (known !== undefined) return known;
    const work = { rows: new Map(), created: new Set<string>() };
    this.#open.set(xid, work);
    return work;
  }

  #change({ xid, desc }: WalRecord): void {
    const change = CHANGES.exec(desc)?.[1];
    const [, database, file] = BLOCK.exec(desc) ?? [];
    if (change === undefined || database === undefined || file === undefined) return;
    const { rows } = this.#work(xid);
    const key = fileKey({ database, file });
    const known = rows.get(key) ?? { inserted: 0, updated: 0, deleted: 0 };
    if (change === 'DELETE') known.deleted += 1;
    else if (change === 'INSERT') known.inserted += 1;
    else if (change === 'MULTI_INSERT') known.inserted += tuplesOf(desc);
    else known.updated += 1;
    if (rows.has(key) || rows.size < MOST_FILES) rows.set(key, known);
  }

  #create({ xid, desc }: WalRecord): void {
    // `base/16384/16400`; `…_fsm` and the like are not the table's own file.
    const [, database, file] = /^CREATE \S+\/(\d+)\/(\d+)$/.exec(desc.trim()) ?? [];
    if (database === undefined || file === undefined) return;
    const { created } = this.#work(xid);
    if (created.size < MOST_FILES) created.add(fileKey({ database, file }));
  }

  #close({ lsn }: WalRecord, end: EndOfTransaction): Transaction | undefined {
    const all = [end.xid, ...end.inside];
    const works = all.flatMap((xid) => this.#open.get(xid) ?? []);
    for (const xid of all) this.#open.delete(xid);
    if (end.kind === 'abort') return undefined;
    const rows = new Map<string, Rows>();
    for (const work of works) {
      for (const [file, more] of work.rows) {
        const sum = rows.get(file) ?? { inserted: 0, updated: 0, deleted: 0 };
        sum.inserted += more.inserted;
        sum.updated += more.updated;
        sum.deleted += more.deleted;
        rows.set(file, sum);
      }
    }
    const created = new Set(works.flatMap((work) => [...work.created]));
    const partial = this.#first === undefined || isBefore(end.xid, this.#first);
    return { ...end, lsn, rows, created, partial };
  }
}
