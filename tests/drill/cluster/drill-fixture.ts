/** A drill whose engine and cluster are made up: what the real ones hold is tried in `tests/cluster`. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ClusterDrillPorts, ClusterDrillRequest } from '../../../drill/cluster/run.ts';
import type { KubeObject } from '../../../recovery/kubernetes/objects.ts';
import type { RebuiltCluster, Row } from '../../../recovery/rebuild/data/cluster.ts';
import { entryAt } from '../../recovery/points/entry-fixture.ts';
import { postgresCapture, resticCapture } from '../../recovery/points/point-fixture.ts';
import { type FakeBackend, type FakeResource, newBackend } from '../../recovery/rebuild/fake-engine.ts';
import { liveOf, portsOf, REQUEST, RESOURCES } from '../../recovery/rebuild/rebuild-fixture.ts';
import { samplePin } from '../../recovery/rebuild/sample-pin.ts';

export const PIN = samplePin(20);
const BEGUN = Date.parse('2026-11-25T20:05:00Z');

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const CANARY = [1, 2, 3].map((id) => ({ id, content: `row ${id}`, digest: sha256(`row ${id}`) }));
const remembered = CANARY.slice(0, 2);
const canary = {
  lastId: 2,
  rows: 2,
  digest: sha256(remembered.map((row) => `${row.id} ${row.content} ${row.digest}`).join('\n')),
};

export const ENTRIES = [
  entryAt('2026-11-25T02:00:00Z', [
    resticCapture('postgres-dump', '2026-11-25T02:00:00Z', { facts: { 'rows:public.orders': 100, superusers: '' } }),
  ]),
  {
    ...entryAt('2026-11-25T20:00:00Z', [
      postgresCapture(PIN.postgres.capturedAt, { set: PIN.postgres.set, canary }),
      resticCapture('redis', PIN.postgres.capturedAt, { snapshot: 'a'.repeat(64), facts: { keys: 40 } }),
    ]),
  },
].map((entry) => {
  const id = entry.point.captures.some(({ engine }) => engine === 'pgbackrest') ? PIN.postgres.point : entry.point.id;
  return { ...entry, point: { ...entry.point, id }, outline: { ...entry.outline, id } };
});

/** What the drilled platform holds; a test changes one thing of it. */
export interface Held {
  canary: Row[] | undefined;
  tables: Row[];
  settings: Record<string, unknown>;
  beat: number;
  keys: number;
  objects: KubeObject[];
  /** Namespaces that are still there after the teardown. */
  left: string[];
}

const denial = (namespace: string): KubeObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'default-deny', namespace },
  spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
});

export function wellHeld(): Held {
  return {
    canary: structuredClone(CANARY),
    tables: [{ table: 'public.orders', rows: 104 }],
    settings: { archive_mode: 'off', archive_command: '(disabled)', subscribers: 0, system: PIN.postgres.systemId },
    beat: Date.parse('2026-11-25T20:04:30Z') / 1000,
    keys: 40,
    objects: [
      denial('go-coffee-drill-20261125'),
      denial('go-coffee-drill-20261125-dr'),
      {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: { name: 'dr-daily', namespace: 'go-coffee-drill-20261125-dr' },
        spec: { suspend: true },
      },
    ],
    left: [],
  };
}

/** @param backend what the whole cluster holds. @default nothing */
export function heldCluster(held: Held, backend: FakeBackend = newBackend([])): RebuiltCluster {
  return {
    describe: 'a made-up cluster',
    hasNamespace: async (name) => held.left.includes(name),
    everything: async () => liveOf(backend),
    objects: async (namespace) => held.objects.filter(({ metadata }) => metadata.namespace === namespace),
    async sql(_namespace, _database, statement) {
      if (statement.includes('archive_mode')) {
        return [{ ...held.settings, canary: held.canary !== undefined, heartbeat: true }];
      }
      if (statement.includes('dr.canary')) return held.canary ?? [];
      return statement.includes('dr.heartbeat') ? [{ beat: held.beat }] : held.tables;
    },
    redis: async () => ({ keys: held.keys, expiring: 1 }),
    async [Symbol.asyncDispose]() {},
  };
}

/** A cluster of production, and the platform that a drill makes beside it. */
export function backendOf(resources: readonly FakeResource[] = RESOURCES): FakeBackend {
  const backend = newBackend(resources);
  const config = Object.fromEntries(Object.entries(REQUEST.set).map(([key, value]) => [key, { value }]));
  backend.stacks.set('production', { config, state: ['x'], pending: [], lockedBy: undefined, outputs: {} });
  return backend;
}

export interface DrillPorts extends ClusterDrillPorts {
  readonly approved: readonly unknown[];
  readonly told: readonly string[];
}

export function drillPorts(backend: FakeBackend, folder: string, held: Held): DrillPorts {
  let ticks = 0;
  return {
    ...portsOf(backend, folder),
    // A second with each look at the clock.
    now: () => new Date(BEGUN + 1000 * ticks++),
    resolve: async () => ({ pin: PIN, notes: [], generations: [] }),
    readPoints: async () => ENTRIES,
    openCluster: async () => heldCluster(held, backend),
  };
}

export const drillRequest = (folder: string): ClusterDrillRequest => ({
  like: 'production',
  repository: 'secondary',
  target: 'latest',
  set: {},
  keep: false,
  reportFolder: join(folder, 'report'),
});
