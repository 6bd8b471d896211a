/** What `dr points diff` makes of objects, files, configuration and Redis of two points. */
import { expect, test } from 'vitest';
import { readDiff } from '../../../recovery/compare/files.ts';
import { compareKubeObjects } from '../../../recovery/compare/objects/changes.ts';
import { changedFields } from '../../../recovery/compare/objects/fields.ts';
import { mayHoldSecret } from '../../../recovery/compare/redact.ts';
import { functionsIn } from '../../../recovery/compare/redis/functions.ts';
import { compareUsers, usersIn, usersInNoFile } from '../../../recovery/compare/redis/users.ts';
import { compareFiles } from '../../../recovery/compare/settings.ts';
import { summaryOf } from '../../../recovery/compare/text.ts';
import { section } from '../../../recovery/compare/types.ts';
import type { KubeObject } from '../../../recovery/kubernetes/objects.ts';

const object = (
  kind: string,
  name: string,
  content: Readonly<Record<string, unknown>>,
  apiVersion = 'v1',
): KubeObject => ({
  ...{ apiVersion, kind, metadata: { name, namespace: 'shop' } },
  ...content,
});
const RBAC = 'rbac.authorization.k8s.io/v1';
const deployment = (container: Readonly<Record<string, unknown>>) =>
  object(
    'Deployment',
    'api',
    { spec: { template: { spec: { containers: [{ name: 'side' }, { name: 'api', ...container }] } } } },
    'apps/v1',
  );

test('objects: rights and what runs come out, Secrets by their keys, values never', () => {
  const before = [
    object('Secret', 'db', { data: { password: 'b2xk', user: 'YQ==' } }),
    object('Role', 'reader', { rules: [{ verbs: ['get'], resources: ['pods'] }] }, RBAC),
    deployment({ image: 'shop/api:1', env: [{ name: 'KEY', value: 'old' }] }),
    object('ConfigMap', 'gone', {}),
  ];
  const after = [
    object('Secret', 'db', { data: { password: 'bmV3', user: 'YQ==' } }),
    object('Role', 'reader', { rules: [{ verbs: ['*'], resources: ['*'] }] }, RBAC),
    deployment({
      image: 'evil/api:2',
      env: [{ name: 'KEY', value: 'hunter2' }],
      securityContext: { privileged: true },
    }),
    object('CronJob', 'miner', { spec: { image: 'evil/miner' } }, 'batch/v1'),
  ];
  const changes = compareKubeObjects(before, after);
  const told = new Map(changes.map(({ kind, what, name, rank, facts }) => [`${kind} ${what} ${name} ${rank}`, facts]));
  expect(told).toEqual(
    new Map([
      ['changed Secret shop/db access', ['changed keys: password']],
      [
        'changed Role.rbac.authorization.k8s.io shop/reader foothold',
        expect.arrayContaining(['+ * on *', '- get on pods']),
      ],
      [
        'changed Deployment.apps shop/api foothold',
        [
          '+ privileged',
          'spec.template.spec.containers[api].image: shop/api:1 → evil/api:2',
          'spec.template.spec.containers[api].env[KEY].value',
          'spec.template.spec.containers[api].securityContext (added)',
        ],
      ],
      ['removed ConfigMap shop/gone other', []],
      ['added CronJob.batch shop/miner foothold', ['image evil/miner']],
    ]),
  );
  expect(JSON.stringify(changes)).not.toMatch(/hunter2|bmV3/);
  expect(compareKubeObjects(after, after)).toEqual([]);
  expect(changedFields({ a: [1, 2] }, { a: [1] }).map(({ path }) => path)).toEqual(['a[1]']);
});

const change = (path: string, modifier: string) => JSON.stringify({ message_type: 'change', path, modifier });
const END = '{"message_type":"statistics"}';

test('files: counted, the telling ones first, the rest cut off and counted', () => {
  const many = Array.from({ length: 30 }, (_, n) => change(`/d/${n}.jpg`, '+'));
  const json = [
    change('/d/', '+'),
    ...many,
    change('/d/a', 'M'),
    change('/d/l', '-'),
    change('/d/x.php', '+'),
    END,
  ].join('\n');
  const { changes, unlisted, counts } = readDiff(json, { before: '/d', after: '/d' });
  expect(counts).toEqual({ added: 31, changed: 1, removed: 1 });
  expect([changes.length, unlisted, changes[0]?.name, changes[0]?.rank]).toEqual([20, 13, 'x.php', 'foothold']);
  expect(() => readDiff(many.join('\n'), { before: '/d', after: '/d' })).toThrow(/statistics/);
});

test('a folder that was moved: the same names are no changes, and their content is not known', () => {
  const json = [change('/old/a', '-'), change('/new/a', '+'), change('/new/b', '+'), END].join('\n');
  const { counts, sameName } = readDiff(json, { before: '/old', after: '/new' });
  expect([counts.added, counts.removed, sameName]).toEqual([1, 0, 1]);
});

test('configuration: by setting, rules of access by line, keys and secrets never', () => {
  const files = (texts: Readonly<Record<string, string>>) =>
    new Map(Object.entries(texts).map(([path, text]) => [path, Buffer.from(text)]));
  const changes = compareFiles(
    files({
      'postgresql.conf': "# a\nwork_mem = 4MB\nport 5432\nprimary_conninfo = 'host=a password=x'",
      'pg_hba.conf': 'local all all peer\n',
      key: 'a',
    }),
    files({
      'postgresql.conf':
        "# b\nwork_mem = 64MB\nport 5432\nprimary_conninfo = 'host=a password=y'\narchive_command = 'curl evil'",
      'pg_hba.conf': 'local all all peer\nhost all all 0.0.0.0/0 trust # me\n',
      key: 'b',
    }),
  );
  expect(changes.map(({ kind, name, rank, facts }) => [kind, name, rank, facts])).toEqual([
    ['changed', 'key', 'access', []],
    ['changed', 'pg_hba.conf', 'foothold', ['+ host all all 0.0.0.0/0 trust']],
    ['changed', 'work_mem (postgresql.conf)', 'other', ['4MB → 64MB']],
    ['changed', 'primary_conninfo (postgresql.conf)', 'other', ['(hidden) → (hidden)']],
    ['added', 'archive_command (postgresql.conf)', 'access', ["not set → 'curl evil'"]],
  ]);
});

test.each([
  ["host=x password='a'", true],
  ['redis://user:hunter2@host/0', true],
  ['a'.repeat(40), true],
  ['/var/lib/postgresql/15/main/conf.d/settings/long/path.conf', false],
  ['GRANT SELECT ON orders TO auth_service;', false],
])('%s may hold a secret: %s', (text, expected) => {
  expect(mayHoldSecret(text)).toBe(expected);
});

test('users of Redis: rules are told, passwords only as changed', () => {
  const before = usersIn(['user default on nopass ~* +@all\nuser app on #aaaa ~app:* +get\n']);
  const after = usersIn([
    'user default on >hunter2 ~* +@all',
    'appendonly yes\nuser app on #bbbb ~* +@all\nuser eve on #cccc ~* +@all',
  ]);
  expect(compareUsers(before, after).map(({ kind, name, facts }) => [kind, name, facts])).toEqual([
    ['added', 'eve', ['on ~* +@all']],
    ['changed', 'default', ['on nopass ~* +@all → on ~* +@all', 'password changed']],
    ['changed', 'app', ['on ~app:* +get → on ~* +@all', 'password changed']],
  ]);
  expect(usersInNoFile(['ACL users that stand in no file (ACL SAVE, CONFIG REWRITE): a, b'])).toEqual(['a', 'b']);
});

test('functions of Redis come from the head of the RDB; a head that is not understood is refused', () => {
  const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
  const rdb = (...parts: readonly Buffer[]) =>
    Buffer.concat([Buffer.from('REDIS0010'), Buffer.from([0xfa]), text('bits'), Buffer.from([0xc0, 64]), ...parts]);
  const library = Buffer.concat([Buffer.from([0xf5]), text('#!lua name=evil\nreturn 1')]);
  expect([...functionsIn(rdb(library, Buffer.from([0xfe, 0]))).keys()]).toEqual(['evil']);
  expect(functionsIn(rdb(Buffer.from([0xff]))).size).toBe(0);
  expect(() => functionsIn(rdb(Buffer.from([0xf7, 1])))).toThrow(/no function/);
  expect(() => functionsIn(rdb(library))).toThrow(/ends before/);
});

test('the sentence: the most telling first, and what was not compared is never "the same"', () => {
  const eve = { kind: 'added', what: 'superuser', name: 'eve', rank: 'foothold', facts: [] } as const;
  const file = { kind: 'changed', what: 'file', name: 'a', rank: 'other', facts: [] } as const;
  const open = [{ workload: 'redis', fact: 'gone', hint: '' }];
  expect(summaryOf([section('x', 'X', [file]), section('y', 'Y', [eve], { unlisted: 2 })], [])).toBe(
    '4 changes: new superuser eve; changed file a.',
  );
  expect(summaryOf([section('x', 'X', [])], open)).toBe(
    'What was compared is the same in both points. Not compared: redis.',
  );
  expect(summaryOf([], open)).toBe('Nothing could be compared. Not compared: redis.');
});
