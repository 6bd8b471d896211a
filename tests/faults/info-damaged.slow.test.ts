/** pgBackRest's info files: damage of one is found before the other goes too; damage of both is no noise and names who holds the points. */
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dr, drEnds, withGolden } from './golden.ts';

async function flip(file: string): Promise<void> {
  const bytes = await readFile(file);
  await writeFile(file, bytes.fill(0x55, bytes.length / 2, bytes.length / 2 + 40));
}

test('one of two, then both', async () => {
  await withGolden(async ({ repositories, emptySite, facts }) => {
    const site = await emptySite('second', { workloads: ['postgres'] });
    const info = join(repositories, 'local/drill/pgbackrest/first-1/backup/go-coffee/backup.info');
    await flip(info);
    const one = await drEnds(5, site.envFile, ['verify', '--repository', 'local']);
    expect(one.stdout).toMatch(
      /WRONG INFO-COPY local: backup\.info of first-1: it is damaged, and backup\.info\.copy is good/,
    );
    await flip(`${info}.copy`);
    const both = await drEnds(5, site.envFile, ['verify', '--repository', 'local']);
    expect(both.stdout).toContain('secondary holds the same points: --from secondary');
    expect(`${both.stdout}${both.stderr}`).not.toMatch(/\uFFFD/);
    for (const target of [facts.points.incremental, 'latest']) {
      const { stderr } = await dr(site.envFile, [
        'restore',
        '--to',
        target,
        '--from',
        'local',
        '--only',
        'postgres',
        '--dry-run',
      ]);
      expect(stderr).toContain(
        `hint: secondary holds the same copies by its catalog: dr restore --to ${target} --from secondary --only postgres; `,
      );
    }
    // Cut short they look like a wrong passphrase, which opens the others.
    for (const file of [info, `${info}.copy`]) await truncate(file, 50);
    const cut = await dr(site.envFile, [
      'restore',
      '--to',
      'latest',
      '--from',
      'local',
      '--only',
      'postgres',
      '--dry-run',
    ]);
    expect(cut.stderr).toMatch(/^DR-REPOSITORY-DAMAGED repository local: /m);
    const status = await drEnds(5, site.envFile, ['repository', 'status', 'local']);
    expect(status.stdout).toContain('WRONG first-1: a file of the repository is damaged');
    // What no repository has is not offered.
    const never = await drEnds(2, site.envFile, [
      'restore',
      '--to',
      '20200101T000000Z-full-0000',
      '--from',
      'local',
      '--dry-run',
    ]);
    expect(never.stderr).toContain('hint: no other repository has it; ');
    await drEnds(0, site.envFile, [
      'restore',
      '--to',
      'latest',
      '--from',
      'secondary',
      '--only',
      'postgres',
      '--dry-run',
    ]);
  });
});
