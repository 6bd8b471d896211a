import { expect, test } from 'vitest';
import { productionPlan } from '../../../../plan/production.ts';
import { judgeDisk, usedPart } from '../../../../recovery/status/health/disks.ts';
import { judgeTables } from '../../../../recovery/workloads/postgres/health.ts';

const { storage } = productionPlan.thresholds;

test.each([
  [0.8, true, /^x$/],
  [0.801, false, /^warning, above 80%: x$/],
  [0.95, false, /^warning/],
  [0.951, false, /^CRITICAL, above 95%: x$/],
])('a disk that is %f full', (used, ok, fact) => {
  const judged = judgeDisk(used, storage, 'x');
  expect(judged.ok).toBe(ok);
  expect(judged.fact).toMatch(fact);
});

test('blocks kept for root count neither as used nor as free', () => {
  expect(usedPart(100, 25, 20)).toBeCloseTo(75 / 95);
  expect(usedPart(0, 0, 0)).toBe(0);
});

const census = (tables: Record<string, number>, damage: string[] = []) => ({
  tables: Object.entries(tables).map(([table, rows]) => ({ table, rows })),
  superusers: [],
  locked: [],
  damage,
});

test.each([
  ['rows as before', census({ 'public.a': 10 }), { 'rows:public.a': 12 }, true],
  ['a table that was always empty', census({ 'public.a': 10, 'public.b': 0 }), { 'rows:public.b': 0 }, true],
  ['a new table', census({ 'public.a': 10, 'public.new': 0 }), { 'rows:public.a': 10 }, true],
  ['no capture to compare with', census({ 'public.a': 1 }), undefined, true],
  ['a table that was emptied', census({ 'public.a': 10, 'public.b': 0 }), { 'rows:public.b': 5 }, false],
  ['a table that lost most rows', census({ 'public.a': 4 }), { 'rows:public.a': 10 }, false],
  ['a table that is missing', census({ 'public.a': 10 }), { 'rows:public.b': 5 }, false],
  ['no row anywhere', census({ 'public.a': 0 }), undefined, false],
  ['a table that can’t be read', census({ 'public.a': 10 }, ['table public.b: invalid page']), {}, false],
] as const)('%s', (_, now, before, ok) => {
  expect(judgeTables(now, before).ok).toBe(ok);
});
