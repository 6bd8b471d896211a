import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatMicros, parseMicros } from '../../../recovery/points/moment.ts';
import { formatTarget, microsOfTarget, parseMoment, parseTarget } from '../../../recovery/points/target.ts';

const now = new Date('2026-11-23T12:00:00Z');
const ID = '20261123T020000Z-full-7f3a';

test.each([
  ['latest', { kind: 'latest' }],
  [' latest ', { kind: 'latest' }],
  [ID, { kind: 'point', id: ID }],
  ['2026-11-23T01:59:00Z', { kind: 'time', time: new Date('2026-11-23T01:59:00Z') }],
  ['2026-11-23 01:59:00Z', { kind: 'time', time: new Date('2026-11-23T01:59:00Z') }],
  ['2026-11-23T01:59Z', { kind: 'time', time: new Date('2026-11-23T01:59:00Z') }],
  ['2026-11-23T03:59:00+02:00', { kind: 'time', time: new Date('2026-11-23T01:59:00Z') }],
  ['2026-11-23 03:59:00.250 +02:00', { kind: 'time', time: new Date('2026-11-23T01:59:00.250Z') }],
  ['2026-11-23T12:00:00Z', { kind: 'time', time: now }],
  // As `dr` prints a time, as `date` does, and as PostgreSQL does.
  ['2026-11-23 01:59:00 UTC', { kind: 'time', time: new Date('2026-11-23T01:59:00Z') }],
  ['2026-11-23 01:59:00 GMT', { kind: 'time', time: new Date('2026-11-23T01:59:00Z') }],
  ['2026-11-23 01:59 UTC', { kind: 'time', time: new Date('2026-11-23T01:59:00Z') }],
  ['2026-11-23T02:59:00+0100', { kind: 'time', time: new Date('2026-11-23T01:59:00Z') }],
  ['2026-11-23 02:59:00 +0100', { kind: 'time', time: new Date('2026-11-23T01:59:00Z') }],
  ['2026-11-22 20:29:00-0530', { kind: 'time', time: new Date('2026-11-23T01:59:00Z') }],
  ['2026-11-23 02:59:00+01', { kind: 'time', time: new Date('2026-11-23T01:59:00Z') }],
  ['2026-11-23 01:59:00.123456+00', { kind: 'time', time: new Date('2026-11-23T01:59:00.123Z'), micros: 456 }],
  ['2026-11-23T01:59:00.123456Z', { kind: 'time', time: new Date('2026-11-23T01:59:00.123Z'), micros: 456 }],
  ['before:744', { kind: 'xid', xid: '744' }],
  ['before:0744', { kind: 'xid', xid: '744' }],
  ['lsn:0/03000060', { kind: 'lsn', lsn: '0/3000060' }],
  ['name:before release 2.3', { kind: 'name', name: 'before release 2.3' }],
  ['2026-11-23 01:59:00.0000019 UTC', { kind: 'time', time: new Date('2026-11-23T01:59:00Z'), micros: 1 }],
])('%j', (text, target) => {
  expect(parseTarget(text, now)).toEqual(target);
});

test.each([
  ['before:2', 'TARGET-UNKNOWN', 'dr find'],
  ['before:x', 'TARGET-UNKNOWN', 'dr find'],
  ['before:4294967296', 'TARGET-UNKNOWN', 'dr find'],
  ['lsn:12', 'TARGET-UNKNOWN', 'pg_current_wal_lsn'],
  ['name:', 'TARGET-UNKNOWN', '63 bytes'],
  ['2026-11-23T01:59:00', 'TARGET-NO-ZONE', '2026-11-23T01:59:00Z'],
  ['2026-11-23 01:59', 'TARGET-NO-ZONE', '2026-11-23T01:59Z'],
  ['2026-11-23', 'TARGET-NO-ZONE', '2026-11-23T00:00:00Z'],
  ['2026-11-23T12:00:01Z', 'TARGET-IN-FUTURE', 'latest'],
  ['2027-01-01T00:00:00Z', 'TARGET-IN-FUTURE', 'latest'],
  ['2026-02-30T00:00:00Z', 'TARGET-UNKNOWN', 'latest'],
  ['2026-11-23T25:00:00Z', 'TARGET-UNKNOWN', 'latest'],
  ['2026-11-23T01:59:00 CET', 'TARGET-UNKNOWN', 'latest'],
  ['yesterday', 'TARGET-UNKNOWN', 'dr points'],
  ['newest', 'TARGET-UNKNOWN', 'latest'],
  ['', 'TARGET-UNKNOWN', 'latest'],
  ['20261123T020000Z-full', 'TARGET-UNKNOWN', 'dr points'],
  [`${ID}/../x`, 'TARGET-UNKNOWN', 'dr points'],
  [`${ID}\nx`, 'TARGET-UNKNOWN', 'dr points'],
])('%j is refused: %s', (text, code, hint) => {
  const parse = () => parseTarget(text, now);
  expect(parse).toThrow(`"${text}"`);
  expect(parse).toThrow(expect.objectContaining({ code, exit: 2, hint: expect.stringContaining(hint) }));
});

test('a moment is no id and not latest', () => {
  expect(() => parseMoment('latest', now)).toThrow(expect.objectContaining({ code: 'TARGET-UNKNOWN' }));
  expect(() => parseMoment(ID, now)).toThrow(expect.objectContaining({ code: 'TARGET-UNKNOWN' }));
});

test('a target is written as it would be typed', () => {
  for (const text of ['latest', ID, '2026-11-23T01:59:00.000Z', '2026-11-23T01:59:00.000001Z']) {
    expect(formatTarget(parseTarget(text, now))).toBe(text);
  }
});

test('a later judge may be asked whether it is in the future', () => {
  expect(parseTarget('2027-01-01T00:00:00Z', 'later')).toEqual({
    kind: 'time',
    time: new Date('2027-01-01T00:00:00Z'),
  });
});

test('property: a moment keeps its microseconds, however it is written', () => {
  const micros = fc
    .integer({ min: 0, max: 1_795_000_000 })
    .chain((s) => fc.integer({ min: 0, max: 999_999 }).map((u) => s * 1e6 + u));
  fc.assert(
    fc.property(micros, fc.integer({ min: -14 * 60, max: 14 * 60 }), fc.constantFrom('', ':'), (at, offset, colon) => {
      expect(parseMicros(formatMicros(at))).toBe(at);
      const local = formatMicros(at + offset * 60_000_000)
        .replace(/Z$/, '')
        .replace('T', ' ');
      const two = (n: number) => String(Math.abs(n)).padStart(2, '0');
      const zone = `${offset < 0 ? '-' : '+'}${two(Math.trunc(offset / 60))}${colon}${two(offset % 60)}`;
      const target = parseTarget(`${local}${zone}`, now);
      expect(target.kind === 'time' && microsOfTarget(target)).toBe(at);
    }),
  );
});
