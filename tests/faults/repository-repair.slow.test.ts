/** `dr repository status` names what is missing, and `repair` puts right what the repository still holds. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dr, drEnds, withGolden } from './golden.ts';

test('lists of pgBackRest, restic’s index and a removed point', async () => {
  await withGolden(async (golden) => {
    const { envFile } = await golden.emptySite('looks');
    const local = (...path: readonly string[]): string => join(golden.repositories, 'local/drill', ...path);
    const intact = await drEnds(0, envFile, ['repository', 'status']);
    expect(intact.stdout).toContain(`secondary remembers ${golden.facts.points.incremental}`);
    expect(intact.stdout.match(/nothing is missing/g)).toHaveLength(2);

    const info = local('pgbackrest/first-1/backup/go-coffee/backup.info');
    const bytes = await readFile(info);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await writeFile(info, bytes);
    await rm(local('pgbackrest/first-1/archive/go-coffee/archive.info.copy'));
    for (const name of await readdir(local('restic/index'))) await rm(local('restic/index', name));
    await rm(local('catalog/v1/points', `${golden.facts.points.incremental}.json`));
    const broken = await dr(envFile, ['repository', 'status', 'local']);
    expect(broken.exitCode).toBe(5);
    expect(broken.stdout).toContain('backup.info is damaged');
    expect(broken.stdout).toContain('archive.info.copy is missing');
    expect(broken.stdout).toContain(`the point ${golden.facts.points.incremental} was removed`);

    const args = ['repository', 'repair', 'local', '--accept-removed'];
    const planned = await drEnds(0, envFile, [...args, '--dry-run']);
    expect(planned.stdout).toContain('let restic make its index again');
    expect((await readFile(info)).equals(bytes)).toBe(true);
    await drEnds(0, envFile, [...args, '--confirm', 'local']);
    await drEnds(0, envFile, ['repository', 'status', 'local']);
    await drEnds(0, envFile, ['verify', '--repository', 'local', '--read-data', '0']);
  });
});
