/** S3 answers 503 three times. The restore succeeds and reports its retries. */
import { expect, test } from 'vitest';
import { expectNoSecrets, expectWhole } from './evidence.ts';
import { drEnds } from './golden.ts';
import { withGoldenS3 } from './golden-s3.ts';

test('three times 503 to the catalog and to each engine', async () => {
  await withGoldenS3(async (golden) => {
    const site = await golden.s3Site('second', ['postgres', 'uploads']);
    const left: Record<string, number> = { catalog: 3, pgbackrest: 3, restic: 3 };
    golden.proxy.decide = (method, url) => {
      const who = Object.keys(left).find((name) => url.includes(`/${name}/`) || url.includes(`%2F${name}%2F`));
      if (method === 'PUT' || who === undefined || !left[who]) return 'pass';
      left[who] -= 1;
      return 'unavailable';
    };
    const result = await drEnds(0, site.envFile, ['restore', '--to', 'latest', '--no-backup']);
    expect(left).toEqual({ catalog: 0, pgbackrest: 0, restic: 0 });
    // pgBackRest and restic retry silently; `dr` reports its own retries.
    expect(result.stderr.match(/S3 call retried .*attempt":[234].*ServiceUnavailable/g)).toHaveLength(3);
    await expectWhole(site, golden.facts);
    await expectNoSecrets(golden, site, [result]);
  });
});
