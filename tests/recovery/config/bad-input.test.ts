/** Each mistake in dr.yaml is refused before anything is opened: the field, the value, the line, and what to do. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { openSite } from '../../../recovery/config/site.ts';
import { scratch } from '../../scratch.ts';
import { changed, GOOD, opened, refusalOf } from './document.ts';

const SECONDARY = `  secondary:
    type: posix
    path: /srv/dr/secondary`;

const KEYS = '{ accessKeyId: { env: ID }, secretAccessKey: { env: KEY } }';
const inS3 = (endpoint: string): string => `  secondary:
    type: s3
    endpoint: ${endpoint}
    region: eu-west-1
    bucket: backups
    writer: ${KEYS}
    restorer: ${KEYS}`;

test('the address of a store is a host and a port', async () => {
  const text = changed(SECONDARY, inS3('https://s3.example.com/backups'));
  const error = await refusalOf(await scratch(), text);
  expect(error.fact).toContain(
    'repositories.secondary.endpoint: "https://s3.example.com/backups": must be https://host',
  );
  const plain = await refusalOf(await scratch(), changed(SECONDARY, inS3('http://s3.example.com:9000')));
  expect(plain.fact).toContain('"http://s3.example.com:9000": must be https://host[:port]; pgBackRest speaks TLS only');
  await opened(await scratch(), changed(SECONDARY, inS3('https://s3.example.com:9000/')));
});

test('a repository that the plan lacks: the file, and how a plan of one’s own begins', async () => {
  const error = await refusalOf(await scratch(), changed('  secondary:', '  third:'));
  expect(error.where).toMatch(/^\/.*\.yaml$/);
  expect(error.fact).toContain('repositories.third: the plan has no "third"');
  expect(error.hint).toContain('dr plan show -o json > plan.json');
});

test('the file that the others are changed from is good', async () => {
  expect([...(await opened(await scratch(), GOOD)).repositories.keys()]).toEqual(['local', 'secondary']);
});

test.each<[string, string, string, readonly string[]]>([
  ['an unknown key', 'stateDir:', 'statDir:', ['line 5: statDir: unknown key "statDir".', 'Did you mean "stateDir"?']],
  [
    'an unknown key deep inside',
    'dataDir: /srv/dr/data',
    'datadir: /srv/dr/data',
    ['line 9: postgres.datadir: unknown key "datadir".', 'Did you mean "dataDir"?', 'postgres.dataDir: is missing'],
  ],
  ['a doubled key', 'site: fra1', 'site: fra1\nname: staging', ['line 5: the key "name" stands there a second time']],
  [
    'a doubled repository',
    '  secondary:\n    type: posix',
    '  local:\n    type: posix',
    ['the key "local" stands there a second time'],
  ],
  ['text that is no YAML', 'name: production', 'name: [production', ['line ']],
  ['a relative path', '/srv/dr/state', 'var/state', ['line 5: stateDir: "var/state": must be an absolute path']],
  [
    'a path with ..',
    '/srv/dr/uploads',
    '/srv/../etc',
    ['folders.uploads.path: "/srv/../etc": must be an absolute path without ".."'],
  ],
  [
    'a path with a line break',
    'path: /srv/dr/uploads',
    'path: "/srv/up\\nloads"',
    ['folders.uploads.path: "/srv/up\\nloads"', 'line break'],
  ],
  [
    'a relative key file',
    '{ file: /srv/dr/keys/local }',
    '{ file: keys/local }',
    ['repositories.local.passphrases.0.from', 'must be an absolute path'],
  ],
  [
    'a name with ../',
    'name: production',
    'name: ../production',
    ['line 3: name: "../production": must be 1 to 63 of a-z'],
  ],
  ['a name with a line break', 'site: fra1', 'site: "fra1\\n"', ['line 4: site: "fra1\\n": must be 1 to 63']],
  [
    'a repository of another name',
    '  secondary:',
    '  secondry:',
    ['repositories.secondry', 'Did you mean "secondary"?'],
  ],
  ['a workload of another name', '  uploads:', '  upload:', ['folders.upload', 'Did you mean "uploads"?']],
  [
    'a port that is none',
    '  socketDir: /srv/dr/run',
    '  socketDir: /srv/dr/run\n  port: 70000',
    ['postgres.port: 70000'],
  ],
  [
    'a kind of storage that is none',
    'type: posix\n    path: /srv/dr/local',
    'type: ftp\n    path: /srv/dr/local',
    ['repositories.local.type: "ftp"', 'posix', 's3'],
  ],
  [
    'a socket that the system can’t take',
    '  socketDir: /srv/dr/run',
    `  socketDir: /srv/${'r'.repeat(90)}`,
    ['postgres.socketDir: the path of the socket has 109 bytes', '107'],
  ],
  ['a missing field', 'site: fra1\n', '', ['site: is missing']],
  [
    'a keyring without a key',
    '[{ name: p1, from: { file: /srv/dr/keys/local } }]',
    '[]',
    ['repositories.local.passphrases'],
  ],
  [
    'two repositories with one place',
    '/srv/dr/secondary',
    '/srv/dr//local/',
    ['repositories.secondary: is the same location as "local"', '/srv/dr/local'],
  ],
  [
    'a workload in a repository',
    '/srv/dr/uploads',
    '/srv/dr/local/uploads',
    ['folders.uploads.path: /srv/dr/local/uploads lies in the repository itself', 'repositories.local.path'],
  ],
  [
    'a workload that is the repository',
    '/srv/dr/uploads',
    '/srv/dr/local/',
    ['folders.uploads.path: /srv/dr/local lies in the repository'],
  ],
  [
    'a data directory in a repository',
    '/srv/dr/data',
    '/srv/dr/secondary/pg',
    ['postgres.dataDir: /srv/dr/secondary/pg lies in the repository', 'repositories.secondary.path'],
  ],
  [
    'Redis in a repository',
    '/srv/dr/redis',
    '/srv/dr/local/redis',
    ['redis.dataDir: /srv/dr/local/redis lies in the repository'],
  ],
  [
    'the state in a repository',
    '/srv/dr/state',
    '/srv/dr/local/state',
    ['stateDir: /srv/dr/local/state lies in the repository'],
  ],
  [
    'a repository in a workload',
    '/srv/dr/uploads',
    '/srv/dr',
    ['folders.uploads.path: /srv/dr holds repositories.local.path (/srv/dr/local)'],
  ],
  [
    'the state in a workload',
    '/srv/dr/state',
    '/srv/dr/uploads',
    ['folders.uploads.path: /srv/dr/uploads holds stateDir'],
  ],
  [
    'two workloads in one another',
    '/srv/dr/uploads',
    '/srv/dr/data/uploads',
    ['folders.uploads.path: /srv/dr/data/uploads and postgres.dataDir (/srv/dr/data) lie in one another'],
  ],
])('%s', async (_, from, to, said) => {
  const error = await refusalOf(await scratch(), changed(from, to));
  expect(error).toMatchObject({ code: 'ENV-INVALID', exit: 2 });
  for (const part of said) expect(error.fact).toContain(part);
  expect(error.hint).toMatch(/^fix /);
});

test('a folder whose name only begins as a repository’s is another one', async () => {
  const site = await opened(await scratch(), changed('/srv/dr/uploads', '/srv/dr/local-uploads'));
  expect(site.environment.folders.uploads?.path).toBe('/srv/dr/local-uploads');
});

test('all problems at once', async () => {
  const error = await refusalOf(await scratch(), changed('site: fra1', 'site: FRA').replace('/srv/dr/run', 'run'));
  expect(error.fact.split('\n')).toHaveLength(2);
});

/** What stands where a secret is named may be one: said, and never shown. */
test.each<[string, string, string, string]>([
  [
    'a passphrase',
    'from: { file: /srv/dr/keys/local }',
    'from: correct-horse',
    'repositories.local.passphrases.0.from',
  ],
  ['a signing key', 'from: { file: /srv/dr/keys/signing }', 'from: correct-horse', 'signingKeys.0.from'],
  [
    'a database password',
    '  socketDir: /srv/dr/run',
    '  socketDir: /srv/dr/run\n  password: correct-horse',
    'postgres.password',
  ],
  [
    'a password of a stack’s store',
    '  socketDir: /srv/dr/run',
    '  socketDir: /srv/dr/run\nstorePasswords:\n  application: correct-horse',
    'storePasswords.application',
  ],
  [
    'in the place of a variable’s name',
    '{ env: SECONDARY_PASSPHRASE }',
    '{ env: correct-horse }',
    'repositories.secondary.passphrases.0.from',
  ],
  [
    'beside the right keys',
    '{ env: SECONDARY_PASSPHRASE }',
    '{ value: correct-horse }',
    'repositories.secondary.passphrases.0.from',
  ],
  [
    'in the address of a git repository',
    'https://git.example.com',
    'https://bot:correct-horse@git.example.com',
    'git.repositories.go-coffee.url',
  ],
  ...['https://bot:correct-horse@s3.example.com', 'http://bot:correct-horse@s3.example.com'].map(
    (endpoint): [string, string, string, string] => [
      `in the address of a store, ${endpoint.split(':')[0]}`,
      SECONDARY,
      inS3(endpoint),
      'repositories.secondary.endpoint',
    ],
  ),
])('a secret in dr.yaml itself: %s', async (_, from, to, field) => {
  const error = await refusalOf(await scratch(), changed(from, to));
  expect(error).toMatchObject({ code: 'ENV-INVALID', exit: 2 });
  expect(error.fact).toContain(field);
  expect(`${error.message} ${error.hint} ${error.stack}`).not.toContain('correct-horse');
});

test('text in the place of a secret is told how a secret is named', async () => {
  const error = await refusalOf(await scratch(), changed('{ file: /srv/dr/keys/local }', 'correct-horse'));
  expect(error.fact).toContain(
    'line 22: repositories.local.passphrases.0.from: holds a text in this file; a secret is named by {file: /absolute/path} or {env: NAME}',
  );
});

test('a file that is not there', async () => {
  const file = join(await scratch(), 'dr.yaml');
  await expect(openSite(file)).rejects.toMatchObject({
    code: 'ENV-MISSING',
    exit: 2,
    fact: expect.stringContaining(file),
  });
});

test('an empty file', async () => {
  expect(await refusalOf(await scratch(), '')).toMatchObject({ code: 'ENV-INVALID', exit: 2 });
  expect(await refusalOf(await scratch(), stringify(['a list']))).toMatchObject({ code: 'ENV-INVALID', exit: 2 });
});

test('the example in this repository is good but for what it is an example of', async () => {
  const text = await readFile(join(import.meta.dirname, '../../../dr.example.yaml'), 'utf8');
  const error = await refusalOf(await scratch(), `${text}\nunknown: 1\n`);
  expect(error.fact.split('\n')).toEqual([expect.stringContaining('unknown key "unknown"')]);
});
