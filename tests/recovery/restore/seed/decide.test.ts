import { describe, expect, test } from 'vitest';
import { decideSeed } from '../../../../recovery/restore/seed/decide.ts';
import type { SeedMark } from '../../../../recovery/restore/seed/mark.ts';

const mark = (life: string): SeedMark => ({ life, at: '2026-11-25T02:00:00Z' });
const volume = (entries: readonly string[], rest: { mark?: SeedMark; ready?: boolean } = {}) => ({
  folder: '/var/lib/redis',
  entries,
  mark: rest.mark,
  ready: rest.ready ?? false,
});
const DATA = ['appendonlydir', 'dump.rdb'];

describe('a volume', () => {
  test.each([
    ['new', volume([]), 'one-1', 'fill'],
    ['new, of a file system of its own', volume(['lost+found']), 'one-2', 'fill'],
    ['copied, and not all in place', volume(['dump.rdb'], { ready: true }), 'one-2', 'finish'],
    ['of this life', volume([...DATA, 'seeded-from.json'], { mark: mark('one-2') }), 'one-2', 'keep'],
    ['of this life, emptied by hand', volume(['seeded-from.json'], { mark: mark('one-2') }), 'one-2', 'keep'],
    ['marked, its last step left', volume([...DATA], { mark: mark('one-2'), ready: true }), 'one-2', 'keep'],
    ['without a mark, in the first life', volume(DATA), 'one-1', 'adopt'],
    ['in use, and a second run', volume(['dump.rdb']), 'one-1', 'adopt'],
  ] as const)('%s', (_, found, life, decision) => {
    expect(decideSeed(found, life)).toBe(decision);
  });

  test.each([
    [
      'of an earlier life',
      volume(DATA, { mark: mark('one-1') }),
      'one-2',
      'holds the data of one-1, and this server is one-2',
    ],
    ['of another site', volume(DATA, { mark: mark('two-1') }), 'one-1', 'holds the data of two-1'],
    [
      'without a mark, in a later life',
      volume(DATA),
      'one-2',
      'without a mark (appendonlydir, dump.rdb), and one-2 is not',
    ],
    [
      'with many files without a mark, in a later life',
      volume(Array.from({ length: 1200 }, (_, i) => `${1000 + i}.jpg`)),
      'one-2',
      'without a mark (1000.jpg, 1001.jpg, 1002.jpg, 1003.jpg, 1004.jpg and 1195 more), and',
    ],
  ] as const)('%s is refused', (_, found, life, fact) => {
    expect(() => decideSeed(found, life)).toThrow(fact);
    try {
      decideSeed(found, life);
    } catch (error) {
      expect(error).toMatchObject({
        code: 'SEED-OTHER-LIFE',
        exit: 6,
        hint: expect.stringContaining('delete its claim'),
      });
    }
  });
});
