import { expect, test } from 'vitest';
import { productionPlan } from '../../../../plan/production.ts';
import { classify, SCENARIOS } from '../../../../recovery/status/assess/classify.ts';
import type { Findings } from '../../../../recovery/status/assess/findings.ts';
import {
  cluster,
  findings,
  folder,
  folders,
  gone,
  lostNamespace,
  postgres,
  redis,
  repository,
} from './findings-fixture.ts';

const lostRows = { table: 'public.orders', rowsThen: 1000, rowsNow: 0 };
const deadPostgres = { ...postgres, server: 'down', files: 'missing' } as const;
const deadRedis = { ...redis, server: 'down', files: 'missing' } as const;
const badPage = { ...postgres, files: 'damaged', damage: ['1 page with a wrong checksum: base/1/2 block 3'] } as const;
const hidden = { points: ['20261123T020000Z-full-7f3a'], newest: '20261123T020000Z-full-7f3a', readableUntil: 'x' };

/** Stores of a cluster: their files can't be seen from here. */
const silent = {
  postgres: { ...postgres, server: 'down', files: 'unknown' },
  redis: { ...redis, server: 'down', files: 'unknown' },
  folders: [],
} as const;
const service = (name: string, more: object = {}) => ({ service: name, tier: 'P1', well: true, fact: '', ...more });
const missing = (name: string) => service(name, { well: false, missing: true });

const CASES: readonly (readonly [string, Partial<Findings>, string, string])[] = [
  ['nothing wrong', {}, 'none', 'high'],
  ['nothing wrong seen, a repository away', { repositories: [gone('primary')] }, 'none', 'low'],
  ['nothing wrong seen, a folder unreadable', { folders: [folder('uploads', 'unknown')] }, 'none', 'low'],
  [
    'everything gone',
    { postgres: deadPostgres, redis: deadRedis, folders: folders('missing') },
    'complete-failure',
    'high',
  ],
  [
    'nearly everything gone',
    { postgres: deadPostgres, redis: deadRedis, folders: [...folders('empty'), folder('git')] },
    'complete-failure',
    'medium',
  ],
  [
    'everything gone, the local catalog too',
    {
      postgres: deadPostgres,
      redis: deadRedis,
      folders: folders('missing'),
      repositories: [repository('local', { tampered: ['a point was here and is gone'] })],
    },
    'complete-failure',
    'high',
  ],
  ['a bad page', { postgres: badPage }, 'database-corruption', 'high'],
  ['only the data directory gone', { postgres: deadPostgres }, 'database-corruption', 'high'],
  [
    'data directory and one folder gone',
    { postgres: deadPostgres, folders: [folder('uploads', 'missing'), folder('manifests'), folder('git')] },
    'database-corruption',
    'low',
  ],
  ['a bad page and missing rows', { postgres: { ...badPage, lostTables: [lostRows] } }, 'database-corruption', 'high'],
  ['uploads gone', { folders: [folder('uploads', 'missing'), folder('manifests')] }, 'application-failure', 'high'],
  [
    'a manifest that does not parse',
    { folders: [folder('uploads'), folder('manifests', 'damaged')] },
    'application-failure',
    'high',
  ],
  ['Redis emptied', { redis: { ...redis, files: 'empty' } }, 'application-failure', 'high'],
  [
    'every file gone, the database alive',
    { redis: deadRedis, folders: folders('missing') },
    'application-failure',
    'high',
  ],
  ['PostgreSQL stopped, files whole', { postgres: { ...postgres, server: 'down' } }, 'application-failure', 'low'],
  [
    'only a service not well',
    { services: [{ service: 'auth-service', tier: 'P1', well: false, fact: 'exit 1' }] },
    'application-failure',
    'low',
  ],
  [
    'a service that can’t be asked',
    { services: [{ service: 'auth-service', tier: 'P1', well: undefined, fact: '' }] },
    'none',
    'high',
  ],
  ['a table emptied', { postgres: { ...postgres, lostTables: [lostRows] } }, 'human-error', 'high'],
  [
    'a table dropped and uploads gone',
    {
      postgres: { ...postgres, lostTables: [{ ...lostRows, rowsNow: undefined }] },
      folders: [folder('uploads', 'missing')],
    },
    'human-error',
    'medium',
  ],
  [
    'a superuser nobody planned',
    { postgres: { ...postgres, unknownSuperusers: ['mallory'] } },
    'security-breach',
    'high',
  ],
  ['points hidden by delete markers', { repositories: [repository('primary', { hidden })] }, 'security-breach', 'high'],
  [
    'the newest point marked compromised',
    { repositories: [repository('primary', { compromised: ['20261123T020000Z-full-7f3a'] })] },
    'security-breach',
    'high',
  ],
  [
    'everything gone and points hidden',
    {
      postgres: deadPostgres,
      redis: deadRedis,
      folders: folders('missing'),
      repositories: [repository('primary', { hidden })],
    },
    'security-breach',
    'high',
  ],
  [
    'a superuser and rows missing',
    { postgres: { ...postgres, lostTables: [lostRows], unknownSuperusers: ['mallory'] } },
    'security-breach',
    'high',
  ],
  [
    'only an altered point',
    { repositories: [repository('primary', { tampered: ['the point was tampered with'] })] },
    'security-breach',
    'medium',
  ],
  ['the namespace gone', { ...silent, cluster: lostNamespace }, 'complete-failure', 'high'],
  [
    'one of two namespaces being deleted',
    { ...silent, cluster: { ...cluster, namespaces: [...cluster.namespaces, { name: 'b', state: 'terminating' }] } },
    'complete-failure',
    'medium',
  ],
  ['the whole cluster silent', { ...silent, cluster: { ...cluster, server: 'down' } }, 'complete-failure', 'medium'],
  [
    'a namespace that was emptied',
    { ...silent, cluster, services: [missing('postgres'), missing('auth-service'), service('logging')] },
    'complete-failure',
    'medium',
  ],
  [
    'the namespace gone while PostgreSQL answers elsewhere',
    { cluster: lostNamespace, folders: [] },
    'application-failure',
    'high',
  ],
  ['only the API silent', { cluster: { ...cluster, server: 'down' }, folders: [] }, 'application-failure', 'low'],
  [
    'a service gone, the stores alive',
    { cluster, folders: [], services: [missing('auth-service'), service('redis')] },
    'application-failure',
    'high',
  ],
  ['a cluster that lets nobody look', { cluster: { ...cluster, server: 'unknown' }, folders: [] }, 'none', 'low'],
  [
    'an altered point and a bad page',
    { postgres: badPage, repositories: [repository('local', { tampered: ['x'] })] },
    'database-corruption',
    'high',
  ],
];

test.each(CASES)('%s', (_, changes, scenario, confidence) => {
  const found = classify(findings(changes));
  expect(found).toMatchObject({ scenario, confidence });
  expect(found.why.length > 0).toBe(scenario !== 'none');
});

test('a host without PostgreSQL can lose everything too', () => {
  const { postgres: _, ...rest } = findings({ redis: deadRedis, folders: folders('missing') });
  expect(classify(rest).scenario).toBe('complete-failure');
});

test('the reasons name what was found', () => {
  const { why } = classify(findings({ postgres: { ...postgres, lostTables: [lostRows] } }));
  expect(why).toEqual(['table public.orders has 0 rows, had 1000']);
});

test('the scenarios are the plan’s, and each can be the answer', () => {
  expect([...SCENARIOS].sort()).toEqual(productionPlan.scenarios.map(({ id }) => id).sort());
  expect([...new Set(CASES.map(([, , scenario]) => scenario))].sort()).toEqual([...SCENARIOS, 'none'].sort());
});
