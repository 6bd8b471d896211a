/** A missing, unreadable or wrong key is reported as such, never as corruption. Corruption is not reported as a wrong key. */
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Environment } from '../../recovery/config/environment.ts';
import { drEnds, type Golden, withGolden } from './golden.ts';
import { flipByte, verify } from './verify-dr.ts';

const CORRUPTION = /corrupt|damaged|WRONG [A-Z]|verdict|lost/;

/** `local` opens with these passphrases, named as given. */
function withPassphrases(...names: readonly (readonly [name: string, file: string])[]) {
  return (environment: Environment): Environment => {
    const local = environment.repositories.local as Environment['repositories'][string];
    const passphrases = names.map(([name, file]) => ({ name, from: { file } }));
    return { ...environment, repositories: { ...environment.repositories, local: { ...local, passphrases } } };
  };
}

async function refused(golden: Golden, envFile: string, code: string): Promise<string> {
  const { stderr } = await drEnds(2, envFile, ['verify', '--repository', 'local', '--read-data', '0']);
  expect(stderr).toContain(code);
  expect(stderr).not.toMatch(CORRUPTION);
  const right = (await readFile(join(golden.keys, 'secondary'), 'utf8')).trim();
  expect(stderr).not.toContain(right);
  return stderr;
}

test('a missing, unreadable or wrong key is reported as such', async () => {
  await withGolden(async (golden) => {
    const key = (name: string) => join(golden.keys, name);
    const site = await golden.emptySite('second');
    const { envFile } = site;

    // Missing.
    await rename(key('local'), key('away'));
    expect(await refused(golden, envFile, 'SECRET-MISSING')).toContain('the backups are intact');
    // The other repository is still verified.
    const { repositories } = await verify(2, envFile, ['--read-data', '0']);
    expect(repositories.map(({ id, status }) => `${id} ${status}`)).toEqual(['local unusable', 'secondary ok']);
    expect(repositories[0]?.error?.code).toBe('SECRET-MISSING');

    // Not readable: root reads any file, but not a folder.
    await mkdir(key('local'), { mode: 0o700 });
    await refused(golden, envFile, 'SECRET-UNREADABLE');

    // Wrong for everything; wrong for PostgreSQL's sets alone, which name the passphrase that they were made with.
    await writeFile(key('other'), 'not the passphrase', { mode: 0o600 });
    const wrong = await golden.emptySite('third', { edit: withPassphrases(['local-1', key('other')]) });
    expect(await refused(golden, wrong.envFile, 'PASSPHRASE-WRONG')).toContain('probably intact');
    const edit = withPassphrases(['local-2', key('away')], ['local-1', key('other')]);
    const half = await golden.emptySite('fourth', { edit });
    expect(await refused(golden, half.envFile, 'PASSPHRASE-WRONG')).toContain('"local-1"');
    const unknown = await golden.emptySite('fifth', { edit: withPassphrases(['local-2', key('away')]) });
    expect(await refused(golden, unknown.envFile, 'PASSPHRASE-UNKNOWN')).toContain('"local-1"');
  });
});

test('damage that looks like a wrong passphrase is reported as damage', async () => {
  await withGolden(async (golden) => {
    const { envFile } = await golden.emptySite('second');
    const repository = join(golden.repositories, 'local/drill');
    const backups = join(repository, 'pgbackrest/first-1/backup/go-coffee');
    // The last block decides whether decryption succeeds.
    for (const name of ['backup.info', 'backup.info.copy']) await flipByte(join(backups, name), 1);
    const args = ['--repository', 'local', '--read-data', '0'];
    const damaged = await verify(5, envFile, args);
    expect(damaged.repositories[0]?.findings.map(({ code }) => code)).toEqual(['INFO-DAMAGED']);

    const keys = join(repository, 'restic/keys');
    expect(await readdir(keys)).toHaveLength(1);
    await rename(keys, join(golden.folder, 'keys-aside'));
    const keyless = await verify(5, envFile, args);
    expect(keyless.repositories[0]?.findings.map(({ code }) => code)).toEqual(['RESTIC-KEYS-MISSING', 'INFO-DAMAGED']);
    expect(keyless.repositories[0]?.findings[0]?.fact).toContain('probably intact');
  });
});
