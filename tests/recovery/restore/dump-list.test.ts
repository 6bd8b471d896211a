/** Which entries of a dump bring a table back, by a list that pg_restore 15 printed. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseTableName, readDumpList, selectTables, tablesInDump } from '../../../recovery/restore/dump-list.ts';

const entries = readDumpList(readFileSync(new URL('../../fixtures/pg-restore/list.txt', import.meta.url), 'utf8'));

function chosen(...tables: string[]): { selection: ReturnType<typeof selectTables>; lines: string[] } {
  const selection = selectTables(
    entries,
    tables.map((table) => parseTableName(table) ?? { schema: '', name: '' }),
  );
  const lines = entries
    .filter(({ id }) => selection.ids.includes(id))
    .map(({ kind, rest }) => `${kind} ${rest.replace(/ postgres$/, '')}`);
  return { selection, lines };
}

test('a partitioned table comes with its partitions, types, sequence, keys, indexes and trigger', () => {
  const { selection, lines } = chosen('shop.orders');
  for (const wanted of [
    'SCHEMA - shop',
    'DOMAIN shop money',
    'TYPE shop state',
    'FUNCTION shop norm(text)',
    'TABLE shop orders',
    'SEQUENCE shop orders_id_seq',
    'SEQUENCE OWNED BY shop orders_id_seq',
    'SEQUENCE SET shop orders_id_seq',
    'DEFAULT shop orders id',
    'TABLE shop orders_2a',
    'TABLE ATTACH shop orders_2a',
    'TABLE DATA shop orders_1',
    'TABLE DATA shop orders_2a',
    'CONSTRAINT shop orders orders_pkey',
    'INDEX shop orders_norm_idx',
    'INDEX ATTACH shop orders_2a_pkey',
    'TRIGGER shop orders t',
    'STATISTICS shop st',
    'COMMENT shop COLUMN orders.at',
  ])
    expect(lines).toContain(wanted);
  expect(lines.filter((line) => line.includes('customers'))).toEqual([]);
  expect(lines.filter((line) => line.startsWith('VIEW'))).toEqual([]);
  expect(selection.leftOut).toEqual(['fk constraint orders orders_customer_fkey: it needs shop.customers']);
  expect([...selection.tables].sort()).toEqual(['shop.orders', 'shop.orders_1', 'shop.orders_2', 'shop.orders_2a']);
});

test('both tables of a foreign key bring it along; an extension, an identity; policies are left behind by name', () => {
  const { selection, lines } = chosen('shop.orders', 'shop.customers');
  expect(lines).toContain('FK CONSTRAINT shop orders orders_customer_fkey');
  expect(lines).toContain('EXTENSION - citext ');
  expect(lines).toContain('SEQUENCE shop customers_id_seq');
  expect(lines).toContain('SEQUENCE SET shop customers_id_seq');
  expect(selection.leftOut.join('\n')).toMatch(/policy customers own: .*/);
});

test('one partition alone is a table of its own', () => {
  const { lines } = chosen('shop.orders_1');
  expect(lines).toContain('TABLE DATA shop orders_1');
  expect(lines).toContain('SEQUENCE shop orders_id_seq');
  expect(lines).not.toContain('TABLE shop orders');
  expect(lines.filter((line) => /ATTACH|OWNED BY/.test(line))).toEqual([]);
});

test('names with spaces, slashes and quotes; tables that inherit', () => {
  expect(chosen('public.my table').lines).toEqual([
    'TABLE public my table',
    'TABLE DATA public my table',
    'CONSTRAINT public my table my table_pkey',
  ]);
  expect(chosen('public."we/ird ""x"').lines).toContain('TABLE DATA public we/ird "x');
  expect(chosen('public.old_parent').lines).toContain('TABLE DATA public old_child');
  expect(chosen('public.my').selection.unknown).toEqual([]);
  expect(chosen('public.none').selection.unknown).toEqual([{ schema: 'public', name: 'none' }]);
  expect(tablesInDump(entries)).toContain('public.my table');
});

test('names as a person writes them', () => {
  expect(parseTableName('public.orders')).toEqual({ schema: 'public', name: 'orders' });
  expect(parseTableName('"a.b"."c""d"')).toEqual({ schema: 'a.b', name: 'c"d' });
  for (const bad of ['orders', 'a.b.c', '.a', 'a.', 'a."b']) expect(parseTableName(bad)).toBeUndefined();
});
