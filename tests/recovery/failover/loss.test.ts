/** The expected loss of a failover and its refusals. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectedLoss, refusalsOf } from '../../../recovery/failover/loss.ts';
import { type FailoverPlan, planSchema } from '../../../recovery/failover/types.ts';
import {
  bytesBetween,
  DEFAULT_SEGMENT_BYTES,
  formatLsn,
  parseLsn,
  placeOfSegment,
} from '../../../recovery/points/wal-segment.ts';

const at = (time: string): Date => new Date(`2026-11-23T${time}Z`);

describe('WAL positions', () => {
  test('are parsed and formatted as PostgreSQL writes them', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (lsn) => {
        expect(parseLsn(formatLsn(lsn))).toBe(lsn);
      }),
    );
    expect(formatLsn(parseLsn('16/B374D848'))).toBe('16/B374D848');
    expect(() => parseLsn('16-B374D848')).toThrow('not a WAL position');
  });

  test('of a segment: 256 segments of 16 MiB share the upper digits', () => {
    const { timeline, start, end } = placeOfSegment('0000000200000001000000FF', DEFAULT_SEGMENT_BYTES);
    expect([timeline, formatLsn(start), formatLsn(end)]).toEqual([2, '1/FF000000', '2/0']);
    expect(bytesBetween(start, end)).toBe(16 * 1024 * 1024);
    expect(bytesBetween(end, start)).toBe(0);
  });
});

describe('expected loss', () => {
  test('is zero for a leader that can still ship its WAL', () => {
    const observed = { declaredAt: at('02:00:00'), archivedAt: at('01:00:00'), unarchivedBytes: 4096, canShip: true };
    expect(expectedLoss(observed)).toMatchObject({ seconds: 0, why: expect.stringContaining('4.10 kB') });
  });

  test('is the time from the newest archived segment to the declared moment', () => {
    const observed = { archivedAt: at('01:59:20'), unarchivedBytes: undefined, canShip: false };
    expect(expectedLoss({ ...observed, declaredAt: at('02:00:00') }).seconds).toBe(40);
    // Archived after the declared moment: nothing is missing.
    expect(expectedLoss({ ...observed, declaredAt: at('01:59:00') }).seconds).toBe(0);
  });

  test('is everything where nothing was archived', () => {
    const observed = { declaredAt: at('02:00:00'), archivedAt: undefined, unarchivedBytes: undefined, canShip: false };
    expect(expectedLoss(observed).seconds).toBe(Number.POSITIVE_INFINITY);
  });
});

const PLAN: FailoverPlan = {
  stack: 'dr',
  lineage: 'eu-west-1-1',
  follows: { lineage: 'us-east-1-1', repository: 'secondary' },
  newestWal: { segment: '000000010000000000000005', at: at('01:59:20').toISOString(), ageSeconds: 40 },
  oldSiteWrites: true,
  detach: [],
  standby: { state: 'away', fact: 'x' },
  oldCluster: {
    state: 'reached',
    found: { describe: 'context us', pods: ['postgres-0'], lsn: '0/1', unarchivedBytes: 0 },
  },
  fence: { primary: { state: 'away', fact: 'x' }, secondary: { state: 'reached', found: 'open' } },
  redis: undefined,
  loss: { seconds: 40, why: 'w' },
  preview: { ok: true, fact: 'as declared' },
  declaredAt: at('02:00:00').toISOString(),
};
test('a plan in a journal is read as it was, with an infinite loss too', () => {
  for (const seconds of [40, Number.POSITIVE_INFINITY]) {
    const plan = { ...PLAN, loss: { seconds, why: 'w' } };
    expect(planSchema.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
  }
  expect(planSchema.safeParse({ ...PLAN, standby: {} }).success).toBe(false);
});

const REQUEST = { stack: 'dr', allowUnfenced: false };
const LIMITS = { maxLossSeconds: 60, limitFrom: '--max-loss' };

const away = { state: 'away', fact: 'connect ECONNREFUSED' } as const;

test.each([
  ['nothing where both sites are healthy', PLAN, REQUEST, []],
  ['more loss than the limit', { ...PLAN, loss: { seconds: 61, why: 'w' } }, REQUEST, ['LOSS-TOO-GREAT']],
  ['an unreachable old site', { ...PLAN, oldCluster: away }, REQUEST, ['UNFENCED']],
  [
    'an old site that the request does not name',
    { ...PLAN, oldCluster: { state: 'unnamed' } as const },
    REQUEST,
    ['UNFENCED'],
  ],
  ['nothing with --allow-unfenced', { ...PLAN, oldCluster: away }, { ...REQUEST, allowUnfenced: true }, []],
  ['no place for the fence', { ...PLAN, fence: { secondary: away } }, REQUEST, ['FENCE-NOWHERE']],
  [
    'a stack that can’t be previewed',
    { ...PLAN, preview: { ok: false, fact: 'no passphrase' } },
    REQUEST,
    ['STACK-BROKEN'],
  ],
])('refuses %s', (_, plan, request, codes) => {
  const refusals = refusalsOf(plan, request, LIMITS);
  expect(refusals.map(({ code }) => code)).toEqual(codes);
  for (const { exit } of refusals) expect(exit).toBe(6);
});
