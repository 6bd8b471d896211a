import { describe, expect, test } from 'vitest';
import { gigabytes, gigabytesADay } from '../../../plan/cost/amounts.ts';
import { billOf, type CostInputs, type Setup, totalsOf } from '../../../plan/cost/bill.ts';
import { priceListSchema } from '../../../plan/cost/price-list.ts';
import { savingsOf } from '../../../plan/cost/savings.ts';
import { SHIPPED_PRICES } from '../../../plan/cost/shipped-prices.ts';
import { shippedSetup } from '../../../plan/cost/shipped-setup.ts';
import { keptIn, writtenADay } from '../../../plan/cost/volumes.ts';
import { productionPlan } from '../../../plan/production.ts';

const load = { size: 500, wal: 50, files: 0 };
const WASTEFUL: Setup = { region: 'us-east-1', localVolume: 'efs', incremental: 'files', way: 'nat' };
const THRIFTY: Setup = { region: 'us-east-1', localVolume: 'gp3', incremental: 'blocks', way: 'endpoint' };
const inputs = (setup: Setup, more: Partial<CostInputs> = {}): CostInputs => ({
  ...{ plan: productionPlan, load, setup, prices: SHIPPED_PRICES },
  ...more,
});

test('what is written in a day: a full, 23 incrementals of what changed, and the WAL', () => {
  const { backups, wal } = writtenADay(productionPlan, load, 'blocks');
  expect(wal).toBeCloseTo(20);
  // 0.4 of 500 GB, and of an hour's share of 50 GB in each other hour.
  expect(backups).toBeGreaterThan(0.4 * 500);
  expect(backups).toBeLessThan(0.4 * 550 + 1);
  expect(writtenADay(productionPlan, load, 'files').backups).toBeGreaterThan(backups + 100);
});

test('nothing that is kept is lost between the classes: a day’s bytes times the days', () => {
  const [, primary] = productionPlan.repositories;
  if (primary === undefined) return expect.unreachable('the plan has an S3 repository');
  const written = writtenADay(productionPlan, load, 'blocks');
  const daily = written.backups + written.wal;
  const kept = keptIn(primary, written, 0);
  expect(kept.map(({ storageClass }) => storageClass)).toEqual(['STANDARD', 'STANDARD_IA', 'GLACIER_IR']);
  // 90 days of retention, and 90 more as noncurrent versions.
  expect(kept.reduce((sum, { gb }) => sum + gb, 0)).toBeCloseTo(180 * daily);
  expect(kept[0]?.gb).toBeCloseTo(30 * daily);
});

test('500 GB and 50 GB of WAL a day: about 6,600 with whole files, EFS and NAT, under 2,500 without them', () => {
  const wasteful = billOf(inputs(WASTEFUL)).total;
  expect(wasteful).toBeGreaterThan(6000);
  expect(wasteful).toBeLessThan(7000);
  expect(billOf(inputs(THRIFTY)).total).toBeLessThan(2500);
  // The NAT may stay.
  expect(billOf(inputs({ ...THRIFTY, way: 'nat' })).total).toBeLessThan(2500);
});

test('the shipped setup stays under 2,500 with the same objectives', () => {
  expect(billOf(inputs(shippedSetup(productionPlan))).total).toBeLessThan(2500);
});

test('the total is the sum of the lines, and of the repositories', () => {
  const bill = billOf(inputs(WASTEFUL));
  const lines = bill.lines.reduce((sum, { cost = 0 }) => sum + cost, 0);
  const totals = [...totalsOf(bill).values()].reduce((sum, { cost }) => sum + cost, 0);
  expect(bill.total).toBeCloseTo(lines);
  expect(bill.total).toBeCloseTo(totals);
  expect([...totalsOf(bill).keys()]).toEqual(['local', 'primary', 'secondary', 'offsite', 'shared']);
});

describe('what nobody knows is named, and never 0', () => {
  test('a drive at a partner', () => {
    const bill = billOf(inputs(THRIFTY));
    expect(bill.unknown).toEqual(['drive-storage in us-east-1 (offsite)']);
    expect(bill.lines.find(({ repository }) => repository === 'offsite')).not.toHaveProperty('cost');
    expect(totalsOf(bill).get('offsite')).toEqual({ cost: 0, complete: false });
  });

  test('a region without prices, and a class of storage that no list has', () => {
    const bill = billOf(inputs({ ...THRIFTY, region: 'ap-southeast-2', localVolume: 'rook-ceph' }));
    expect(bill.unknown).toContain('volume-rook-ceph in ap-southeast-2 (local)');
    expect(bill.unknown).toContain('transfer-region in ap-southeast-2 (secondary)');
  });

  test('a price of 0 is a price', () => {
    const prices = {
      ...SHIPPED_PRICES,
      regions: {
        ...SHIPPED_PRICES.regions,
        'us-east-1': { ...SHIPPED_PRICES.regions['us-east-1'], 'drive-storage': 0 },
      },
    };
    expect(billOf(inputs(THRIFTY, { prices })).unknown).toEqual([]);
  });
});

describe('savings', () => {
  test('three at most, the greatest first, each done no more when it is done', () => {
    const found = savingsOf(inputs(WASTEFUL));
    expect(found).toHaveLength(3);
    expect(found.map(({ saves }) => saves)).toEqual([...found.map(({ saves }) => saves)].sort((a, b) => b - a));
    expect(found.at(-1)?.together).toBeCloseTo(billOf(inputs(THRIFTY)).total);
    expect(savingsOf(inputs(THRIFTY)).map(({ what }) => what)).toEqual([
      'Glacier Instant Retrieval right after STANDARD',
    ]);
  });
});

test.each([
  ['500GB', 500],
  ['2 TB', 2000],
  ['50Gi', 53.687],
  ['1.5TiB', 1649.267],
])('%s are %d GB', (text, wanted) => {
  expect(gigabytes(text)).toBeCloseTo(wanted, 2);
});

test.each(['500', 'GB', '-1GB', '5 bananas', 'NaNGB', ''])('%j is no size', (text) => {
  expect(gigabytes(text)).toBeUndefined();
});

test.each([
  ['50GB/d', 50],
  ['2GB/h', 48],
  ['70GB/w', 10],
  ['50GB', 50],
])('%s are %d GB a day', (text, wanted) => {
  expect(gigabytesADay(text)).toBeCloseTo(wanted);
});

test.each(['50GB/y', '50/d', '50GB/d/h'])('%j is no rate', (text) => {
  expect(gigabytesADay(text)).toBeUndefined();
});

test('the shipped list is one that a user may write: a date, a source, no unknown name', () => {
  expect(priceListSchema.parse(SHIPPED_PRICES)).toEqual(SHIPPED_PRICES);
  expect(() => priceListSchema.parse({ ...SHIPPED_PRICES, regions: { 'us-east-1': { 's3-STANDRAD': 1 } } })).toThrow(
    /s3-STANDRAD|Invalid/,
  );
});
