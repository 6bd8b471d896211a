/** Until when certificates are good: read from real ones, and a file that is none says 0. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { expect, test } from 'vitest';
import type { Site } from '../../../../recovery/config/site.ts';
import { observeCertificates } from '../../../../recovery/status/monitor/observe-certificates.ts';
import { scratch } from '../../../scratch.ts';

test('a certificate has its date; what is missing or no certificate has none, and is named', async () => {
  const folder = await scratch();
  const good = join(folder, 'good.crt');
  const notAfterDate = new Date('2031-05-06T07:08:09Z');
  const { cert } = await generate([{ name: 'commonName', value: 'postgres' }], { notAfterDate });
  await writeFile(good, cert);
  const torn = join(folder, 'torn.crt');
  await writeFile(torn, cert.slice(0, 200));
  const said: string[] = [];
  const site = {
    environment: { certificates: { good, torn, gone: join(folder, 'gone.crt') } },
    log: { warn: (line: string) => said.push(line) },
  } as unknown as Site;
  expect(await observeCertificates(site)).toEqual([
    { name: 'good', expires: notAfterDate },
    { name: 'torn' },
    { name: 'gone' },
  ]);
  expect(said.sort()).toEqual([expect.stringContaining('ENOENT'), expect.stringContaining('certificate torn')]);
});
