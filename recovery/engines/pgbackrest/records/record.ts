/** One record of the WAL, as `pg_waldump` prints it in a line. Pure. */
import { type Micros, parseMicros } from '../../../points/moment.ts';
import { formatLsn, parseLsn } from '../../../points/wal-segment.ts';

export interface WalRecord {
  /** Resource manager: `Transaction`, `Heap`, `XLOG` … */
  readonly rmgr: string;
  /** The transaction that wrote it; of a savepoint its own. `0` for none. */
  readonly xid: string;
  /** Where it begins: `0/3000060`. */
  readonly lsn: string;
  readonly desc: string;
}

const LINE =
  /^rmgr: (\S+)\s+len \(rec\/tot\):[^,]*, tx:\s+(\d+), lsn: ([0-9A-F]+\/[0-9A-F]+), prev [^,]+, desc: (.*)$/s;

/** Undefined for any other line. */
export function parseRecord(line: string): WalRecord | undefined {
  const [, rmgr, xid, lsn, desc] = LINE.exec(line) ?? [];
  if (rmgr === undefined || xid === undefined || lsn === undefined || desc === undefined) return undefined;
  return { rmgr, xid, lsn: formatLsn(parseLsn(lsn)), desc };
}

/** The files of a table, an index or a sequence: `1663/16384/16385` (tablespace, database, file), or a path that names them. */
export interface RelationFile {
  readonly database: string;
  readonly file: string;
}

export interface EndOfTransaction {
  readonly kind: 'commit' | 'abort';
  readonly xid: string;
  readonly at: Micros;
  /** Savepoints that ended with it. */
  readonly inside: readonly string[];
  /** Files that are removed with it: of what was dropped, truncated or written anew. */
  readonly removed: readonly RelationFile[];
  /** Tables and indexes that are gone for good, by database and oid. PostgreSQL 15 and newer. */
  readonly dropped: readonly { readonly database: string; readonly oid: string }[];
}

/** Between `rels:` and the next `;`. */
function part(desc: string, name: string): string[] {
  const found = new RegExp(`(?:^|; )${name}: ([^;]*)`).exec(desc)?.[1] ?? '';
  return found.split(/[\s,]+/).filter((word) => word !== '');
}

/** `base/5/16385`, `pg_tblspc/16400/PG_15_202209061/5/16385`, `global/1260` */
function fileOfPath(path: string): RelationFile[] {
  const parts = path.split('/');
  const file = parts.at(-1) ?? '';
  if (parts[0] === 'global') return [{ database: '0', file }];
  const database = parts.at(-2);
  return database === undefined ? [] : [{ database, file }];
}

/** The end of a transaction with its time, in output made with TZ=UTC. Undefined for another record. */
export function endOfTransaction({ rmgr, xid, desc }: WalRecord): EndOfTransaction | undefined {
  if (rmgr !== 'Transaction') return undefined;
  const [, word, prepared, day, clock] =
    /^(COMMIT|ABORT)(?:_PREPARED (\d+):)? (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) UTC/.exec(desc) ?? [];
  if (word === undefined) return undefined;
  return {
    kind: word === 'COMMIT' ? 'commit' : 'abort',
    xid: prepared ?? xid,
    at: parseMicros(`${day}T${clock}Z`),
    inside: part(desc, 'subxacts'),
    removed: part(desc, 'rels').flatMap(fileOfPath),
    dropped: part(desc, 'dropped stats').flatMap((item) => {
      const [kind, database, oid] = item.split('/');
      return kind === '2' && database !== undefined && oid !== undefined ? [{ database, oid }] : [];
    }),
  };
}

/** The next transaction's id, where a record says it: none at or after it had begun by then. */
export function nextXidOf({ rmgr, desc }: WalRecord): number | undefined {
  if (rmgr === 'Standby') {
    const next = /^RUNNING_XACTS nextXid (\d+)/.exec(desc)?.[1];
    return next === undefined ? undefined : Number(next);
  }
  if (rmgr !== 'XLOG') return undefined;
  const next = /^CHECKPOINT_\w+ .*?; xid \d+:(\d+);/.exec(desc)?.[1];
  return next === undefined ? undefined : Number(next);
}

/** Undefined for another record. */
export function restorePointOf({ rmgr, desc }: WalRecord): string | undefined {
  return rmgr === 'XLOG' && desc.startsWith('RESTORE_POINT ') ? desc.slice('RESTORE_POINT '.length) : undefined;
}
