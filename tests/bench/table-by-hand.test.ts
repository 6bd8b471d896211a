/** What the script of a person reads from names of segments and from `pg_waldump`. */
import { expect, test } from 'vitest';
import { segments, worstDelete } from '../../bench/table-by-hand.ts';

test('segments follow each other over the end of a log file', () => {
  expect(segments('0000000100000000000000FE', '000000010000000100000001')).toEqual([
    '0000000100000000000000FE',
    '0000000100000000000000FF',
    '000000010000000100000000',
    '000000010000000100000001',
  ]);
});

test('the transaction with most deletes, and none that only inserts', () => {
  const line = (xid: number, what: string) =>
    `rmgr: Heap        len (rec/tot):     54/    54, tx:        ${xid}, lsn: 0/03000110, prev 0/030000D8, desc: ${what} off 3 flags 0x00 , blkref #0: rel 1663/16384/16395 blk 0`;
  const text = [line(740, 'DELETE'), line(744, 'DELETE'), line(744, 'DELETE'), line(745, 'INSERT')].join('\n');
  expect(worstDelete(text)).toBe('744');
  expect(() => worstDelete(line(745, 'INSERT'))).toThrow('no DELETE');
});
