/** Every pod of every stack: what it may do, what it holds, where its image comes from. */
import { describe, expect, test } from 'vitest';
import { egressLabel } from '../../../infra/cluster/labels.ts';
import { kubernetesObjects } from '../manifests-of.ts';
import { kinds, podOf, podsOf, recordStacks, type StackName } from '../objects.ts';

const recordings = await recordStacks();
const names = Object.keys(recordings) as StackName[];

describe.each(names)('%s', (name) => {
  const recording = recordings[name];
  const pods = podsOf(recording);

  test('has pods in both namespaces', () => {
    expect(new Set(pods.map(({ namespace }) => namespace))).toEqual(new Set(['go-coffee', 'go-coffee-dr']));
    expect(pods.length).toBeGreaterThan(15);
  });

  test.each(pods.map((pod) => [pod.of, pod] as const))('%s is restricted', (_, { spec }) => {
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 999,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(spec.hostNetwork ?? spec.hostPID ?? spec.hostIPC).toBeUndefined();
    expect(spec.serviceAccountName).toBeTruthy();
    expect((spec.volumes ?? []).filter(({ hostPath }) => hostPath !== undefined)).toEqual([]);
    expect([...(spec.initContainers ?? []), ...spec.containers].length).toBeGreaterThan(0);
    for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(container.resources.requests).toMatchObject({ cpu: expect.any(String), memory: expect.any(String) });
      expect(container.resources.limits?.memory).toBe(container.resources.requests?.memory);
      expect(container.image).toMatch(/(@sha256:[0-9a-f]{64}|:(?!latest$)[\w][\w.-]*)$/);
    }
  });

  test('all pods of the shared volumes, and no others, run on one node: the volumes are mounted by one node at a time', () => {
    const together = { 'go-coffee-dr/volumes': 'shared' };
    const term = { labelSelector: { matchLabels: together }, topologyKey: 'kubernetes.io/hostname' };
    const claims = (spec: (typeof pods)[number]['spec']) =>
      (spec.volumes ?? []).map(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName);
    const sharing = pods.filter(({ spec }) => claims(spec).some((c) => c === 'dr-state' || c === 'local-repository'));
    expect(sharing.length).toBeGreaterThan(8);
    for (const { of, spec, labels } of pods) {
      const shares = sharing.some((pod) => pod.of === of);
      const rule = spec.affinity?.podAffinity;
      expect([of, rule]).toEqual([of, shares ? { requiredDuringSchedulingIgnoredDuringExecution: [term] } : undefined]);
      expect([of, labels['go-coffee-dr/volumes']]).toEqual([of, shares ? 'shared' : undefined]);
    }
  });

  test('only Patroni, its jobs, backups, checks of health and the monitor have a token of the API, and may reach it', () => {
    const mounts = ({ spec }: (typeof pods)[number]) =>
      spec.automountServiceAccountToken !== false ||
      spec.volumes.some(({ projected }) => projected?.sources?.some(({ serviceAccountToken: token }) => token));
    const promotion = name === 'promoted' ? ['Job postgres-promotion-1'] : [];
    const full = name === 'promoted' ? ['Job dr-full-eu-west-1-1'] : [];
    const reading = ['daily', 'hourly', 'weekly-config', 'service-startup'].map((id) => `CronJob dr-${id}`);
    const patroni = ['StatefulSet postgres', 'Job postgres-settings-DIGEST', ...promotion];
    const expected = ['Deployment dr-monitor', ...patroni, ...full, ...reading].toSorted();
    const namesOf = (found: typeof pods) =>
      found.map(({ of }) => of.replace(/-settings-[0-9a-f]{8}$/, '-settings-DIGEST')).toSorted();
    expect(namesOf(pods.filter(mounts))).toEqual(expected);
    expect(namesOf(pods.filter(({ labels }) => egressLabel('kubernetes-api') in labels))).toEqual(expected);
  });

  test('no secret stands in an environment variable, an argument list or a ConfigMap', () => {
    const secrets = kinds(recording, 'Secret').flatMap(({ manifest }) =>
      Object.entries((manifest.stringData ?? {}) as Record<string, string>)
        .filter(([key]) => !/\.crt$|\.conf$/.test(key))
        .map(([, value]) => value),
    );
    expect(secrets.length).toBeGreaterThan(8);
    const rest = kubernetesObjects(recording).filter(({ manifest }) => manifest.kind !== 'Secret');
    const text = JSON.stringify(rest.map(({ manifest }) => manifest));
    expect(secrets.filter((value) => text.includes(JSON.stringify(value).slice(1, -1)))).toEqual([]);
    for (const { spec } of pods) {
      const literals = spec.containers.flatMap(({ env }) => (env ?? []).filter(({ value }) => value !== undefined));
      // The path of a key is none.
      const named = literals.filter(({ name: key, value }) => /PASS|SECRET|TOKEN|KEY/i.test(key) && value?.[0] !== '/');
      expect(named).toEqual([]);
    }
  });

  test('long-running pods are probed', () => {
    for (const { of, spec } of pods.filter(({ of: what }) => /^(Deployment|StatefulSet)/.test(what))) {
      for (const { readinessProbe, livenessProbe } of spec.containers) {
        expect([of, readinessProbe, livenessProbe]).not.toContain(undefined);
      }
    }
  });

  test('a job has the keys of its purpose alone', () => {
    const volumes = (of: string) => podOf(recording, of).spec.volumes.flatMap(({ secret }) => secret?.secretName ?? []);
    expect(volumes('CronJob dr-daily').toSorted()).toEqual(['dr-keys', 'dr-stores', 'dr-tls', 'dr-writer']);
    expect(volumes('CronJob dr-verify').toSorted()).toEqual(['dr-keys', 'dr-restorer']);
    expect(volumes('CronJob dr-full-simulation')).toEqual([]);
    expect(volumes('Deployment dr-monitor')).not.toContain('dr-writer');
    expect(volumes('Deployment pgbackrest-repository')).toEqual(['pgbackrest-repository-tls']);
    const isDrill = ({ args = [] }: { args?: readonly string[] }) => args[0] === 'drill';
    const drills = pods.filter(({ spec }) => spec.containers.some(isDrill));
    expect(drills.length).toBeGreaterThan(3);
    for (const { labels, spec } of drills) {
      // F37: no name, no address, no key, no volume of the site.
      expect(Object.keys(labels).filter((label) => label.startsWith('reach.'))).toEqual([]);
      expect(spec.volumes.every(({ emptyDir }) => emptyDir !== undefined)).toBe(true);
      expect(spec.serviceAccountName).toBe('dr-drill');
    }
  });
});
