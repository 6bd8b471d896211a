/** A byte of a backup file is flipped: verification and restore name the file and its set. Likewise for WAL and backup manifests. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isReady, sourceDigests } from './evidence.ts';
import { drEnds, withGolden } from './golden.ts';
import { findings, whileDamaged } from './verify-dr.ts';

const LOCAL = ['--repository', 'local'];

test('a damaged set, manifest or WAL segment is named by verification and by the restore', async () => {
  await withGolden(async (golden) => {
    const { points, walAfterIncremental } = golden.facts;
    const site = await golden.emptySite('second', { workloads: ['postgres'] });
    const lineage = join(golden.repositories, 'local/drill/pgbackrest/first-1');
    const backups = join(lineage, 'backup/go-coffee');
    const [full = '', incremental = ''] = (await readdir(backups)).filter((name) => /^\d{8}-\d{6}F/.test(name)).sort();
    const before = await sourceDigests(golden);
    expect(await findings(0, site.envFile, [])).toEqual([]);

    // Decryption begins there: to pgBackRest this looks like a wrong passphrase.
    await whileDamaged(join(backups, full, 'bundle/1'), 'first byte flipped', async () => {
      const [found, ...others] = await findings(5, site.envFile, LOCAL);
      expect(others).toEqual([]);
      expect(found).toMatchObject({ code: 'SET-DAMAGED', area: 'postgres', what: `set ${full} (first-1)` });
      const [, file = ''] = /(pg_data\/\S+): invalid checksum/.exec(found?.fact ?? '') ?? [];
      expect(file).toMatch(/^pg_data\/./);
      // The incremental set is built on it.
      expect(found?.points).toEqual([points.full, points.incremental]);

      const restored = await drEnds(1, site.envFile, [
        'restore',
        '--to',
        points.full,
        '--from',
        'local',
        '--no-backup',
      ]);
      expect(restored.stdout + restored.stderr).toContain(`${full}/${file}: invalid checksum`);
      expect(isReady(site)).toBe(false);
      // The other repository is still fine.
      expect(await findings(0, site.envFile, ['--repository', 'secondary'])).toEqual([]);
    });

    await whileDamaged(join(backups, incremental, 'pg_data/backup_label.gz'), 'missing', async () => {
      const found = await findings(5, site.envFile, LOCAL);
      expect(found).toMatchObject([{ code: 'SET-DAMAGED', points: [points.incremental] }]);
      expect(found[0]?.fact).toContain('pg_data/backup_label.gz: file missing');
    });

    // Without both of its manifests pgBackRest 2.45 calls the stanza ok.
    await whileDamaged(join(backups, full, 'backup.manifest'), 'missing', async () => {
      await whileDamaged(join(backups, full, 'backup.manifest.copy'), 'missing', async () => {
        const found = await findings(5, site.envFile, LOCAL);
        expect(found).toMatchObject([{ code: 'SET-DAMAGED', what: `set ${full} (first-1)`, points: [points.full] }]);
      });
    });

    const segment = walAfterIncremental[2] as string;
    const archive = join(lineage, 'archive/go-coffee/15-1', segment.slice(0, 16));
    const wal = join(archive, (await readdir(archive)).find((name) => name.startsWith(`${segment}-`)) ?? '');
    await whileDamaged(wal, 'flipped', async () => {
      const found = await findings(5, site.envFile, LOCAL);
      expect(found).toMatchObject([{ code: 'WAL-DAMAGED', what: `WAL segment ${segment} (first-1)`, points: [] }]);
    });
    await whileDamaged(wal, 'missing', async () => {
      const found = await findings(5, site.envFile, [...LOCAL, '--read-data', '0']);
      expect(found).toMatchObject([{ code: 'WAL-GAP', what: `WAL segment ${segment} (first-1)` }]);
    });
    expect(await sourceDigests(golden)).toEqual(before);
  });
});
