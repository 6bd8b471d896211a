/** Forged points, marks, fences and snapshots: they stop no backup, `dr points` counts them, and `dr repository clean` removes them. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSite } from '../../recovery/config/site.ts';
import { openRestic } from '../../recovery/engines/restic/restic.ts';
import { dr, drEnds, withGolden } from './golden.ts';

const FORGED = 40;

test('unsigned objects are counted in one line, stop nothing, and are removed', async () => {
  await withGolden(async (golden) => {
    const source = await golden.startSource();
    const local = (...path: readonly string[]): string => join(golden.repositories, 'local/drill', ...path);
    const point = JSON.parse(await readFile(local('catalog/v1/points', `${golden.facts.points.full}.json`), 'utf8'));
    for (let i = 0; i < FORGED; i += 1) {
      const id = golden.facts.points.full.replace(/[0-9a-f]{4}$/, i.toString(16).padStart(4, '0'));
      await writeFile(local('catalog/v1/points', `${id}.json`), JSON.stringify({ ...point, id }));
    }
    const marks = local('marks', golden.facts.points.incremental);
    await mkdir(marks, { recursive: true });
    await writeFile(join(marks, '20260101T000000000Z-ffff-compromised.json'), '{}');
    await mkdir(local('locks'), { recursive: true });
    await writeFile(local('locks/fence-first-1.json'), '{"kind":"Fence"}');
    const site = await openSite(source.envFile);
    const restic = openRestic(site, site.repository('local'), 'writer');
    await restic.run([
      'backup',
      '--force',
      '--tag',
      'workload=uploads',
      '--tag',
      'run=x',
      '--host',
      'first',
      '/etc/hostname',
    ]);
    const before = await restic.snapshots();

    const shown = await dr(source.envFile, ['points']);
    expect(shown.exitCode).toBe(5);
    expect(shown.stdout.split('\n').filter((line) => line.includes('TAMPERED'))).toEqual([
      expect.stringContaining(`local: ${FORGED + 1} documents`),
    ]);
    expect(shown.stdout.split('\n').length).toBeLessThan(40);
    await drEnds(0, source.envFile, ['backup', '--kind', 'incremental', '--only', 'uploads']);

    const listed = await drEnds(0, source.envFile, ['repository', 'clean', 'local']);
    expect(listed.stdout).toContain(`${FORGED} points, 1 mark, 1 fence, 1 snapshot without a good signature`);
    expect(await readdir(local('catalog/v1/points'))).toHaveLength(FORGED + 3);
    expect((await dr(source.envFile, ['repository', 'clean', 'local', '--confirm', 'wrong'])).exitCode).toBe(7);
    await drEnds(0, source.envFile, ['repository', 'clean', 'local', '--confirm', 'drill']);
    expect(await readdir(local('catalog/v1/points'))).toHaveLength(3);
    expect(await readdir(local('locks'))).not.toContain('fence-first-1.json');
    // The signed ones are all there: one more of the backup, one less that was forged.
    expect(await restic.snapshots()).toHaveLength(before.length);
    await drEnds(0, source.envFile, ['points']);
  });
});
