/**
 * A kill leaves a new lineage's archive half-made: one of its two info files exists, and pgBackRest alone would refuse it for ever.
 * `dr` makes it anew.
 */
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSite } from '../../recovery/config/site.ts';
import { openPgBackRest } from '../../recovery/engines/pgbackrest/pgbackrest.ts';
import { createStanza } from '../../recovery/engines/pgbackrest/sets.ts';
import { withGolden } from './golden.ts';

test('a half-made archive is made anew; one that holds anything is left as it is', async () => {
  await withGolden(async ({ repositories, startSource }) => {
    const { envFile } = await startSource();
    const site = await openSite(envFile);
    const lineage = 'first-9';
    const pg = await openPgBackRest(site, { lineage, repositories: [...site.repositories.values()], role: 'writer' });
    const folder = (repository: string, part: string): string =>
      join(repositories, repository, 'drill/pgbackrest', lineage, part, 'go-coffee');
    const info = async (repository: string, part: string): Promise<string[]> =>
      (await readdir(folder(repository, part))).filter((name) => name.includes('.info')).sort();

    await createStanza(pg, { online: true });
    const archive = await info('local', 'archive');
    expect(archive).toEqual(['archive.info', 'archive.info.copy']);
    for (const name of await info('local', 'backup')) await rm(join(folder('local', 'backup'), name));
    for (const name of await info('secondary', 'archive')) await rm(join(folder('secondary', 'archive'), name));
    await createStanza(pg, { online: true });
    for (const repository of ['local', 'secondary']) {
      expect(await info(repository, 'archive')).toEqual(archive);
      expect(await info(repository, 'backup')).toEqual(['backup.info', 'backup.info.copy']);
    }

    for (const name of await info('local', 'backup')) await rm(join(folder('local', 'backup'), name));
    await writeFile(join(folder('local', 'archive'), 'a-segment'), 'somebody archived here');
    await expect(createStanza(pg, { online: true })).rejects.toThrow(
      'archive.info exists but backup.info is missing on repo1',
    );
    expect(await readdir(folder('local', 'archive'))).toEqual(['a-segment', ...archive]);
  });
});
