import { expect, test } from 'vitest';
import { measures, shrunk } from '../../../recovery/points/shrink.ts';
import { entryAt } from './entry-fixture.ts';
import { postgresCapture, resticCapture } from './point-fixture.ts';

const AT = '2026-11-23T02:00:00Z';
const LATER = '2026-11-23T03:00:00Z';
const redis = (keys: number, bytes = 1000) => resticCapture('redis', AT, { facts: { keys }, bytes, objects: 1 });
const files = (objects: number, bytes = 1_000_000) => resticCapture('uploads', AT, { objects, bytes });
const dump = (rows: Record<string, number>) => resticCapture('postgres-dump', AT, { facts: rows });
const git = (objects: number) => resticCapture('git', AT, { facts: { repositories: 2 }, objects });

test.each([
  ['an emptied Redis', redis(50), redis(0), '0 keys instead of 50, 100% less'],
  ['a Redis that lost most of its keys', redis(50), redis(20), '20 keys instead of 50, 60% less'],
  ['a Redis whose values are shorter', redis(50), redis(50, 10), undefined],
  ['a Redis that has half of its keys', redis(50), redis(25), undefined],
  ['an emptied folder', files(10), files(0, 0), '0 files instead of 10, 100% less'],
  ['a folder whose files were cut', files(10), files(10, 10), '10 B instead of 1.00 MB, 100% less'],
  ['a folder that was empty', files(0, 0), files(0, 0), undefined],
  ['a folder that grew', files(10), files(20), undefined],
  ['a small folder with shorter files', files(10, 4000), files(10, 40), undefined],
  [
    'a table that lost its rows',
    dump({ 'rows:public.orders': 100, 'rows:public.x': 9 }),
    dump({ 'rows:public.x': 9 }),
    '0 rows of public.orders instead of 100, 100% less',
  ],
  ['mirrors that were packed', git(5000), git(12), undefined],
  [
    'a database of half its size and less',
    postgresCapture(AT),
    postgresCapture(AT, { bytes: 9_000_000 }),
    '9.00 MB instead of 30.0 MB, 70% less',
  ],
])('%s', (_, before, now, reason) => {
  expect(shrunk(before, now, 0.5)).toBe(reason);
});

test('the limit is the plan’s', () => {
  expect(shrunk(redis(50), redis(40), 0.1)).toContain('40 keys');
  expect(shrunk(redis(50), redis(1), 1)).toBeUndefined();
});

test('a suspect capture is no measure for the next, unless a person vouched for it', () => {
  const good = entryAt(AT, [redis(50)]);
  const emptied = { ...redis(0), suspect: '0 keys instead of 50' };
  const keysOf = (entries: Parameters<typeof measures>[0]) => {
    const capture = measures(entries).get('redis')?.capture;
    return capture?.engine === 'restic' ? capture.facts.keys : undefined;
  };
  expect(keysOf([good, entryAt(LATER, [emptied])])).toBe(50);
  expect(keysOf([good, entryAt(LATER, [emptied], { marks: ['clean'] })])).toBe(0);
  expect(keysOf([entryAt(AT, [redis(50)], { marks: ['compromised'] })])).toBeUndefined();
});
