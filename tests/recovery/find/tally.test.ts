/** What `pg_waldump` 15 prints, as transactions and changes. */
import { expect, test } from 'vitest';
import { endOfTransaction, parseRecord, type WalRecord } from '../../../recovery/engines/pgbackrest/records/record.ts';
import { gapsOf, stretchesOf } from '../../../recovery/engines/pgbackrest/records/runs.ts';
import type { Relation, Relations } from '../../../recovery/find/catalog.ts';
import { changesOf } from '../../../recovery/find/classify.ts';
import { Tally, type Transaction } from '../../../recovery/find/tally.ts';

let next = 0;
function line(rmgr: string, xid: number, desc: string): WalRecord {
  next += 64;
  const at = `0/${next.toString(16).toUpperCase().padStart(8, '0')}`;
  const text = `rmgr: ${rmgr.padEnd(11)} len (rec/tot):     59/    59, tx:        ${xid}, lsn: ${at}, prev 0/00000000, desc: ${desc}`;
  const record = parseRecord(text);
  if (record === undefined) throw new Error(text);
  return record;
}

const heap = (xid: number, op: string, file: number): WalRecord =>
  line('Heap', xid, `${op} off 1 flags 0x00, blkref #0: rel 1663/5/${file} blk 0`);
const commit = (xid: number, more = ''): WalRecord =>
  line('Transaction', xid, `COMMIT 2026-11-23 02:00:00.123456 UTC${more}`);
const running = (nextXid: number): WalRecord =>
  line('Standby', 0, `RUNNING_XACTS nextXid ${nextXid} latestCompletedXid ${nextXid - 1} oldestRunningXid ${nextXid}`);

function all(...records: WalRecord[]): Transaction[] {
  const tally = new Tally();
  return records.flatMap((record) => tally.add(record) ?? []);
}

const table = (name: string): Relation => ({ database: 'shop', schema: 'public', name, kind: 'table' });
const relations: Relations = {
  byFile: new Map([
    ['5/16400', table('payments')],
    ['5/16401', { ...table('pg_toast_1'), kind: 'toast' }],
    ['5/16402', { ...table('events_1'), root: { schema: 'public', name: 'events' } }],
    ['5/16403', { ...table('events_2'), root: { schema: 'public', name: 'events' } }],
    ['5/16500', table('carts')],
  ]),
  byOid: new Map(),
};

test('rows of a transaction with its savepoints; what was undone counts for nothing', () => {
  const [one, ...others] = all(
    running(744),
    heap(744, 'DELETE', 16400),
    heap(745, 'DELETE', 16400),
    heap(746, 'DELETE', 16400),
    line('Transaction', 746, 'ABORT 2026-11-23 02:00:00 UTC'),
    heap(747, 'HOT_UPDATE', 16400),
    line('Transaction', 747, 'ABORT 2026-11-23 02:00:00 UTC; subxacts: 748'),
    commit(744, '; subxacts: 745'),
  );
  expect(others).toEqual([]);
  expect(one).toMatchObject({ xid: '744', inside: ['745'], partial: false });
  expect(one && changesOf(one, relations, ['delete', 'update'])).toEqual([
    { what: 'delete', rows: 2, relation: table('payments') },
  ]);
});

test('partitions are one table, long values none, and a table without a name keeps its number', () => {
  const [one] = all(
    heap(800, 'DELETE', 16402),
    heap(800, 'DELETE', 16403),
    heap(800, 'DELETE', 16401),
    heap(800, 'DELETE', 17000),
    heap(800, 'DELETE', 1259),
    commit(800),
  );
  expect(one?.partial).toBe(true);
  const changes = one === undefined ? [] : changesOf(one, relations, ['delete']);
  expect(changes.map(({ relation, key, rows }) => [relation?.name ?? key, rows])).toEqual([
    ['events', 2],
    ['5/17000', 1],
  ]);
});

test('a drop, a truncate and a rewrite are told apart', () => {
  const kinds = (...records: WalRecord[]) =>
    all(...records)
      .flatMap((each) => changesOf(each, relations, ['drop', 'truncate']))
      .map(({ what, key, relation }) => [what, relation?.name ?? key]);
  expect(
    kinds(
      heap(1, 'DELETE', 1259),
      commit(900, '; rels: base/5/16385 base/5/16388; dropped stats: 2/5/16385 2/5/16388'),
    ),
  ).toEqual([['drop', '5/16385']]);
  const create = (xid: number) => line('Storage', xid, 'CREATE base/5/16500');
  expect(kinds(create(901), commit(901, '; rels: base/5/16450'))).toEqual([['truncate', 'carts']]);
  expect(kinds(create(902), heap(902, 'INSERT', 16500), commit(902, '; rels: base/5/16450'))).toEqual([
    ['rewrite', 'carts'],
  ]);
  // A new table removes nothing.
  expect(kinds(create(903), commit(903))).toEqual([]);
});

test('a prepared transaction, a time without a fraction, files of a tablespace', () => {
  const end = endOfTransaction(
    line(
      'Transaction',
      0,
      'COMMIT_PREPARED 950: 2026-11-23 02:00:00 UTC; rels: pg_tblspc/16400/PG_15_202209061/5/16385; inval msgs: catcache 50',
    ),
  );
  expect(end).toMatchObject({ kind: 'commit', xid: '950', removed: [{ database: '5', file: '16385' }] });
});

test('segments are stretches; what is missing between them has a name', () => {
  const name = (n: number, timeline = 1) =>
    `0000000${timeline}00000000000000${n.toString(16).toUpperCase().padStart(2, '0')}`;
  const bytes = 16 * 1024 * 1024;
  const stretches = stretchesOf(new Set([name(1), name(2), name(5), name(6), name(6, 2), name(7, 2)]), bytes);
  expect(stretches).toEqual([
    [name(1), name(2)],
    [name(5), name(6), name(7, 2)],
  ]);
  expect(gapsOf(stretches, bytes)).toEqual([{ from: name(3), to: name(4) }]);
});
