/** A volume of a platform that is there: copied by pods beside its users, with copies of the keys, and filled before the services start. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { AlertRule, RuleFile } from '../../infra/monitoring/rules.ts';
import { environmentSchema } from '../../recovery/config/environment.ts';
import { packSnapshot } from '../../recovery/public.ts';
import { kinds, object, podOf, predecessors } from './objects.ts';
import { type Recording, record } from './recording.ts';
import { captureOf, OBJECTS, PIN, recoveryConfig } from './recovered/sample-snapshot.ts';

const NAMESPACES = { platform: { existing: ['shop', 'shop-data'] }, recovery: 'shop-dr' };
const volumes = {
  orders: { claim: 'data-orders-0', namespace: 'shop', pods: { app: 'orders' }, user: 1001, group: 2001 },
  media: { claim: 'media', namespace: 'shop-data', access: 'ReadWriteMany' },
};
const BESIDE = { namespaces: NAMESPACES, volumes };

interface Cron {
  readonly metadata: { readonly namespace: string };
  readonly spec: { readonly schedule: string; readonly suspend: boolean; readonly concurrencyPolicy: string };
}
const site = await record('local', BESIDE);

function environmentOf(recording: Recording, name: string) {
  const { data } = object<{ data: Record<string, string> }>(recording, 'ConfigMap', name);
  return environmentSchema.parse(parse(data['dr.yaml'] ?? ''));
}

describe('the copies', () => {
  test('come after those of the stack, by the plan’s schedules, in the namespace of the claim', () => {
    const crons = kinds(site, 'CronJob').filter(({ manifest }) => manifest.metadata.name.startsWith('shop-dr-'));
    const times = crons.map(({ manifest }) => {
      const { metadata, spec } = manifest as unknown as Cron;
      return `${metadata.namespace} ${manifest.metadata.name} ${spec.schedule} ${spec.suspend} ${spec.concurrencyPolicy}`;
    });
    expect(times.toSorted()).toEqual([
      'shop shop-dr-orders-daily 30 2 * * * false Forbid',
      'shop shop-dr-orders-hourly 15 * * * * false Forbid',
      'shop-data shop-dr-media-daily 30 2 * * * false Forbid',
      'shop-data shop-dr-media-hourly 15 * * * * false Forbid',
    ]);
    // The stack's own runs leave them out.
    for (const job of ['dr-daily', 'dr-hourly'])
      expect(podOf(site, `CronJob ${job}`).spec.containers[0]?.args?.join(' ')).not.toMatch(/orders|media/);
  });

  test('a run that failed is an alert, as one of the stack’s own', () => {
    const { data } = object<{ data: Record<string, string> }>(site, 'ConfigMap', 'dr-alert-rules');
    const file = parse(data['go-coffee-dr.rules.yaml'] ?? '') as RuleFile;
    const rules = file.groups.flatMap(({ rules }) => rules);
    const { expr } = rules.find(({ alert }) => alert === 'DrJobFailed') as AlertRule;
    const selected = [...expr.matchAll(/kube_job_failed\{namespace="([^"]+)",job_name=~"([^"]+)"/g)];
    const names = new Map(
      selected.map(([, namespace = '', pattern = '']) => [namespace, new RegExp(`^(?:${pattern})$`)]),
    );
    const failed = (namespace: string, job: string): boolean | undefined => names.get(namespace)?.test(job);
    expect([...names.keys()]).toEqual(['shop-dr', 'shop', 'shop-data']);
    for (const { manifest } of kinds(site, 'CronJob').filter(({ manifest }) =>
      manifest.metadata.name.startsWith('shop-dr-'),
    ))
      expect(failed(String(manifest.metadata.namespace), `${manifest.metadata.name}-29412345`)).toBe(true);
    expect(failed('shop', 'shop-dr-seed-orders')).toBe(true);
    expect([failed('shop', 'dr-hourly-1'), failed('shop', 'shop-dr-media-daily-1')]).toEqual([false, false]);
  });

  test('read the volume beside the pods that use it, as their user, and change nothing of it', () => {
    const { spec, labels } = podOf(site, 'CronJob shop-dr-orders-hourly');
    const [container] = spec.containers;
    expect(container?.args).toEqual(['backup', '--kind', 'incremental', '--only', 'orders']);
    expect(spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution).toEqual([
      { labelSelector: { matchLabels: { app: 'orders' } }, topologyKey: 'kubernetes.io/hostname' },
    ]);
    expect(spec.securityContext).toMatchObject({ runAsUser: 1001, runAsGroup: 2001, runAsNonRoot: true });
    expect(spec.securityContext?.fsGroup).toBeUndefined();
    const mount = container?.volumeMounts.find(({ mountPath }) => mountPath === '/data/orders');
    expect(mount?.readOnly).toBe(true);
    expect(spec.volumes.find(({ name }) => name === mount?.name)?.persistentVolumeClaim?.claimName).toBe(
      'data-orders-0',
    );
    expect(spec.serviceAccountName).toBe('shop-dr-volumes-writer');
    expect(Object.keys(labels).filter((label) => label.startsWith('reach.'))).toEqual([
      'reach.go-coffee/dns',
      'reach.go-coffee/object-storage',
    ]);
    expect(podOf(site, 'CronJob shop-dr-media-hourly').spec.affinity).toBeUndefined();
  });

  test('know their folders and the repositories in S3, and nothing of the stores', () => {
    const mover = environmentOf(site, 'shop-dr-volumes-dr-environment');
    expect(mover).toMatchObject({ mover: true, site: 'local', generation: 1 });
    expect(Object.keys(mover.repositories)).toEqual(['primary', 'secondary']);
    expect([mover.postgres, mover.redis, mover.kubernetes]).toEqual([undefined, undefined, undefined]);
    // A quota of the namespace may leave little room.
    const maps = kinds(site, 'ConfigMap').filter(({ manifest }) => manifest.metadata.namespace === 'shop');
    expect(maps).toHaveLength(1);
    const { volumes: mounted } = podOf(site, 'CronJob shop-dr-orders-hourly').spec;
    const named = mounted.find(({ name }) => name === 'config')?.projected?.sources?.map((each) => each.configMap);
    expect(named).toEqual([
      {
        name: 'shop-dr-volumes-dr-environment',
        items: ['dr.yaml', 'plan.json'].map((file) => ({ key: file, path: file })),
      },
    ]);
    const names = kinds(site, 'Secret').filter(({ manifest }) =>
      ['shop', 'shop-data'].includes(manifest.metadata.namespace ?? ''),
    );
    expect([...new Set(names.map(({ manifest }) => manifest.metadata.name))].toSorted()).toEqual([
      'shop-dr-volumes-dr-keys',
      'shop-dr-volumes-dr-restorer',
      'shop-dr-volumes-dr-writer',
    ]);
    const { stringData } = object<{ stringData: Record<string, string> }>(site, 'Secret', 'shop-dr-volumes-dr-keys');
    expect(Object.keys(stringData).toSorted()).toEqual(['primary.passphrase', 'secondary.passphrase', 'signing']);
  });

  test('the stack knows that they are copied, and which claims they are', () => {
    const own = environmentOf(site, 'dr-environment');
    expect(own.volumes?.orders).toEqual({ namespace: 'shop', claim: 'data-orders-0' });
    expect(own.kubernetes?.claims).toEqual({ 'shop/data-orders-0': 'orders', 'shop-data/media': 'media' });
    expect(own.folders).toEqual({});
  });

  test('have a way out of a namespace whose policies are not the stack’s', () => {
    const policies = kinds(site, 'NetworkPolicy').filter(({ manifest }) => manifest.metadata.namespace === 'shop');
    expect(policies.map(({ manifest }) => manifest.metadata.name).toSorted()).toEqual([
      'shop-dr-volumes-dns',
      'shop-dr-volumes-object-storage',
    ]);
    const { spec } = object<{ spec: { podSelector: { matchLabels: Record<string, string> } } }>(
      site,
      'NetworkPolicy',
      'shop-dr-volumes-dns',
    );
    expect(podOf(site, 'CronJob shop-dr-orders-hourly').labels).toMatchObject(spec.podSelector.matchLabels);
  });

  test('are none where none are named', async () => {
    const without = await record('local', { namespaces: NAMESPACES });
    expect(kinds(without, 'CronJob').filter(({ manifest }) => manifest.metadata.namespace === 'shop')).toEqual([]);
    expect(kinds(without, 'Secret').filter(({ manifest }) => manifest.metadata.namespace === 'shop')).toEqual([]);
  });

  test('assume the roles of the storage in AWS', async () => {
    const namespaces = { platform: 'go-coffee', recovery: 'go-coffee-dr' };
    const given = { media: { claim: 'media', pods: { app: 'media' } } };
    const made = await record('production', { namespaces, volumes: given });
    const policies = made
      .filter(({ type }) => type === 'aws:iam/role:Role')
      .map(({ inputs }) => String(inputs.assumeRolePolicy));
    const trusted = (role: string) =>
      policies.filter((text) => text.includes(`go-coffee:go-coffee-dr-volumes-${role}"`));
    expect([trusted('writer').length, trusted('restorer').length]).toEqual([1, 1]);
    const { metadata } = object<{ metadata: { annotations?: Record<string, string> } }>(
      made,
      'ServiceAccount',
      'go-coffee-dr-volumes-writer',
    );
    expect(metadata.annotations?.['eks.amazonaws.com/role-arn']).toBeDefined();
  });
});

describe('a recovery', () => {
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'media', namespace: 'go-coffee' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
  const copied = { media: { claim: 'media', pods: { app: 'media' }, user: 1001 } };
  const files = [
    {
      workload: 'media',
      point: '20261123T011500Z-incremental-0001',
      snapshot: 'b'.repeat(64),
      capturedAt: '2026-11-23T01:15:30.000Z',
    },
  ];
  const recover = async (objects: readonly object[], pinned: object = { files }): Promise<Recording> => {
    const recoveredObjects = await packSnapshot(captureOf(objects));
    const previous = {
      leads: true,
      site: 'local',
      generation: 2,
      recoveredFrom: { ...PIN, ...pinned },
      recoveredObjects,
    };
    return record('local', { ...recoveryConfig(), volumes: copied }, { previous });
  };

  test('fills the claim that came back from the pinned point, before any service', async () => {
    const made = await recover([...OBJECTS, claim]);
    const { spec, namespace } = podOf(made, 'Job go-coffee-dr-seed-media');
    expect(namespace).toBe('go-coffee');
    const [container] = spec.containers;
    expect(container?.args).toEqual(['restore-volume', 'media', '--from', 'secondary', '--to', files[0]?.point]);
    const mount = container?.volumeMounts.find(({ mountPath }) => mountPath === '/data/media');
    expect(mount?.readOnly ?? false).toBe(false);
    expect(spec.securityContext).toMatchObject({ runAsUser: 1001, fsGroup: 1001 });
    expect(spec.affinity).toBeUndefined();
    expect(container?.volumeMounts.map(({ name }) => name)).not.toContain('dr-writer');
    expect(predecessors(made, 'Job', 'go-coffee-dr-seed-media')).toContain('PersistentVolumeClaim media');
    expect(predecessors(made, 'Deployment', 'order-service')).toContain('Job go-coffee-dr-seed-media');
  });

  test('fills none that the point does not hold, and none without a copy', async () => {
    const seeds = (made: Recording) =>
      kinds(made, 'Job').filter(({ manifest }) => manifest.metadata.name.includes('-seed-'));
    expect(seeds(await recover(OBJECTS))).toEqual([]);
    expect(seeds(await recover([...OBJECTS, claim], { files: [] }))).toEqual([]);
  });
});
