/** What real engines printed, recorded with pgBackRest 2.45, restic 0.14, PostgreSQL 15, Redis 7.0 and versitygw. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { causeOf, loginHint, readable, refusalIn } from '../../../recovery/core/cause.ts';
import { DrError } from '../../../recovery/core/errors.ts';
import { explainEngine } from '../../../recovery/engines/explain.ts';

const FOLDER = new URL('../../fixtures/engine-output/', import.meta.url);
const said = (name: string): string => readFileSync(new URL(`${name}.txt`, FOLDER), 'utf8');

/** The part of a recording's name that says what was done. */
const WANTED: readonly (readonly [RegExp, string | undefined])[] = [
  [/denied/, 'denied'],
  [/untrusted/, 'untrusted'],
  [/passphrase/, 'passphrase'],
  [/damaged|missing-file/, 'damaged'],
  [/away|refused/, 'away'],
  [/newer/, 'newer'],
  [/pgbackrest-info-bucket/, 'missing'],
  [/restic-full/, 'full'],
  // restic names no bucket, and pgBackRest no reason.
  [/restic-bucket|pgbackrest-restore-full/, undefined],
];

test.each(readdirSync(FOLDER).map((file) => file.replace('.txt', '')))('%s', (name) => {
  const wanted = WANTED.find(([pattern]) => pattern.test(name));
  expect(wanted).toBeDefined();
  expect(causeOf(said(name))).toBe(wanted?.[1]);
});

test.each([
  ['repository version 3: unsupported repository version', 'newer'],
  ['pg_restore: error: unsupported version (1.16) in file header', 'newer'],
  ['timeout after 15000ms waiting for read', 'slow'],
  ['net/http: TLS handshake timeout', 'slow'],
  ['repository is already locked by PID 1', 'busy'],
  ['FATAL:  Peer authentication failed for user "postgres"', 'denied'],
  ['WARN: unable to write: [28] No space left on device', 'full'],
  ['ERROR:  relation "orders" does not exist', undefined],
] as const)('%s', (text, cause) => {
  expect(causeOf(text)).toBe(cause);
});

const about = { where: 'repository primary', repositories: ['primary'], remote: true, passphrase: 'does not open' };
const failed = (fact: string) => new DrError({ code: 'ENGINE-FAILED', where: 'pgbackrest', fact, hint: '' });

test('the first line is the cause; keys that were revoked are no damage and no silence', () => {
  const keys = explainEngine(failed(said('pgbackrest-restore-denied-key')), about);
  expect(keys).toMatchObject({
    code: 'REPOSITORY-DENIED',
    fact: expect.stringMatching(/^access denied \(InvalidAccessKeyId\)\n/),
  });
  const restic = explainEngine(failed(said('restic-denied-secret')), about);
  expect(restic).toMatchObject({ code: 'REPOSITORY-DENIED', fact: expect.stringMatching(/^access denied\n/) });
  expect(explainEngine(failed(said('pgbackrest-restore-away')), about)).toMatchObject({
    code: 'REPOSITORY-UNREACHABLE',
  });
  expect(explainEngine(failed(said('psql-denied')), about)).toMatchObject({
    code: 'POSTGRES-DENIED',
    where: 'postgres',
  });
  const damaged = failed(said('pgbackrest-restore-damaged-info'));
  expect(explainEngine(damaged, about)).toBe(damaged);
});

test('a refused certificate is no wrong passphrase', () => {
  const name = explainEngine(failed(said('pgbackrest-restore-untrusted-name')), about);
  expect(name).toMatchObject({
    code: 'REPOSITORY-UNREACHABLE',
    fact: expect.stringMatching(/^its certificate is not trusted\n/),
    hint: expect.stringContaining('repositories.primary.endpoint'),
  });
  const authority = explainEngine(failed(said('restic-untrusted')), about);
  expect(authority).toMatchObject({ code: 'REPOSITORY-UNREACHABLE', hint: expect.stringContaining('primary.ca') });
});

test('Debian lets no root in: the error says where the lines stand that do', () => {
  expect(loginHint('Peer authentication failed for user "postgres"')).toContain('docs/host.md');
  expect(loginHint('password authentication failed for user "postgres"')).toContain('postgres.password');
});

test('no pages of noise, no headers', () => {
  for (const name of [
    'pgbackrest-info-passphrase',
    'pgbackrest-restore-damaged-info',
    'pgbackrest-restore-denied-key',
  ]) {
    const text = readable(said(name));
    expect(text).not.toMatch(/[^\P{C}\n\t]|\uFFFD|x-amz-date/u);
    expect(text.length).toBeLessThan(4_000);
  }
  expect(refusalIn(said('pgbackrest-restore-denied-secret'))).toBe('SignatureDoesNotMatch');
});
