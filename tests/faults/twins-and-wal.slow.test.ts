/** pgBackRest reads a copy where a file is damaged, without a word; and it takes a damaged WAL segment for the end of the WAL. */
import { readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drEnds, withGolden } from './golden.ts';

async function flip(file: string): Promise<void> {
  const bytes = await readFile(file);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 0xff;
  await writeFile(file, bytes);
}

async function files(root: string, name: RegExp): Promise<string[]> {
  const found = await readdir(root, { recursive: true, withFileTypes: true });
  return found.filter((each) => each.isFile() && name.test(each.name)).map((each) => join(each.parentPath, each.name));
}

test('a damaged manifest whose copy is good is named by verification and backup, and repaired', async () => {
  await withGolden(async (golden) => {
    const source = await golden.startSource();
    const sets = join(golden.repositories, 'local/drill/pgbackrest/first-1/backup/go-coffee');
    const last = await realpath(join(sets, 'latest'));
    const manifests = (await files(sets, /^backup\.manifest$/)).filter((file) => !file.includes('/latest/'));
    const whole = await Promise.all(manifests.map((file) => readFile(file)));
    for (const file of manifests) await (file.startsWith(last) ? rm(file) : flip(file));

    const verified = await drEnds(5, source.envFile, ['verify', '--repository', 'local']);
    expect(verified.stdout).toMatch(
      /WRONG INFO-COPY local: backup\.manifest of set \d{8}-\d{6}F \(first-1\): it is damaged/,
    );
    expect(verified.stdout).toMatch(/WRONG INFO-COPY local: backup\.manifest of set \S+I \(first-1\): it is missing/);
    expect(verified.stdout).toContain('dr repository repair local');
    expect(verified.stdout).toContain(golden.facts.points.full);

    const only = ['--only', 'postgres', '--repository', 'local'];
    const backup = await drEnds(3, source.envFile, ['backup', '--kind', 'incremental', ...only]);
    // Else pgBackRest would drop the set from its list.
    expect(backup.stdout).toMatch(/I\/backup\.manifest in local was missing, and is written again from its copy/);
    expect(backup.stdout).toMatch(
      /backup\.manifest in local is damaged, and \S+\.copy is good: dr repository repair local/,
    );

    await drEnds(0, source.envFile, ['repository', 'repair', 'local', '--confirm', 'local']);
    for (const [n, file] of manifests.entries())
      expect((await readFile(file)).equals(whole[n] ?? Buffer.alloc(0))).toBe(true);
    await drEnds(0, source.envFile, ['verify', '--repository', 'local']);
  });
});

test('a damaged WAL segment is named by verification and restore, and comes back from another repository', async () => {
  await withGolden(async (golden) => {
    const { walAfterIncremental, times } = golden.facts;
    const segment = walAfterIncremental[0] ?? '';
    const archive = join(golden.repositories, 'local/drill/pgbackrest/first-1/archive/go-coffee');
    const [file = ''] = await files(archive, new RegExp(`^${segment}-`));
    await flip(file);
    const repair = `dr repository repair local --wal ${segment}`;

    const site = await golden.emptySite('second', { workloads: ['postgres'] });
    const verified = await drEnds(5, site.envFile, ['verify', '--repository', 'local', '--all']);
    expect(verified.stdout).toContain(`WRONG WAL-DAMAGED local: WAL segment ${segment}`);
    expect(verified.stdout).toContain(repair);

    const restore = ['restore', '--from', 'local', '--no-backup', '--confirm', 'drill'];
    const refused = await drEnds(2, site.envFile, [...restore, '--to', times.lastCommit]);
    const [, moment = ''] = /up to then: --to (\S+)/.exec(refused.stderr) ?? [];
    const early = await drEnds(5, site.envFile, [...restore, '--to', moment]);
    const late = await drEnds(5, site.envFile, [...restore, '--to', 'latest']);
    for (const { stdout } of [early, late]) {
      expect(stdout).toContain(`WAL segment ${segment} is damaged`);
      expect(stdout).toContain(repair);
    }

    await drEnds(2, site.envFile, ['repository', 'repair', 'local', '--wal', 'none', '--confirm', 'local']);
    const done = await drEnds(0, site.envFile, [
      'repository',
      'repair',
      'local',
      '--wal',
      segment,
      '--confirm',
      'local',
    ]);
    expect(done.stdout).toContain('from secondary');
    await drEnds(0, site.envFile, ['verify', '--repository', 'local', '--all']);
    await drEnds(0, site.envFile, [...restore, '--to', 'latest']);
  });
});

test('a database whose name has a line break makes a set that nobody can read: the backup fails and names it', async () => {
  await withGolden(async (golden) => {
    const source = await golden.startSource();
    const admin = await source.postgres();
    try {
      await admin.query('create database "odd\nname"');
      const full = ['backup', '--kind', 'full', '--only', 'postgres', '--repository', 'local'];
      const failed = await drEnds(1, source.envFile, full);
      expect(failed.stdout).toContain('DR-SET-UNREADABLE');
      expect(failed.stdout).toContain('"odd\\nname"');
      await admin.query('alter database "odd\nname" rename to even');
      await drEnds(0, source.envFile, full);
      await drEnds(0, source.envFile, ['verify', '--repository', 'local']);
    } finally {
      await admin.end();
    }
  });
});
