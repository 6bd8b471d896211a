import { expect, test } from 'vitest';
import { formatBytes, formatTime, plural } from '../../../recovery/report/format.ts';
import { envelope } from '../../../recovery/report/output.ts';
import { painter } from '../../../recovery/report/paint.ts';
import { table } from '../../../recovery/report/table.ts';
import { renderTerminal } from '../../../recovery/report/terminal.ts';
import { sampleReport } from './sample-report.ts';

test('a table has aligned columns, no borders and no trailing blanks', () => {
  expect(
    table(
      ['id', 'size', 'mark'],
      [
        ['a', '1 GB', ''],
        ['long-one', '10.5 MB', 'hold'],
        ['', '', ''],
      ],
      ['left', 'right'],
    ),
  ).toBe('ID           SIZE  MARK\na            1 GB\nlong-one  10.5 MB  hold');
});

test('a cell is shown as it is, colour codes and all, without being cut', () => {
  const [, row] = table(['x', 'y'], [['\u001b[31mred\u001b[39m', 'z'.repeat(200)]]).split('\n');
  expect(row).toBe(`\u001b[31mred\u001b[39m  ${'z'.repeat(200)}`);
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [999_600, '1.00 MB'],
  [1_234_567_890, '1.23 GB'],
  [Number.NaN, '-'],
])('%d bytes', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test('times carry their zone, and counts their noun', () => {
  expect(formatTime('2026-11-23T04:00:07.9+02:00')).toBe('2026-11-23 02:00:07 UTC');
  expect([plural(1, 'row'), plural(2000, 'row'), plural(0, 'loss', 'losses')]).toEqual([
    '1 row',
    '2,000 rows',
    '0 losses',
  ]);
});

test('an envelope names its kind first, and the data can not change it', () => {
  const made = envelope('Health', { kind: 'Other', apiVersion: 'v0', ok: true });
  expect(JSON.stringify(made)).toBe('{"apiVersion":"go-coffee-dr/v1","kind":"Health","ok":true}');
  expect(envelope('List', [1])).toMatchObject({ kind: 'List', items: [1] });
});

test('the terminal report has no escape codes without colour, and says what failed', () => {
  const report = sampleReport({
    passed: false,
    exit: 5,
    verification: [{ id: 'x', title: 'Canary', expected: '10', actual: '9', ok: false, evidence: 'SELECT 1' }],
    losses: [{ what: 'orders', rows: 1, expected: false, detail: '' }],
  });
  const text = renderTerminal(report, painter({ color: false }));
  expect(text).not.toContain('\u001b');
  expect(text).toContain('FAILED  Complete infrastructure failure');
  expect(text).toContain('1 check of 1 failed; 1 loss without an explanation.');
  expect(renderTerminal(report, painter({ color: true }))).toContain('\u001b[');
});
