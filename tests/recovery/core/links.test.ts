/** Where a path leads, and what leads out of a folder. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { followLinks, surveyLinks } from '../../../recovery/core/links.ts';
import { mountPoints } from '../../../recovery/workloads/mounts.ts';
import { scratch } from '../../scratch.ts';

test('links are followed to an end that need not exist', async () => {
  const root = await scratch();
  const at = (name: string): string => join(root, name);
  await mkdir(at('real/deep'), { recursive: true });
  await symlink('real', at('a'));
  await symlink(at('a/gone/later'), at('b'));
  await symlink('c', at('c'));
  expect(await followLinks(at('a/deep'))).toBe(at('real/deep'));
  expect(await followLinks(at('b'))).toBe(at('real/gone/later'));
  expect(await followLinks(at('b/x/y'))).toBe(at('real/gone/later/x/y'));
  expect(await followLinks(at('nothing/at/all'))).toBe(at('nothing/at/all'));
  await expect(followLinks(at('c'))).rejects.toMatchObject({ code: 'LINK-LOOP', exit: 2 });
  await expect(followLinks(at('c/d'))).rejects.toMatchObject({ code: 'LINK-LOOP' });
});

test('links that stay inside, lead out, or lead to nothing', async () => {
  const root = await scratch();
  const at = (name: string): string => join(root, name);
  await mkdir(at('f/sub'), { recursive: true });
  await mkdir(at('f-sibling'));
  await writeFile(at('f/sub/one'), '');
  await symlink('sub/one', at('f/in'));
  await symlink(at('f/sub'), at('f/absolute'));
  await symlink('../f-sibling', at('f/out'));
  await symlink('nowhere', at('f/dangling'));
  await symlink('/nowhere/at/all', at('f/sub/gone'));
  const { files, out } = await surveyLinks(at('f'));
  expect(files).toBe(1);
  expect(out.map(({ link, target, isFolder }) => [link, target, isFolder]).sort()).toEqual([
    ['out', at('f-sibling'), true],
    ['sub/gone', '/nowhere/at/all', false],
  ]);
});

test('mount points with spaces', () => {
  const line = '36 35 98:0 /mnt1 /mnt/a\\040b\\134c rw,noatime master:1 - ext3 /dev/root rw';
  expect(mountPoints(`${line}\n`)).toEqual(['/mnt/a b\\c']);
});
