/** A key that root may read and PostgreSQL's account may not: the folder or the file that bars it is named. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { silentLog } from '../../../../../recovery/core/log.ts';
import { makeRun } from '../../../../../recovery/core/process.ts';
import { refuseUnreadable } from '../../../../../recovery/workloads/postgres/archive/readable-secrets.ts';
import { scratch } from '../../../../scratch.ts';
import { GOOD, opened } from '../../../config/document.ts';

test.runIf(process.getuid?.() === 0)('a folder in the way is named, then the file, then nothing', async () => {
  const folder = await scratch();
  const { environment } = await opened(folder, GOOD);
  const site = { environment: { ...environment, runAs: 'nobody' }, run: makeRun(silentLog) };
  const keys = join(folder, 'my keys');
  const file = join(keys, 'local');
  await chmod(folder, 0o755);
  await mkdir(keys, { mode: 0o700 });
  await writeFile(file, 'secret', { mode: 0o600 });
  const asked = () => refuseUnreadable(site, { PGBACKREST_REPO1_CIPHER_PASS: { file } }, []);
  await expect(asked()).rejects.toMatchObject({
    code: 'SECRET-UNREADABLE',
    fact: expect.stringContaining(`the folder ${keys} does not let it pass`),
    hint: expect.stringContaining(`chmod o+x '${keys}'`),
  });
  await chmod(keys, 0o755);
  await expect(asked()).rejects.toMatchObject({ hint: `chown root:nobody '${file}' && chmod 0640 '${file}'` });
  await chmod(file, 0o644);
  await expect(asked()).resolves.toBeUndefined();

  // The certificate authority of a repository too; it is no secret.
  const ca = join(keys, 'ca.pem');
  await writeFile(ca, '', { mode: 0o600 });
  const checked = () => refuseUnreadable(site, {}, [ca]);
  await expect(checked()).rejects.toMatchObject({ hint: `it is no secret: chmod a+r '${ca}'` });
  await chmod(ca, 0o644);
  await expect(checked()).resolves.toBeUndefined();
});
