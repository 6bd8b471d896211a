/** Servers and engines that keep less than they have acknowledged, and keys that can be ended in a hurry. */
import { type BadCase, change } from '../bad-case.ts';
import { which } from '../declared.ts';

const sed = (
  rule: string,
  title: string,
  map: string,
  file: string,
  from: string | RegExp,
  to: string,
  says: string,
  line: string,
): BadCase =>
  change(
    rule,
    title,
    which('ConfigMap', map),
    ({ data }) => {
      data[file] = data[file].replace(from, to);
    },
    says,
    line,
  );

const PATRONI = ['postgres-patroni', 'patroni.yml'] as const;

export const ENGINES: readonly BadCase[] = [
  sed(
    'archiving',
    'archive_mode off',
    ...PATRONI,
    'archive_mode: on',
    'archive_mode: off',
    'ships no WAL: archive_mode is off',
    '41',
  ),
  sed(
    'archiving',
    'an archive_command that does nothing',
    ...PATRONI,
    /archive_command: .*/,
    'archive_command: /bin/true',
    'archive_command is "/bin/true"',
    '41',
  ),
  sed(
    'archiving',
    'an archive_command that swallows failures',
    ...PATRONI,
    /(archive_command: .*)/,
    '$1 || true',
    'archive_command is ',
    '41',
  ),
  sed(
    'archiving',
    'wal_level minimal',
    ...PATRONI,
    'wal_level: replica',
    'wal_level: minimal',
    'wal_level is minimal',
    '41',
  ),
  sed(
    'archiving',
    'a longer archive_timeout',
    ...PATRONI,
    'archive_timeout: 60',
    'archive_timeout: 1h',
    'archive_timeout is "1h", wanted 60s or less',
    '41',
  ),
  sed(
    'archiving',
    'WAL that is dropped',
    'postgres-pgbackrest',
    'us-east-1-1.conf',
    '[global]',
    '[global]\narchive-push-queue-max=1GB',
    'drops WAL beyond 1GB',
    '41',
  ),
  sed(
    'crash-safety',
    'fsync off',
    ...PATRONI,
    /^ {2}parameters:\n/m,
    '  parameters:\n    fsync: "no"\n',
    "PostgreSQL's fsync is off, wanted on",
    '41',
  ),
  sed(
    'crash-safety',
    'Redis without its file',
    'redis',
    'redis.conf',
    'appendonly yes',
    'appendonly no',
    "Redis' appendonly is no",
    '42',
  ),
  sed(
    'crash-safety',
    'sessions that are dropped',
    'redis',
    'redis.conf',
    'noeviction',
    'allkeys-lru',
    'maxmemory-policy is allkeys-lru',
    '42',
  ),
  sed(
    'keys',
    'plain copies',
    'postgres-pgbackrest',
    'us-east-1-1.conf',
    'repo2-cipher-type=aes-256-cbc',
    'repo2-cipher-type=none',
    'has repo2-cipher-type=none',
    '100',
  ),
  change(
    'keys',
    'a shorter window of the key',
    which('Key', 'aws-storage-key-us-east-1'),
    (inputs) => {
      inputs.deletionWindowInDays = 7;
    },
    'can be gone 7 d after its deletion',
    '30',
  ),
  change(
    'keys',
    'a shorter window of the secret',
    which('Secret', 'aws-secrets'),
    (inputs) => {
      inputs.recoveryWindowInDays = 0;
    },
    'can be gone 0 d after its deletion',
    '30',
  ),
];
