/** A restore is interrupted and somebody corrects dr.yaml: its plan was agreed to for other places, so a new one is made and asked for. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drEnds, editEnvironment, withGolden } from './golden.ts';
import { killAtLine } from './journal-watch.ts';

const RESTORE = ['restore', '--to', 'latest', '--from', 'local', '--no-backup'];

test('another folder that holds files is not overwritten by what was agreed to before', async () => {
  await withGolden(async ({ emptySite, facts }) => {
    const site = await emptySite('second', { workloads: ['uploads'] });
    const { hit } = await killAtLine(site, RESTORE, (name) => name === 'uploads/copy start');
    expect(hit).toBe('uploads/copy start');
    const other = join(site.paths.root, 'other uploads');
    await mkdir(other);
    await writeFile(join(other, 'unsaved.jpg'), 'only here');
    await editEnvironment(site.envFile, (e) => ({ ...e, folders: { ...e.folders, uploads: { path: other } } }));

    const refused = await drEnds(7, site.envFile, RESTORE);
    expect(refused.stderr).toContain(`overwrite uploads in ${other}`);
    expect(await readFile(join(other, 'unsaved.jpg'), 'utf8')).toBe('only here');
    const done = await drEnds(0, site.envFile, [...RESTORE, '--confirm', 'drill', '-o', 'json']);
    expect(done.stderr).toContain(`uploads goes to ${other} now`);
    expect(JSON.parse(done.stdout)).toMatchObject({ ready: true, resumed: false });
    expect(facts.folders.uploads.entries.length).toBeGreaterThan(0);
  });
});
