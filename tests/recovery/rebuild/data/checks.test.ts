import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../../recovery/kubernetes/objects.ts';
import { parseKeyspace } from '../../../../recovery/rebuild/data/cluster.ts';
import { databaseChecks, recordedCaptures } from '../../../../recovery/rebuild/data/database.ts';
import { objectChecks, quarantineChecks } from '../../../../recovery/rebuild/data/objects.ts';
import type { ManifestSnapshot } from '../../../../recovery/workloads/objects/snapshot/platform.ts';
import { ENTRIES, PIN } from '../../../drill/cluster/drill-fixture.ts';
import { entryAt } from '../../points/entry-fixture.ts';
import { resticCapture } from '../../points/point-fixture.ts';

function made(apiVersion: string, kind: string, name: string, namespace = 'go-coffee', rest: object = {}): KubeObject {
  return { apiVersion, kind, metadata: { name, namespace }, ...rest };
}

const own: KubeObject = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'dr-keys', namespace: 'go-coffee', labels: { 'go-coffee-dr/owner': 'stack' } },
};
const CAPTURED: ManifestSnapshot = {
  objects: [
    made('apps/v1', 'Deployment', 'order'),
    made('v1', 'ConfigMap', 'settings'),
    // A drill has none of these.
    made('v1', 'Service', 'outside', 'go-coffee', { spec: { type: 'ExternalName' } }),
    made('networking.k8s.io/v1', 'Ingress', 'shop'),
    made('v1', 'ConfigMap', 'elsewhere', 'other'),
    own,
  ].map((object) => ({ object, finalizers: [], outside: [] })),
  namespaces: ['go-coffee', 'other'],
  images: [],
  notes: [],
};

describe('captured objects', () => {
  const ALL = { excluded: [], point: {}, here: new Map([['go-coffee', 'drill']]) };
  const live = [made('apps/v1', 'Deployment', 'order', 'drill'), made('v1', 'ConfigMap', 'settings', 'drill')];

  test('are compared by kind and name', () => {
    expect(objectChecks(CAPTURED, live, ALL)).toMatchObject([
      { expected: '2 objects of 2 kinds', actual: 'all 2', ok: true },
    ]);
    const other = [made('batch/v1', 'Deployment', 'order', 'drill'), ...live.slice(1)];
    expect(objectChecks(CAPTURED, other, ALL)).toMatchObject([
      { actual: '1 missing: Deployment.apps drill/order', ok: false },
    ]);
    expect(objectChecks(CAPTURED, live.slice(1), { ...ALL, excluded: ['Deployment/order'] })).toMatchObject([
      { ok: true },
    ]);
  });

  test('of every namespace that was rebuilt, under the name that it has here', () => {
    const here = new Map([
      ['go-coffee', 'drill'],
      ['other', 'drill-other'],
    ]);
    const missing = { actual: '1 missing: ConfigMap drill-other/elsewhere', ok: false };
    expect(objectChecks(CAPTURED, live, { ...ALL, here })).toMatchObject([missing]);
    // An object of the same name in another namespace is not this one.
    const beside = [...live, made('v1', 'ConfigMap', 'elsewhere', 'drill')];
    expect(objectChecks(CAPTURED, beside, { ...ALL, here })).toMatchObject([missing]);
    const all = [...live, made('v1', 'ConfigMap', 'elsewhere', 'drill-other')];
    expect(objectChecks(CAPTURED, all, { ...ALL, here })).toMatchObject([{ actual: 'all 3', ok: true }]);
  });

  test('are not compared where the point holds none', () => {
    expect(objectChecks(undefined, live, ALL)).toEqual([]);
  });
});

describe('the quarantine', () => {
  const denial = (spec: object) => made('networking.k8s.io/v1', 'NetworkPolicy', 'default-deny', 'drill', { spec });
  const verdict = (spec: object) => quarantineChecks([denial(spec)], ['drill']).at(-1)?.ok;

  test('is a policy that denies everything in both directions', () => {
    const both = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] };
    expect(verdict(both)).toBe(true);
    expect(verdict({ ...both, policyTypes: ['Ingress'] })).toBe(false);
    expect(verdict({ ...both, egress: [{}] })).toBe(false);
    expect(verdict({ ...both, podSelector: { matchLabels: { app: 'order' } } })).toBe(false);
  });
});

test('counts the keys of every database', () => {
  const text = '# Keyspace\r\ndb0:keys=12,expires=3,avg_ttl=0\r\ndb3:keys=1,expires=0,avg_ttl=0\r\n';
  expect(parseKeyspace(text)).toEqual({ keys: 13, expiring: 3 });
  expect(parseKeyspace('# Keyspace\r\n')).toEqual({ keys: 0, expiring: 0 });
});

describe('the newest recovered data', () => {
  const COPIED = PIN.postgres.capturedAt;
  const DISASTER = '2026-11-25T20:05:00Z';
  const seconds = (time: string) => Date.parse(time) / 1000;

  async function newest(isolated: boolean, beat: string | undefined, replayed?: string): Promise<string | undefined> {
    const sql = async (statement: string) => {
      if (statement.includes('archive_mode')) {
        return [{ archive_mode: 'off', heartbeat: true, replayed: replayed === undefined ? null : seconds(replayed) }];
      }
      return statement.includes('dr.heartbeat') ? [{ beat: beat === undefined ? null : seconds(beat) }] : [];
    };
    const of = { pin: PIN, recorded: recordedCaptures(ENTRIES, PIN, 'postgres-dump'), declaredAt: new Date(DISASTER) };
    const checks = await databaseChecks(sql, { ...of, isolated, name: 'go_coffee' });
    return checks.find(({ recoveredTo }) => recoveredTo !== undefined)?.recoveredTo?.toISOString();
  }

  test.each([
    ['a drill: its heartbeat stands still', true, '2026-11-25T20:04:30Z', undefined, '2026-11-25T20:04:30.000Z'],
    ['a heartbeat of before the disaster', false, '2026-11-25T20:04:30Z', undefined, '2026-11-25T20:04:30.000Z'],
    [
      'the heartbeat of the platform’s own monitor',
      false,
      '2026-11-25T20:15:00Z',
      '2026-11-25T20:04:58Z',
      '2026-11-25T20:04:58.000Z',
    ],
    ['the same after a restart', false, '2026-11-25T20:15:00Z', undefined, new Date(COPIED).toISOString()],
    ['the backup set alone', false, undefined, undefined, new Date(COPIED).toISOString()],
  ])('%s', async (_, isolated, beat, replayed, expected) => {
    expect(await newest(isolated, beat, replayed)).toBe(expected);
  });
});

test('the comparison uses the points that the drill was made from', () => {
  const later = entryAt('2026-11-25T21:00:00Z', [
    resticCapture('postgres-dump', '2026-11-25T21:00:00Z', { facts: { 'rows:public.orders': 999 } }),
  ]);
  const found = recordedCaptures([...ENTRIES, later], PIN, 'postgres-dump');
  expect(found.database?.set).toBe(PIN.postgres.set);
  expect(found.redis?.facts.keys).toBe(40);
  expect(found.dump?.facts['rows:public.orders']).toBe(100);
  expect(recordedCaptures([], PIN, 'postgres-dump')).toEqual({
    database: undefined,
    redis: undefined,
    dump: undefined,
  });
});
