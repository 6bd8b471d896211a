/** What a newer version of dr has written is not absent: it is named, with the version that reads it, and nothing older passes for it. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { canonicalJson } from '../../plan/digest.ts';
import { readLineage } from '../../recovery/config/lineage.ts';
import { readKeyring } from '../../recovery/points/catalog/keyring.ts';
import { signDocument } from '../../recovery/points/signing.ts';
import { forgeIn } from './forge-point.ts';
import { dr, drEnds, withGolden } from './golden.ts';

test('points, journals and the record of the lineage', async () => {
  await withGolden(async ({ emptySite, repositories, facts }) => {
    const site = await emptySite('second', { workloads: ['uploads'] });
    const { site: opened } = await forgeIn(site);
    const key = (await readKeyring(opened)).signingKey();
    const folder = join(repositories, 'local/drill/catalog/v1/points');
    const { signature: _, ...point } = JSON.parse(
      await readFile(join(folder, `${facts.points.incremental}.json`), 'utf8'),
    );
    const newer = async (id: string, fields: object): Promise<void> =>
      writeFile(join(folder, `${id}.json`), canonicalJson(signDocument({ ...point, id, ...fields }, key)));
    const [v2, field] = ['20361123T000000Z-full-aaaa', '20361123T000100Z-full-bbbb'];
    await newer(v2, { apiVersion: 'go-coffee-dr/v2', tools: { dr: '2.0.1' } });
    await newer(field, { tools: { dr: '0.9.0' }, sealedBy: 'somebody' });

    const latest = await dr(site.envFile, ['restore', '--to', 'latest', '--from', 'local', '--confirm', 'drill']);
    expect(latest.exitCode, latest.stderr).toBe(2);
    expect(latest.stderr).toMatch(
      /^DR-POINT-UNREADABLE target in local: local holds newer points that this version of dr can't read:$/m,
    );
    expect(latest.stderr).toContain(
      `${v2}: its format is "go-coffee-dr/v2", and this version reads "go-coffee-dr/v1"; dr 2.0.1 wrote it`,
    );
    expect(latest.stderr).toContain('dr 0.9.0 wrote it');
    expect(latest.stderr).toContain(`for the newest point that this version reads: --to ${facts.points.incremental}`);
    for (const argv of [
      ['restore', '--to', v2, '--from', 'local', '--confirm', 'drill'],
      ['points', 'show', v2],
    ]) {
      const named = await dr(site.envFile, argv);
      expect(named.exitCode, named.stderr).toBe(2);
      expect(named.stderr).toContain(`DR-POINT-UNREADABLE ${v2} in local: this version of dr can't read the point`);
    }
    const list = await dr(site.envFile, ['points', 'list']);
    expect(list.stdout).toContain('go-coffee-dr/v2');
    await drEnds(0, site.envFile, ['restore', '--to', facts.points.incremental, '--from', 'local', '--dry-run']);

    // An unfinished restore of another version, and a journal that nobody may read.
    const journals = join(site.paths.state, 'journal');
    await mkdir(journals, { recursive: true });
    const journal = join(journals, 'restore-20361123T000000000Z.jsonl');
    const restore = ['restore', '--to', facts.points.incremental, '--from', 'local', '--confirm', 'drill'];
    await writeFile(journal, `${JSON.stringify({ event: 'begun', version: 2, dr: '2.0.1' })}\n`);
    const other = await dr(site.envFile, restore);
    expect(other.exitCode).not.toBe(0);
    expect(other.stderr).toMatch(
      /^DR-JOURNAL-UNREADABLE \S+ line 1: is of a format that this version of dr does not know: .*dr 2\.0\.1/m,
    );
    await writeFile(journal, '');
    await writeFile(join(site.paths.state, 'lineage.json'), JSON.stringify({ generation: 3, format: 2 }));
    const record = await readLineage(opened).catch((error: unknown) => error);
    expect(record).toMatchObject({
      code: 'LINEAGE-UNREADABLE',
      fact: expect.stringContaining('format that this version'),
    });
  });
});
