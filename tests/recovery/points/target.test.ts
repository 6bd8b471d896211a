import { expect, test } from 'vitest';
import { formatTarget, parseMoment, parseTarget } from '../../../recovery/points/target.ts';

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
])('%j', (text, target) => {
  expect(parseTarget(text, now)).toEqual(target);
});

test.each([
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
  for (const text of ['latest', ID, '2026-11-23T01:59:00.000Z']) {
    expect(formatTarget(parseTarget(text, now))).toBe(text);
  }
});
