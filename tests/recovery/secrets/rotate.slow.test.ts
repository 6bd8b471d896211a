/** `dr secrets rotate` on a host with real servers: the old secrets are tried and refused, and what exists is still read. */
import { createHash } from 'node:crypto';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { scramVerifier } from '../../../recovery/secrets/servers.ts';
import { drEnds, withGolden } from '../../faults/golden.ts';

interface Report {
  readonly rotated: readonly { readonly id: string; readonly file: string; readonly old: string }[];
  readonly failed: readonly unknown[];
  readonly kept: readonly { readonly id: string }[];
}

test('a verifier of PostgreSQL is salted and holds no password', async () => {
  const [one, two] = [await scramVerifier('coffee'), await scramVerifier('coffee')];
  expect(one).toMatch(/^SCRAM-SHA-256\$4096:[\w+/=]{24}\$[\w+/=]{44}:[\w+/=]{44}$/);
  expect(one).not.toBe(two);
});

test('every secret of a host is replaced, and the old ones open nothing', async () => {
  await withGolden(async (golden) => {
    const site = await golden.startSource();
    // As a person keeps it, with a comment.
    await writeFile(site.envFile, `# by hand\n${await readFile(site.envFile, 'utf8')}`);
    const { redis: settings } = site.environment;
    const passwordFile = settings?.password && 'file' in settings.password ? settings.password.file : '';
    const old = await readFile(passwordFile, 'utf8');
    const admin = await site.postgres();
    await admin.query("ALTER ROLE auth_service PASSWORD 'known-before'");
    await admin.end();
    const before = await site.redis();
    await before.call('ACL', 'SETUSER', 'shop', 'on', '>shop-password', '~*', '+@all');
    before.disconnect();

    const dry = await drEnds(0, site.envFile, ['secrets', 'rotate', '--dry-run']);
    expect(dry.stdout).toContain('- replace postgres/auth_service');
    expect(
      (await drEnds(2, site.envFile, ['secrets', 'rotate', '--only', 'postgres/auth', '--dry-run'])).stderr,
    ).toContain('Did you mean "postgres/auth_service"?');
    const { stdout, stderr } = await drEnds(0, site.envFile, ['secrets', 'rotate', '--confirm', 'drill', '-o', 'json']);
    const { rotated, failed } = JSON.parse(stdout) as Report;
    expect(failed).toEqual([]);
    const by = new Map(rotated.map((each) => [each.id, each]));
    expect([...by.keys()]).toEqual(
      expect.arrayContaining([
        'postgres/auth_service',
        'redis/default',
        'redis/shop',
        'repository/local',
        'repository/secondary',
        'signing',
      ]),
    );
    expect(by.get('redis/default')).toMatchObject({ file: passwordFile, old: 'refused' });

    // PostgreSQL: the old one is dead, the new one is in its file and nowhere in the output.
    const file = by.get('postgres/auth_service')?.file ?? '';
    const fresh = await readFile(file, 'utf8');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(`${stdout}${stderr}`).not.toContain(fresh);
    await expect(site.postgres({ user: 'auth_service', password: 'known-before' })).rejects.toThrow(
      /password authentication/,
    );
    const client = await site.postgres({ user: 'auth_service', password: fresh });
    await client.end();

    // Redis: old ones refused; after a restart too.
    await expect(site.redis(old)).rejects.toThrow();
    const store = await site.redis(await readFile(passwordFile, 'utf8'));
    const shop = await readFile(by.get('redis/shop')?.file ?? '', 'utf8');
    expect(String(await store.call('ACL', 'LIST'))).toContain(createHash('sha256').update(shop).digest('hex'));
    store.disconnect();
    const conf = await readFile(settings?.configFile ?? '', 'utf8');
    expect(conf).not.toContain(old);

    // dr.yaml names the new ones first and keeps what a person wrote.
    const text = await readFile(site.envFile, 'utf8');
    expect(text.startsWith('# by hand\n')).toBe(true);
    const document = parse(text) as {
      signingKeys: { name: string }[];
      repositories: { local: { passphrases: { name: string }[] } };
    };
    expect(document.signingKeys).toHaveLength(2);
    expect(document.signingKeys[0]?.name).toMatch(/^points-\d{14}$/);
    expect(document.repositories.local.passphrases.map(({ name }) => name)).toEqual([
      expect.stringMatching(/^local-\d{14}$/),
      'local-1',
    ]);

    // What exists is read, new copies are made, and the old passphrase alone opens no restic repository.
    await drEnds(0, site.envFile, ['verify', '--repository', 'local', '--read-data', '0']);
    await drEnds(0, site.envFile, ['backup', '--kind', 'incremental', '--repository', 'local', '--only', 'uploads']);
    const opened = await site.run(
      [
        'restic',
        '--no-cache',
        '-r',
        join(golden.repositories, 'local/drill/restic'),
        '--password-file',
        join(golden.keys, 'local'),
        'cat',
        'config',
      ],
      { accept: 'any' },
    );
    expect(opened.stderr).toContain('wrong password');
    await chmod(passwordFile, 0o600);
  });
});
