/** A replay ends for want of room when pgBackRest has said so and there is none: neither sign alone is enough. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { silentLog } from '../../../../recovery/core/log.ts';
import { makeRun } from '../../../../recovery/core/process.ts';
import { watchRoom } from '../../../../recovery/workloads/postgres/replay-room.ts';

const run = makeRun(silentLog);
const SAID =
  "2026-11-30 16:47:18.731 P00  ERROR: [064]: unable to write '/x/spool/archive/go-coffee/in/9.tmp': [28] No space left on device\n";

/** pgBackRest's folder on a disk of this size. */
async function onDisk(megabytes: number, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp('/tmp/dr-room-');
  await run(['mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  try {
    await mkdir(join(folder, 'log'));
    await use(folder);
  } finally {
    await run(['umount', '-l', folder]);
  }
}

const log = (folder: string): string => join(folder, 'log/go-coffee-archive-get-async.log');

test.skipIf(process.getuid?.() !== 0)('a small disk and the word of pgBackRest: it ends', async () => {
  await onDisk(8, async (folder) => {
    await watchRoom(folder)();
    await writeFile(log(folder), '2026-11-30 16:47:18.646 P00   INFO: get 8 WAL file(s) from archive\n');
    await watchRoom(folder)();
    await writeFile(log(folder), SAID);
    await expect(watchRoom(folder)()).rejects.toMatchObject({
      code: 'DISK-FULL',
      where: folder,
      fact: expect.stringContaining('No space left on device'),
    });
  });
});

test.skipIf(process.getuid?.() !== 0)('there is room again: it goes on', async () => {
  await onDisk(64, async (folder) => {
    await writeFile(log(folder), SAID);
    await watchRoom(folder)();
  });
});
