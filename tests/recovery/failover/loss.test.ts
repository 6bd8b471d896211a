/** What would be lost, and what refuses a failover, as tables. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectedLoss, refusalsOf } from '../../../recovery/failover/loss.ts';
import type { FailoverPlan } from '../../../recovery/failover/types.ts';
import { bytesBetween, formatLsn, parseLsn, placeOfSegment } from '../../../recovery/points/wal.ts';

const at = (time: string): Date => new Date(`2026-11-23T${time}Z`);

describe('places in the WAL', () => {
  test('are read as PostgreSQL writes them, and written so', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (lsn) => {
        expect(parseLsn(formatLsn(lsn))).toBe(lsn);
      }),
    );
    expect(formatLsn(parseLsn('16/B374D848'))).toBe('16/B374D848');
    expect(() => parseLsn('16-B374D848')).toThrow('not a WAL position');
  });

  test('of a segment: 256 of 16 MiB have the same upper digits', () => {
    const { timeline, start, end } = placeOfSegment('0000000200000001000000FF');
    expect([timeline, formatLsn(start), formatLsn(end)]).toEqual([2, '1/FF000000', '2/0']);
    expect(bytesBetween(start, end)).toBe(16 * 1024 * 1024);
    expect(bytesBetween(end, start)).toBe(0);
  });
});

describe('expected loss', () => {
  test('is nothing of a leader that can still ship', () => {
    const seen = { declaredAt: at('02:00:00'), archivedAt: at('01:00:00'), unarchivedBytes: 4096, canShip: true };
    expect(expectedLoss(seen)).toMatchObject({ seconds: 0, why: expect.stringContaining('4.10 kB') });
  });

  test('is what came after the newest archived segment, until the site went away', () => {
    const seen = { archivedAt: at('01:59:20'), unarchivedBytes: undefined, canShip: false };
    expect(expectedLoss({ ...seen, declaredAt: at('02:00:00') }).seconds).toBe(40);
    // Archived after the declared moment: nothing is missing.
    expect(expectedLoss({ ...seen, declaredAt: at('01:59:00') }).seconds).toBe(0);
  });

  test('is everything where nothing was ever archived', () => {
    const seen = { declaredAt: at('02:00:00'), archivedAt: undefined, unarchivedBytes: undefined, canShip: false };
    expect(expectedLoss(seen).seconds).toBe(Number.POSITIVE_INFINITY);
  });
});

const PLAN: FailoverPlan = {
  stack: 'dr',
  lineage: 'eu-west-1-1',
  follows: { lineage: 'us-east-1-1', repository: 'secondary' },
  newestWal: { segment: '000000010000000000000005', at: at('01:59:20').toISOString(), ageSeconds: 40 },
  oldSiteWrites: true,
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
const REQUEST = { stack: 'dr', allowUnfenced: false };
const LIMITS = { maxLossSeconds: 60, limitFrom: '--max-loss' };

const away = { state: 'away', fact: 'connect ECONNREFUSED' } as const;

test.each([
  ['nothing where all is well', PLAN, REQUEST, []],
  ['more loss than the limit', { ...PLAN, loss: { seconds: 61, why: 'w' } }, REQUEST, ['LOSS-TOO-GREAT']],
  ['an old site that can’t be reached', { ...PLAN, oldCluster: away }, REQUEST, ['UNFENCED']],
  ['an old site that nobody named', { ...PLAN, oldCluster: { state: 'unnamed' } as const }, REQUEST, ['UNFENCED']],
  ['nothing when that was typed', { ...PLAN, oldCluster: away }, { ...REQUEST, allowUnfenced: true }, []],
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
