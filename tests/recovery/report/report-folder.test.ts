/** A place for reports is tried before the work begins, and nothing is left there. */
import { mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../../../recovery/core/log.ts';
import {
  checkReportFile,
  checkReportFolder,
  REPORT_FILES,
  writeReportFile,
} from '../../../recovery/report/report-folder.ts';

const folder = await mkdtemp(join(tmpdir(), 'dr-report-'));
const check = (path: string) => checkReportFolder(silentLog, { option: '--report', folder: path, files: REPORT_FILES });

test('a folder that can be made, or written to, is taken and left as it was', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'dr-report-'));
  await check(join(empty, 'a/b'));
  await check(empty);
  await checkReportFile(silentLog, '--measurements', join(empty, 'measured'));
  await checkReportFile(silentLog, '--measurements', '/dev/null');
  expect(await readdir(empty)).toEqual([]);
});

test('a file that was taken is written, and its folder made', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'dr-report-')), 'a/b/page.html');
  await checkReportFile(silentLog, '--html', file);
  await writeReportFile(file, 'text');
  expect(await readFile(file, 'utf8')).toBe('text');
});

test('what can’t be written is refused with the reason', async () => {
  await writeFile(join(folder, 'file'), '');
  await symlink('/nowhere/at/all', join(folder, 'dangling'));
  await expect(check('/proc/x')).rejects.toMatchObject({ code: 'REPORT-UNWRITABLE', where: '--report', exit: 2 });
  await expect(check(join(folder, 'file/reports'))).rejects.toMatchObject({
    fact: expect.stringContaining('not a folder'),
  });
  await expect(check(join(folder, 'dangling'))).rejects.toMatchObject({
    fact: expect.stringContaining('not a folder'),
  });
  await expect(checkReportFile(silentLog, '--out', folder)).rejects.toMatchObject({
    fact: expect.stringContaining(`${folder} is a folder`),
  });
  await symlink('/proc/x/report.json', join(folder, 'report.html'));
  await expect(check(folder)).rejects.toMatchObject({ fact: expect.stringContaining("report.html can't be written") });
});

test('a place that does not answer is given up', async () => {
  // What makes the probe never returns, as on a dead mount.
  const bin = await mkdtemp(join(tmpdir(), 'dr-report-'));
  await writeFile(join(bin, 'mktemp'), '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 });
  const before = process.env.PATH;
  process.env.PATH = `${bin}:${before}`;
  onTestFinished(() => {
    process.env.PATH = before;
  });
  const place = { option: '--report', folder: bin, files: REPORT_FILES, limitSeconds: 1 };
  const fact = expect.stringContaining('did not answer within 1 s');
  await expect(checkReportFolder(silentLog, place)).rejects.toMatchObject({ fact });
});
