/** What is told of received WAL without a server: gaps, slots, and which copy reaches a moment. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Site } from '../../../../recovery/config/site.ts';
import { endOfWritten, formatLsn, parseLsn } from '../../../../recovery/points/wal-segment.ts';
import { type Chain, gapAfter, takeReceived } from '../../../../recovery/workloads/external/wal/chain.ts';
import { judgeSlot } from '../../../../recovery/workloads/external/wal/health.ts';
import { withFolder } from '../../../platform.ts';

const MB16 = 16 * 1024 * 1024;
const segment = (n: number, timeline = 1): string =>
  `${timeline.toString(16).padStart(8, '0')}${'0'.repeat(8)}${n.toString(16).toUpperCase().padStart(8, '0')}`;

test.each([
  ['nothing is missing', [3, 4, 5], 3, undefined],
  ['older WAL does not count', [1, 3, 4], 3, undefined],
  ['a hole', [3, 4, 6], 3, segment(5)],
  ['the first one', [4, 5], 3, segment(3)],
  ['none yet', [], 3, undefined],
] as const)('gaps: %s', (_, names, from, gap) => {
  expect(
    gapAfter(
      names.map((n) => segment(n)),
      segment(from),
      MB16,
    ),
  ).toBe(gap);
});

test('a new timeline begins in the segment in which the one before ends', () => {
  expect(gapAfter([segment(3), segment(4), segment(4, 2), segment(5, 2)], segment(3), MB16)).toBeUndefined();
});

test.each([
  ['0/5000028', '0/5000000'],
  ['0/5002018', '0/5002000'],
  ['0/5000060', '0/5000060'],
  ['0/5002028', '0/5002028'],
])('the header of a page that has no record yet is not waited for: %s', (insert, end) => {
  expect(formatLsn(endOfWritten(parseLsn(insert), MB16))).toBe(end);
});

test('a slot that nobody reads, that keeps much, or that has lost WAL is not healthy', () => {
  const limit = 16 * 1024 ** 3;
  const oks = (slot: Parameters<typeof judgeSlot>[1], most: number | 'none' = limit) =>
    judgeSlot('dr', slot, most === 'none' ? undefined : most).map(({ ok }) => ok);
  expect(oks({ active: true, status: 'reserved', kept: 1000 })).toEqual([true, true]);
  expect(oks({ active: false, status: 'extended', kept: limit * 0.6 })).toEqual([false, false]);
  expect(oks({ active: true, status: 'reserved', kept: 2 * 1024 ** 3 }, 'none')).toEqual([true, false]);
  expect(oks({ active: false, status: 'lost', kept: 0 })).toEqual([false, false]);
  expect(oks(undefined)).toEqual([false]);
});

test('a disk that is full ends a capture: the segment that is written now is not asked for again and again', async () => {
  await withFolder(async (folder) => {
    const [receiving, wal] = [join(folder, 'receiving'), join(folder, 'wal')];
    for (const each of [receiving, wal]) await mkdir(each);
    await writeFile(join(receiving, `${segment(4)}.partial`), 'x');
    const run = vi.fn(async () => ({ exitCode: 1, stdout: '', stderr: 'No space left on device' }));
    const chain = { receiving, wal } as Chain;
    await expect(takeReceived({ run } as unknown as Site, chain)).rejects.toMatchObject({ code: 'WAL-NOT-TAKEN' });
    expect(run).toHaveBeenCalledOnce();
  });
});
