/** What restic 0.14 and later versions print about files that they could not read. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filesUnreadable, parseUnread, sortUnread } from '../../../recovery/engines/restic/unread.ts';
import { scratch } from '../../scratch.ts';

test('a file that is gone is no error, one that is back is tried again, one that can’t be read is named', async () => {
  const folder = await scratch();
  const path = (name: string) => join(folder, name);
  await mkdir(folder, { recursive: true });
  await writeFile(path('back'), 'x');
  const line = (name: string, error: object, during = 'archival') =>
    JSON.stringify({ message_type: 'error', error, during, item: path(name) });
  const stderr = [
    line('gone', { Op: 'lstat', Path: path('gone'), Err: 2 }, 'scan'),
    line('gone', { Op: 'lstat', Path: path('gone'), Err: 2 }),
    line('newer', { message: `open ${path('newer')}: no such file or directory` }),
    line('back', { Op: 'open', Path: path('back'), Err: 2 }),
    line('secret', { Op: 'open', Path: path('secret'), Err: 13 }),
    line('disk', { message: `read ${path('disk')}: input/output error` }),
    'Warning: at least one source file could not be read',
    '{"message_type":"verbose_status"}',
    '{ not JSON',
  ].join('\n');
  const files = parseUnread(stderr);
  expect(files.map((file) => file.path)).toEqual(['gone', 'newer', 'back', 'secret', 'disk'].map(path));
  const { replaced, unreadable } = await sortUnread(files);
  expect(replaced.map((file) => file.path)).toEqual([path('back')]);
  expect(filesUnreadable(folder, unreadable)).toMatchObject({
    code: 'FILES-UNREADABLE',
    fact: expect.stringContaining(
      `${path('secret')} (open: EACCES)\n${path('disk')} (read ${path('disk')}: input/output error)`,
    ),
  });
});
