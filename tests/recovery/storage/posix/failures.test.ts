/** A full disk is named by the folder that is full, whichever call met it. */

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemError } from '../../../../recovery/core/errors.ts';
import { appendFile, writeFile } from '../../../../recovery/core/files/writes.ts';
import { repositoryFailure, stateFailure } from '../../../../recovery/storage/posix/failures.ts';

const refused = (code: string, facts: Record<string, string> = {}) =>
  Object.assign(new Error(`${code}: refused, write`), { code, syscall: 'write', ...facts });

test.each([
  ['in the repository', repositoryFailure, { path: '/r/a/b' }, 'REPOSITORY-FULL', 'folder /r'],
  ['where Node names no path', repositoryFailure, {}, 'REPOSITORY-FULL', 'folder /r'],
  ['at the target of a download', repositoryFailure, { path: '/r/a', dest: '/data/a' }, 'DISK-FULL', '/data/a'],
  ['in a folder whose name begins like it', repositoryFailure, { path: '/r2/a' }, 'DISK-FULL', '/r2/a'],
  ['in the state folder', stateFailure, { path: '/r/a' }, 'DISK-FULL', '/r/a'],
  ['in the state folder, without a path', stateFailure, {}, 'DISK-FULL', '/r'],
] as const)('no room %s', (_, explain, facts, code, where) => {
  for (const each of ['ENOSPC', 'EDQUOT']) expect(explain(refused(each, facts), '/r')).toMatchObject({ code, where });
});

test.each([
  ['EROFS', 'DISK-READ-ONLY'],
  ['EACCES', 'PERMISSION-DENIED'],
  ['EIO', 'DISK-FAILED'],
  ['ENOTDIR', 'STATE-UNUSABLE'],
])('%s in the state folder is no answer of a repository', (code, expected) => {
  expect(stateFailure(refused(code), '/r')).toMatchObject({
    code: expected,
    where: '/r',
    fact: expect.stringContaining('state folder'),
  });
});

test('the source of a copy that can’t be read is named, and not its target', () => {
  const error = refused('EACCES', { path: '/from', dest: '/r/to' });
  expect(systemError(error, 'x')).toMatchObject({ code: 'PERMISSION-DENIED', where: '/from' });
});

test('a write that finds no room names its file', async () => {
  const file = '/dev/full';
  const writes = [writeFile(file, 'x'), appendFile(file, 'x')];
  for (const write of writes) {
    const error = await write.catch((caught: unknown) => caught);
    expect(systemError(error, 'somewhere')).toMatchObject({ code: 'DISK-FULL', where: file });
  }
  const missing = join(file, 'below');
  await expect(writeFile(missing, 'x')).rejects.toMatchObject({ code: 'ENOTDIR', path: missing });
});
