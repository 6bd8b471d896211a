/** What `dr backup` writes opens with the engines alone: it runs the lines of docs/without-this-program.md as they are. */
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { expect, test } from 'vitest';
import { drClient } from '../../drill/dr-client.ts';
import { makeOwnedFolder } from '../../recovery/core/account.ts';
import { findPostgresBin } from '../../recovery/engines/find.ts';
import { folderFingerprint } from '../../recovery/workloads/files/fingerprint.ts';
import { withPlatform } from '../platform.ts';

async function documentedLines(): Promise<string> {
  const text = await readFile(fileURLToPath(new URL('../../docs/without-this-program.md', import.meta.url)), 'utf8');
  const lines = /<!-- raw-restore -->\n```sh\n([\s\S]*?)\n```/.exec(text)?.[1];
  if (lines === undefined) throw new Error('docs/without-this-program.md has no raw-restore lines');
  return lines;
}

test('raw pgbackrest and restic restore a repository of dr, by the documented lines', {
  timeout: 180_000,
}, async () => {
  const script = await documentedLines();
  await withPlatform({}, async ({ folder, platform }) => {
    const dr = drClient({ envFile: platform.envFile, logFile: join(folder, 'dr.log') });
    await dr.run(['init', '--restart']);
    await dr.run(['backup', '--kind', 'full', '--only', 'postgres,uploads']);
    const source = await platform.postgres();
    const before = (await source.query('SELECT count(*), sum(total_cents) FROM orders')).rows;
    await source.end();
    await platform.stop();

    const work = join(folder, 'raw');
    await makeOwnedFolder(work, platform.runAs);
    const data = join(work, 'data');
    await makeOwnedFolder(data, platform.runAs);
    await chmod(data, 0o700);
    const local = platform.environment.repositories.local;
    if (local?.type !== 'posix') throw new Error('the platform has a local repository');
    const [passphrase] = local.passphrases;
    if (!passphrase || !('file' in passphrase.from)) throw new Error('its passphrase is in a file');
    await platform.run(['chmod', '-R', 'a+rX', join(local.path, platform.environment.name, 'restic')]);
    const file = join(work, 'raw-restore.sh');
    await writeFile(file, `set -eu\n${script}\n`, { mode: 0o644 });
    const bin = await findPostgresBin();
    const env = {
      REPOSITORY: local.path,
      ENVIRONMENT: platform.environment.name,
      LINEAGE: `${platform.environment.site}-1`,
      PASSPHRASE_FILE: passphrase.from.file,
      DATA: data,
      FILES: join(work, 'files'),
      PATH: `${bin}:${process.env.PATH}`,
    };
    try {
      await platform.run(['sh', file], { as: platform.runAs, cwd: work, env });
      const client = new pg.Client({
        host: data,
        port: platform.environment.postgres?.port ?? 5432,
        user: 'postgres',
        database: 'go_coffee',
      });
      await client.connect();
      const after = (await client.query('SELECT count(*), sum(total_cents) FROM orders')).rows;
      await client.end();
      expect(after).toEqual(before);
      const restored = await folderFingerprint(join(work, 'files', platform.paths.folder('uploads')));
      expect(restored).toEqual(await folderFingerprint(platform.paths.folder('uploads')));
    } finally {
      await platform.run([join(bin, 'pg_ctl'), '-D', data, '-m', 'immediate', 'stop'], {
        as: platform.runAs,
        cwd: work,
        accept: [0, 1, 3, 4],
      });
    }
  });
});
