/** Stores on another host, and who one is at the storage: what the file may and must say of them. */
import { describe, expect, test } from 'vitest';
import { isOnOtherHost } from '../../../recovery/config/environment.ts';
import { scratch } from '../../scratch.ts';
import { changed, GOOD, opened, refusalOf } from './document.ts';

const TLS = 'tls: { ca: /srv/dr/ca.crt, certificate: /srv/dr/tls.crt, key: /srv/dr/tls.key }';
const REMOTE = GOOD.replace('postgres:\n', `generation: 3\npostgres:\n  host: db.test\n  ${TLS}\n`).replace(
  'redis:\n',
  'redis:\n  host: redis.test\n  transfer: replication\n',
);

/** Throws where the text holds no `from`. */
function but(from: string, to: string): string {
  if (!REMOTE.includes(from)) throw new Error(`no ${JSON.stringify(from)}`);
  return REMOTE.replace(from, () => to);
}

describe('stores on another host', () => {
  test('are named by what reaches them', async () => {
    const { environment } = await opened(await scratch(), REMOTE);
    expect(isOnOtherHost(environment.postgres)).toBe(true);
    expect(isOnOtherHost(environment.redis)).toBe(true);
    expect(environment).toMatchObject({ generation: 3, postgres: { port: 5432, tls: { port: 8432 } } });
  });

  test('a host alone is SQL by TCP: the files are here', async () => {
    const { environment } = await opened(await scratch(), changed('postgres:\n', 'postgres:\n  host: localhost\n'));
    expect(isOnOtherHost(environment.postgres)).toBe(false);
    expect(isOnOtherHost(environment.redis)).toBe(false);
  });

  test('their folders are not of this host, whatever lies at the same path here', async () => {
    await opened(await scratch(), but('dataDir: /srv/dr/data', 'dataDir: /srv/dr/local/data'));
  });

  test.each<[string, string, string, readonly string[]]>([
    ['TLS without a host', '  host: db.test\n', '', ['postgres.host: is missing']],
    [
      'a command of this host',
      '  dataDir: /srv/dr/data',
      '  dataDir: /srv/dr/data\n  logFile: /var/log/x',
      ['postgres.logFile: is for a server of this host'],
    ],
    [
      'a generation of a server of this host',
      `  host: db.test\n  ${TLS}\n`,
      '',
      ['generation: goes with postgres.tls'],
    ],
    ['a generation that is none', 'generation: 3', 'generation: 0', ['generation: 0']],
    [
      'a replica of a socket',
      '  host: redis.test',
      '  socket: /run/redis.sock',
      ['redis.host: is missing', 'redis.socket: is for a server of this host'],
    ],
    ['a transfer that is none', 'transfer: replication', 'transfer: rsync', ['redis.transfer: "rsync"', 'replication']],
    [
      'a relative certificate',
      'ca: /srv/dr/ca.crt',
      'ca: ca.crt',
      ['postgres.tls.ca: "ca.crt": must be an absolute path'],
    ],
    ['TLS without a key', ', key: /srv/dr/tls.key', '', ['postgres.tls.key: is missing']],
    [
      'a misspelt field',
      'certificate:',
      'cert:',
      ['postgres.tls.cert: unknown key', 'postgres.tls.certificate: is missing'],
    ],
  ])('%s', async (_, from, to, said) => {
    const error = await refusalOf(await scratch(), but(from, to));
    expect(error).toMatchObject({ code: 'ENV-INVALID', exit: 2 });
    for (const part of said) expect(error.fact).toContain(part);
  });
});

const KEYS = '{ accessKeyId: { file: /srv/k.id }, secretAccessKey: { file: /srv/k.secret } }';

function bucket(writer: string, more = ''): string {
  const s3 = `type: s3\n    endpoint: https://s3.test\n    region: us-east-1\n    bucket: backups\n    writer: ${writer}\n    restorer: web-identity${more}`;
  return changed('type: posix\n    path: /srv/dr/secondary', s3);
}

describe('who one is at the storage', () => {
  test.each([
    ['a role', 'web-identity'],
    ['keys', KEYS],
  ])('%s', async (_, writer) => {
    const { repositories } = (await opened(await scratch(), bucket(writer, `\n    admin: ${KEYS}`))).environment;
    expect(repositories.secondary).toHaveProperty('writer');
  });

  test.each<[string, string, string, readonly string[]]>([
    ['a word that is none', 'web-idenity', '', ['repositories.secondary.writer: is neither {accessKeyId']],
    ['an admin by a role', KEYS, '\n    admin: web-identity', ['repositories.secondary.admin: is neither']],
    [
      'half a pair',
      '{ accessKeyId: { file: /srv/k.id } }',
      '',
      ['repositories.secondary.writer.secretAccessKey: is missing'],
    ],
    [
      'a misspelt field of a pair',
      '{ accessKeyID: { file: /srv/k.id }, secretAccessKey: { file: /srv/k.secret } }',
      '',
      ['unknown key "accessKeyID"', 'Did you mean "accessKeyId"'],
    ],
  ])('%s', async (_, writer, more, said) => {
    const error = await refusalOf(await scratch(), bucket(writer, more));
    expect(error.code).toBe('ENV-INVALID');
    for (const part of said) expect(error.fact).toContain(part);
  });

  test('a key that stands there itself is never shown', async () => {
    const error = await refusalOf(await scratch(), bucket('AKIAS3CR3T'));
    expect(error.fact).toContain('repositories.secondary.writer');
    expect(error.fact).not.toContain('AKIAS3CR3T');
  });
});
