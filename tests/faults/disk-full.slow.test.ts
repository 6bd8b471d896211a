/**
 * A disk that is too small is refused at preflight. A disk that becomes full during a restore fails it; the same command resumes
 * when there is room.
 */
import { mkdir, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Platform } from '../../drill/platform/platform.ts';
import { silentLog } from '../../recovery/core/log.ts';
import { makeRun } from '../../recovery/core/process.ts';
import { expectNoSecrets, expectWhole, isReady, sourceDigests } from './evidence.ts';
import { dr, drEnds, type Golden, withGolden } from './golden.ts';
import { journalFiles, journalLines, nameOf, startSteppedRestore } from './journal-watch.ts';

const RESTORE = ['restore', '--to', 'latest', '--no-backup'];
const MEGABYTE = 1024 * 1024;
const run = makeRun(silentLog);

/** Only root may mount a small file system. */
const asRoot = test.skipIf(process.getuid?.() !== 0);

/** A site whose whole root is a file system of its own. */
async function onSmallDisk<T>(
  golden: Golden,
  megabytes: number,
  workloads: readonly string[],
  use: (site: Platform) => Promise<T>,
): Promise<T> {
  const root = join(golden.folder, 'second');
  await mkdir(root);
  await run(['mount', '-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', root]);
  let site: Platform | undefined;
  try {
    site = await golden.emptySite('second', { workloads });
    return await use(site);
  } finally {
    await site?.kill9();
    await run(['umount', '-l', root]);
  }
}

async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/** Fills the disk up to `left` bytes. */
async function fill(site: Platform, left: number): Promise<string> {
  const ballast = join(site.paths.root, 'ballast');
  // The restore writes meanwhile, so free space may shrink between the two calls.
  for (;;) {
    const size = Math.max(1, (await freeBytes(site.paths.root)) - left);
    const { exitCode } = await run(['fallocate', '-l', String(size), ballast], { accept: [0, 1] });
    if (exitCode === 0) return ballast;
  }
}

asRoot('a disk that is too small: refused at preflight, and nothing is touched', async () => {
  await withGolden(async (golden) => {
    await onSmallDisk(golden, 120, ['postgres', 'redis', 'uploads'], async (site) => {
      const before = await sourceDigests(golden);
      const refused = await dr(site.envFile, RESTORE);
      expect(refused.exitCode, refused.stderr).toBe(6);
      expect(refused.stderr).toMatch(
        /DR-DISK-TOO-SMALL \S+\/second(?:\/\S*)?: the restore needs \d+(?:\.\d+)? MB there and \d+(?:\.\d+)? MB are free/,
      );
      expect(await journalFiles(site)).toEqual([]);
      expect((await readdir(site.paths.state)).includes('lineage.json')).toBe(false);
      expect(await readdir(join(site.paths.root, 'postgres'))).toEqual([]);
      expect(await sourceDigests(golden)).toEqual(before);
      await expectNoSecrets(golden, site, [refused]);
      // Workloads that fit are restored.
      await drEnds(0, site.envFile, [...RESTORE, '--only', 'uploads', '--only', 'redis']);
    });
  });
});

asRoot('no room to read the newest WAL: refused as well', async () => {
  await withGolden(async (golden) => {
    await onSmallDisk(golden, 20, ['postgres'], async (site) => {
      const refused = await dr(site.envFile, RESTORE);
      expect(refused.exitCode, refused.stderr).toBe(6);
      expect(refused.stderr).toMatch(/DR-DISK-TOO-SMALL \S+: .*no space left/i);
      expect(await journalFiles(site)).toEqual([]);
    });
  });
});

asRoot.each([
  { workload: 'postgres', at: 'postgres/lineage start', left: 8 * MEGABYTE },
  // Less than a segment of WAL: pgBackRest would ask for it again and again for five minutes.
  { workload: 'postgres', at: 'postgres/replay start', left: 8 * MEGABYTE },
  { workload: 'uploads', at: 'uploads/copy start', left: 100_000 },
])('full from $at on: fails, and resumes when there is room', async ({ workload, at, left }) => {
  await withGolden(async (golden) => {
    await onSmallDisk(golden, 600, [workload], async (site) => {
      const before = await sourceDigests(golden);
      const command = await startSteppedRestore(site, RESTORE);
      expect(await command.until((name) => name === at)).toBe(at);
      const ballast = await fill(site, left);
      command.goOn();
      const failed = await command.done;
      expect(failed.exitCode, `${failed.stdout}${failed.stderr}`).toBe(1);
      expect(`${failed.stdout}${failed.stderr}`).toMatch(/no space left on device|ENOSPC|No space left/i);
      expect(`${failed.stdout}${failed.stderr}`).not.toMatch(/this is a bug/);
      expect(`${failed.stdout}${failed.stderr}`).not.toMatch(/SNAPSHOT-DAMAGED|is lost there/);
      if (workload === 'uploads') expect(failed.stderr + failed.stdout).toMatch(/DR-DISK-FULL \S+: no room is left/);
      expect(isReady(site)).toBe(false);
      // What it could not finish would take the room from the next try.
      expect((await readdir(site.paths.root)).filter((name) => /-new\.\d+$/.test(name))).toEqual([]);

      await rm(ballast);
      const second = await drEnds(0, site.envFile, RESTORE);
      expect((await journalLines(site)).map(nameOf)).toContain('resume');
      await expectWhole(site, golden.facts);
      expect(await sourceDigests(golden)).toEqual(before);
      await expectNoSecrets(golden, site, [failed, second]);
    });
  });
});
