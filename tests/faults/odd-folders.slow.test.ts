/** What a folder may be and hold: a mount point, names that are no text, a template among the manifests. It comes back as it was. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Platform } from '../../drill/platform/platform.ts';
import type { Environment } from '../../recovery/config/environment.ts';
import { editEnvironment } from './golden-make.ts';
import { killAtLine } from './journal-watch.ts';
import { withSmallSite } from './small-site.ts';

const RESTORE = ['restore', '--to', 'latest', '--no-backup', '--confirm', 'drill'];
const BACKUP = ['backup', '--kind', 'full'];

test('names that are no text, and YAML that never parsed', async () => {
  await withSmallSite({ workloads: ['uploads', 'manifests'] }, async (site) => {
    const [uploads, manifests] = [site.paths.folder('uploads'), site.paths.folder('manifests')];
    await mkdir(uploads, { recursive: true });
    await mkdir(manifests, { recursive: true });
    const latin = Buffer.concat([Buffer.from(`${uploads}/caf`), Buffer.from([0xe9]), Buffer.from('.txt')]);
    await writeFile(latin, 'coffee');
    await writeFile(join(manifests, 'template.yaml'), 'a: {{ .Values.a }}: b\n  - {{- if }}\n');
    await writeFile(join(manifests, 'good.yaml'), 'a: 1\n');
    await site.dr(0, ...BACKUP);
    await site.dr(0, 'verify', '--deep');
    await rm(uploads, { recursive: true });
    await rm(manifests, { recursive: true });
    await site.dr(0, ...RESTORE);
    expect(await readFile(latin, 'utf8')).toBe('coffee');
    expect(await readFile(join(manifests, 'template.yaml'), 'utf8')).toContain('{{ .Values.a }}');
    expect(await site.dr(0, 'assess')).not.toContain('bug');
  });
});

/** Its start holds a restore until the file is there: then one can be killed while it lasts. */
const waitsFor = (file: string): Environment['services'] => ({
  'auth-service': { start: ['sh', '-c', 'until [ -e "$1" ]; do sleep 0.05; done', 'sh', file], stop: ['true'] },
});

test.runIf(process.getuid?.() === 0)('a mount point: its contents are swapped', async () => {
  const edit = (e: Environment, { paths }: Platform) => ({ ...e, services: waitsFor(join(paths.root, 'go')) });
  await withSmallSite({ workloads: ['uploads'], edit }, async (site) => {
    const path = site.paths.folder('uploads');
    await mkdir(path, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', 'none', path]);
    try {
      await mkdir(join(path, 'a'));
      await writeFile(join(path, 'a', 'one'), 'first');
      await chmod(path, 0o2775);
      await site.dr(0, ...BACKUP);
      await writeFile(join(path, 'a', 'one'), 'changed');
      await writeFile(join(path, 'newer'), 'not in the point');
      await chmod(path, 0o700);
      const { hit } = await killAtLine(site, RESTORE, (name) => name === 'uploads/swap done');
      expect(hit).toBeDefined();
      // Of the same length: no count of files or bytes tells.
      await writeFile(join(path, 'a', 'one'), 'fir5t');
      await writeFile(join(site.paths.root, 'go'), '');
      expect(await site.dr(0, ...RESTORE)).toContain('was changed after it was laid down');
      expect(await readFile(join(path, 'a', 'one'), 'utf8')).toBe('first');
      expect((await readdir(path)).sort()).toEqual(['a']);
      expect((await stat(path)).mode & 0o7777).toBe(0o2775);
      await site.dr(0, ...BACKUP);

      // A mount inside of it would be left out of the swap, and emptied by what follows.
      mkdirSync(join(path, 'a', 'inner'));
      execFileSync('mount', ['-t', 'tmpfs', 'none', join(path, 'a', 'inner')]);
      expect(await site.dr(6, ...RESTORE)).toMatch(/FOLDER-HOLDS-MOUNT .*a\/inner/);
    } finally {
      execFileSync('umount', ['-l', path]);
    }
  });
});

test('a path that is too long for the place of a restore: the copy is not called damaged', async () => {
  await withSmallSite({ workloads: ['uploads'] }, async (site) => {
    const uploads = site.paths.folder('uploads');
    await mkdir(uploads, { recursive: true });
    await writeFile(join(uploads, 'one'), 'first');
    const part = 'd'.repeat(200);
    // Longer than any system call takes at once once it lies below another folder.
    const depth = Math.floor((4090 - uploads.length) / (part.length + 1));
    await mkdir(join(uploads, ...Array<string>(depth).fill(part)), { recursive: true });
    expect(await site.dr(0, ...BACKUP)).toMatch(
      /a path below .* has \d+ bytes: a restore lays it down below a longer one/,
    );
    const tried = await site.dr(1, 'verify', '--deep');
    expect(tried).toMatch(/DR-TARGET-REFUSES .*the file system of the target does not take this: .*file name too long/);
    // Before any service is stopped.
    const refused = await site.dr(6, ...RESTORE);
    expect(refused).toMatch(/DR-TARGET-REFUSES uploads: a path of the copy would have \d+ bytes/);
    for (const said of [tried, refused]) expect(said).not.toMatch(/SNAPSHOT-DAMAGED|WRONG/);
    expect((await readdir(site.paths.root)).filter((name) => /-new\.\d+$/.test(name))).toEqual([]);
    expect(await readFile(join(uploads, 'one'), 'utf8')).toBe('first');
  });
});

test('a folder that a new environment file has forgotten is named', async () => {
  await withSmallSite({ workloads: ['uploads', 'manifests'] }, async (site) => {
    for (const name of ['uploads', 'manifests'] as const) {
      await mkdir(site.paths.folder(name), { recursive: true });
      await writeFile(join(site.paths.folder(name), 'one.txt'), name);
    }
    await site.dr(0, ...BACKUP);
    expect(await site.dr(0, ...RESTORE)).not.toContain('also holds');
    await editEnvironment(site.envFile, ({ folders: { uploads: _, ...folders }, ...rest }) => ({ ...rest, folders }));
    expect(await site.dr(0, ...RESTORE)).toContain('note: local also holds uploads: the environment file has no place');
    expect(await site.dr(0, ...RESTORE, '--only', 'manifests')).not.toContain('also holds');
  });
});
