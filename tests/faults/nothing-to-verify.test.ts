/** A repository whose catalog is gone verifies nothing, and must not be called ok: neither on a new host, nor when everything is gone. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withGolden } from './golden.ts';
import { verify } from './verify-dr.ts';

test('a repository without points is wrong, and the other one is still ok', async () => {
  await withGolden(async ({ repositories, emptySite }) => {
    const { envFile } = await emptySite('second');
    for (const lost of ['drill/catalog', 'drill']) {
      await rm(join(repositories, 'local', lost), { recursive: true });
      const report = await verify(5, envFile, []);
      expect(report.repositories.map(({ id, status }) => [id, status])).toEqual([
        ['local', 'wrong'],
        ['secondary', 'ok'],
      ]);
      // The other repository remembers the newest point, so that its removal is noticed too.
      expect(report.repositories[0]?.findings.map(({ code }) => code)).toEqual(['POINT-REMOVED', 'NO-POINTS']);
    }
  });
});
