import { expect, test } from 'vitest';
import { recoverableWindow } from '../../../../recovery/points/catalog/window.ts';
import { entryAt } from '../entry-fixture.ts';
import { postgresCapture, resticCapture } from '../point-fixture.ts';

const at = (time: string): string => `2026-11-23T${time}Z`;
const pg = (time: string, lineage = 'main-1') => postgresCapture(at(time), { lineage });
const redis = (time: string) => resticCapture('redis', at(time));
const date = (time: string): Date => new Date(at(time));

test('nothing is recoverable from nothing', () => {
  expect(recoverableWindow([])).toEqual({ workloads: [] });
});

test('each store has its own window; the whole begins when all have a copy and ends with the WAL', () => {
  const entries = [
    entryAt(at('01:00:00'), [pg('01:00:30')]),
    entryAt(at('02:00:00'), [pg('02:00:30'), redis('02:01:00')]),
    entryAt(at('03:00:00'), [redis('03:00:10')]),
  ];
  expect(recoverableWindow(entries, () => ({ time: date('03:10:00') }))).toEqual({
    workloads: [
      {
        workload: 'postgres',
        captures: 2,
        from: date('01:00:30'),
        to: date('03:10:00'),
        lineages: [{ lineage: 'main-1', from: date('01:00:30'), to: date('03:10:00'), walUnknown: false }],
      },
      { workload: 'redis', captures: 2, from: date('02:01:00'), to: date('03:00:10') },
    ],
    platform: { from: date('02:01:00'), to: date('03:10:00') },
  });
});

test('without the end of the WAL, only the newest set is sure, and the whole may have no common moment yet', () => {
  const window = recoverableWindow([entryAt(at('02:00:00'), [pg('02:00:30'), redis('02:01:00')])]);
  expect(window.workloads[0]).toMatchObject({ to: date('02:00:30'), lineages: [{ walUnknown: true }] });
  expect(window.platform).toBeUndefined();
});

test('lineages stay apart', () => {
  const entries = [entryAt(at('01:00:00'), [pg('01:00:00')]), entryAt(at('05:00:00'), [pg('05:00:00', 'main-2')])];
  const ends = new Map([
    ['main-1', { time: date('02:00:00') }],
    ['main-2', { time: date('05:30:00') }],
  ]);
  const [postgres] = recoverableWindow(entries, (lineage) => ends.get(lineage)).workloads;
  expect(postgres?.to).toEqual(date('05:30:00'));
  expect(postgres?.lineages?.map((l) => [l.lineage, l.from, l.to])).toEqual([
    ['main-1', date('01:00:00'), date('02:00:00')],
    ['main-2', date('05:00:00'), date('05:30:00')],
  ]);
});

test('points that can’t be believed, and compromised ones unless they were found clean, don’t count', () => {
  const entries = [
    entryAt(at('01:00:00'), [redis('01:00:00')], { trust: 'tampered' }),
    entryAt(at('02:00:00'), [redis('02:00:00')], { trust: 'unknown-key' }),
    entryAt(at('03:00:00'), [redis('03:00:00')], { marks: ['compromised', 'clean'] }),
    entryAt(at('04:00:00'), [redis('04:00:00')], { marks: ['clean', 'compromised'] }),
  ];
  expect(recoverableWindow(entries)).toEqual({
    workloads: [{ workload: 'redis', captures: 1, from: date('03:00:00'), to: date('03:00:00') }],
    platform: { from: date('03:00:00'), to: date('03:00:00') },
  });
});
