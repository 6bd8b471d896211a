/** The configured path is a link, or holds links: the data is copied wherever it is, or named where it is in no copy. */
import { lstat, mkdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { writeTree } from '../../drill/platform/content.ts';
import { imageLayout } from '../../drill/platform/images.ts';
import { withSmallSite } from './small-site.ts';

const RESTORE = ['restore', '--to', 'latest', '--no-backup', '--confirm', 'drill'];
const BACKUP = ['backup', '--kind', 'full'];

test('a folder that is a link comes back where the link leads, with the links in it', async () => {
  await withSmallSite({ workloads: ['uploads'] }, async (site) => {
    const path = site.paths.folder('uploads');
    const disk = join(site.folder, 'disk', 'uploads');
    await mkdir(join(disk, 'a'), { recursive: true });
    await mkdir(dirname(path), { recursive: true });
    await symlink('../disk/uploads', path);
    await writeFile(join(disk, 'a', 'one'), 'first');
    await symlink('a/one', join(disk, 'inside'));
    await symlink('/etc/hostname', join(disk, 'out'));
    await symlink(join(path, 'a'), join(disk, 'by-name'));

    const said = await site.dr(0, ...BACKUP);
    expect(said).toMatch(/uploads +ok, 1 not copied +\w+ +5 B/);
    const line = 'not copied: uploads: out leads out of the folder to /etc/hostname';
    expect(said).toContain(line);
    expect(await site.dr(0, 'objectives')).toContain(line);
    const [point] = /\d{8}T\d{6}Z-full-\w{4}/.exec(said) ?? [''];
    expect(await site.dr(0, 'points', 'show', point)).toContain(line);
    await site.dr(0, 'verify', '--deep');

    await rm(disk, { recursive: true });
    await site.dr(0, ...RESTORE);
    expect(await readlink(path)).toBe('../disk/uploads');
    expect((await lstat(disk)).isDirectory()).toBe(true);
    expect(await readFile(join(path, 'inside'), 'utf8')).toBe('first');
    expect(await readlink(join(path, 'out'))).toBe('/etc/hostname');
    expect(await readFile(join(path, 'by-name', 'one'), 'utf8')).toBe('first');

    // The host lost the link too: the data comes back at the configured path.
    await rm(path);
    await rm(disk, { recursive: true });
    await site.dr(0, ...RESTORE);
    expect((await lstat(path)).isDirectory()).toBe(true);
    expect(await readFile(join(path, 'a', 'one'), 'utf8')).toBe('first');
  });
});

test('a folder without a file of its own is refused with the place of its data, and a circle too', async () => {
  await withSmallSite({ workloads: ['uploads'] }, async (site) => {
    const path = site.paths.folder('uploads');
    await mkdir(join(site.folder, 'disk', '2026'), { recursive: true });
    await writeFile(join(site.folder, 'disk', '2026', 'one'), 'first');
    await mkdir(path, { recursive: true });
    await symlink(join(site.folder, 'disk', '2026'), join(path, '2026'));
    const said = await site.dr(1, ...BACKUP);
    expect(said).toContain('holds no file of its own');
    expect(said).toContain(join(site.folder, 'disk', '2026'));
    expect(said).toContain('no recovery point was written');

    await rm(path, { recursive: true });
    await symlink(path, path);
    expect(await site.dr(1, ...BACKUP)).toContain('lead round in a circle');
    await rm(path);
    await symlink('/nowhere/at/all', path);
    expect(await site.dr(1, ...BACKUP)).toContain('leads to /nowhere/at/all, which is not a folder');
  });
});

test('blobs of an image behind a link are refused, and a deep verification never reads them', async () => {
  await withSmallSite({ workloads: ['images'] }, async (site) => {
    const path = site.paths.folder('images');
    await writeTree(path, imageLayout(['order-service'], 7).files);
    await site.dr(0, ...BACKUP);
    await site.dr(0, 'verify', '--deep');

    // Inside of the folder, by an absolute link: the copy holds them, and the trial reads those of the copy.
    await mkdir(join(path, 'shared'));
    await rename(join(path, 'blobs'), join(path, 'shared', 'blobs'));
    await symlink(join(path, 'shared', 'blobs'), join(path, 'blobs'));
    await site.dr(0, ...BACKUP);
    await rename(path, `${path}-away`);
    await site.dr(0, 'verify', '--deep');
    await rename(`${path}-away`, path);

    await rename(join(path, 'shared'), join(site.folder, 'shared'));
    await rm(join(path, 'blobs'));
    await symlink(join(site.folder, 'shared', 'blobs'), join(path, 'blobs'));
    const said = await site.dr(1, ...BACKUP);
    expect(said).toMatch(/images +failed: a link leads to \S+shared\/blobs/);
  });
});
