/** What pgBackRest is told of a server on another host, and of a role instead of keys. */
import { expect, test } from 'vitest';
import { renderGetScript } from '../../../../recovery/engines/pgbackrest/archive-script.ts';
import { type ConfigPostgres, renderConfig } from '../../../../recovery/engines/pgbackrest/config.ts';
import { secretVariables } from '../../../../recovery/engines/pgbackrest/secrets.ts';
import type { S3RepositorySettings } from '../../../../recovery/storage/s3/settings.ts';

const HERE: ConfigPostgres = {
  dataDir: '/data',
  socketDir: '/run/postgresql',
  port: 5432,
  user: 'postgres',
  database: 'go_coffee',
};
const TLS = { port: 8432, ca: '/tls/ca.crt', certificate: '/tls/tls.crt', key: '/tls/tls.key' };
const BUCKET: S3RepositorySettings = {
  type: 's3',
  endpoint: 'https://s3.us-east-1.amazonaws.com',
  region: 'us-east-1',
  bucket: 'backups',
  uriStyle: 'host',
  passphrases: [{ name: 'first', from: { file: '/keys/primary' } }],
  writer: 'web-identity',
  restorer: { accessKeyId: { file: '/keys/id' }, secretAccessKey: { file: '/keys/secret' } },
};

const render = (postgres: ConfigPostgres, role: 'writer' | 'restorer' = 'writer'): string =>
  renderConfig({
    repositories: [{ settings: BUCKET, path: 'cluster/pgbackrest/fra1-3', role }],
    postgres,
    folder: '/state',
    processMax: 2,
  });

test('changed blocks alone are stored where the version is good for it, and only then', () => {
  const of = (blocks?: boolean) =>
    renderConfig({
      repositories: [{ settings: BUCKET, path: 'cluster/pgbackrest/fra1-3', role: 'writer' }],
      ...{ postgres: HERE, folder: '/state', processMax: 2, blocks },
    });
  // pgBackRest refuses blocks without bundles.
  expect(of(true)).toContain('repo1-bundle=y\nrepo1-block=y\n');
  for (const text of [of(false), of()]) expect(text).not.toContain('block');
});

test('a server of this host is no host at all', () => {
  expect(render(HERE)).not.toContain('pg1-host');
  // SQL by TCP alone leaves the files where they are.
  expect(render({ ...HERE, host: 'localhost' })).not.toContain('pg1-host');
});

test('the files of another host come through the server there', () => {
  const lines = render({ ...HERE, host: 'postgres.go-coffee.svc', tls: TLS }).split('\n');
  expect(lines.filter((line) => line.startsWith('pg1-host'))).toEqual([
    'pg1-host=postgres.go-coffee.svc',
    'pg1-host-type=tls',
    'pg1-host-port=8432',
    'pg1-host-ca-file=/tls/ca.crt',
    'pg1-host-cert-file=/tls/tls.crt',
    'pg1-host-key-file=/tls/tls.key',
  ]);
});

test('a role takes the place of keys, for whom it is named', () => {
  const source = { id: 'primary', settings: BUCKET };
  expect(render(HERE)).toContain('repo1-s3-key-type=web-id\n');
  expect(secretVariables([{ ...source, role: 'writer' }])).toEqual({
    PGBACKREST_REPO1_CIPHER_PASS: { file: '/keys/primary' },
  });
  expect(render(HERE, 'restorer')).not.toContain('s3-key-type');
  expect(secretVariables([{ ...source, role: 'restorer' }])).toHaveProperty('PGBACKREST_REPO1_S3_KEY_SECRET');
});

test('the script of a server that was started without them says who it is', () => {
  const script = renderGetScript('/state/pgbackrest.conf', { secrets: {}, plain: { AWS_ROLE_ARN: "arn:it's" } });
  expect(script).toContain("AWS_ROLE_ARN='arn:it'\\''s'\nexport AWS_ROLE_ARN\n");
});
