/** What every stack declares around its pods: guardrails first, state kept, secrets marked, providers named. */
import { describe, expect, test } from 'vitest';
import { planDigest } from '../../plan/digest.ts';
import { kubernetesObjects } from './manifests-of.ts';
import { kinds, object, podsOf, predecessors, recordStacks, resourceOf, type StackName } from './objects.ts';

const recordings = await recordStacks();
const names = Object.keys(recordings) as StackName[];
const PLATFORM = 'go-coffee';
const RECOVERY = 'go-coffee-dr';

type Labels = Readonly<Record<string, string>>;

/** In the template of their pods too. Deployments and StatefulSets know their own pods by their owner. */
function podSelectors({ kind, spec }: { readonly kind: string; readonly spec?: unknown }): Labels[] {
  const found: Labels[] = [];
  const walk = (value: unknown, key: string, depth: number): void => {
    if (typeof value !== 'object' || value === null) return;
    const own = ['Deployment', 'StatefulSet'].includes(kind) && key === 'selector' && depth === 1;
    if (['podSelector', 'labelSelector', 'selector'].includes(key) && !own) {
      const { matchLabels, matchExpressions } = value as { matchLabels?: Labels; matchExpressions?: unknown };
      expect(matchExpressions).toBeUndefined();
      found.push(kind === 'Service' ? (value as Labels) : (matchLabels ?? {}));
      return;
    }
    for (const [name, inner] of Object.entries(value)) walk(inner, name, depth + 1);
  };
  walk(spec, 'spec', 0);
  return found;
}

describe.each(names)('%s', (name) => {
  const recording = recordings[name];
  const objects = kubernetesObjects(recording);

  test('every resource of a cloud or cluster names its provider', () => {
    const outside = recording.filter(({ type, custom }) => custom && /^(aws|kubernetes):/.test(type));
    expect(outside.filter(({ provider }) => provider === undefined).map(({ urn }) => urn)).toEqual([]);
    for (const { type, provider } of outside) expect(provider).toContain(`pulumi:providers:${type.split(':')[0]}::`);
    const cluster = recording.find(({ type }) => type === 'pulumi:providers:kubernetes');
    expect(cluster?.inputs).toMatchObject({ context: expect.any(String), kubeconfig: expect.any(String) });
  });

  test('no other stack is asked', () => {
    const references = recording.calls.filter(({ token }) => token === 'pulumi:pulumi:StackReference');
    const own = name === 'standby' || name === 'promoted' ? 'dr' : name;
    expect(references.map(({ inputs }) => inputs.name)).toEqual([`organization/go-coffee-dr/${own}`]);
  });

  test('both namespaces enforce the restricted level, and outlive the stack', () => {
    for (const namespace of [PLATFORM, RECOVERY]) {
      expect(object(recording, 'Namespace', namespace)).toMatchObject({
        metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
      });
      expect(resourceOf(recording, 'Namespace', namespace)).toMatchObject({ protect: true, retainOnDelete: true });
    }
    expect(kinds(recording, 'Namespace')).toHaveLength(2);
  });

  test('pods come after their guardrails', () => {
    for (const { of, namespace } of podsOf(recording)) {
      const [kind = '', ...rest] = of.split(' ');
      const earlier = predecessors(recording, kind, rest.join(' '));
      expect(earlier).toContain('NetworkPolicy default-deny');
      expect(earlier).toContain(`Namespace ${namespace}`);
      expect(earlier).toContain('ResourceQuota everything');
    }
    for (const { manifest } of objects.filter(({ manifest: { metadata } }) => metadata.namespace !== undefined)) {
      const earlier = predecessors(recording, manifest.kind, manifest.metadata.name);
      expect([manifest.kind, manifest.metadata.name, earlier]).toEqual([
        manifest.kind,
        manifest.metadata.name,
        expect.arrayContaining([`Namespace ${manifest.metadata.namespace}`]),
      ]);
    }
  });

  test('what selects pods selects by a label that nobody else sets', () => {
    const found = objects.flatMap(({ manifest }) =>
      podSelectors(manifest).map((selector) => [`${manifest.kind} ${manifest.metadata.name}`, selector] as const),
    );
    expect(found.length).toBeGreaterThan(20);
    const foreign = found.filter(([, selector]) => {
      const keys = Object.keys(selector);
      return keys.length > 0 && !keys.some((key) => /^(?:reach\.go-coffee|go-coffee-dr)\//.test(key));
    });
    expect(foreign).toEqual([]);
    // Of every pod of the namespace, which is the point of it.
    expect([...new Set(found.filter(([, selector]) => Object.keys(selector).length === 0).map(([of]) => of))]).toEqual([
      'NetworkPolicy default-deny',
    ]);
  });

  test('no Job that stays when it is dropped is ever in the way of its successor', () => {
    for (const { manifest, urn } of kinds(recording, 'Job')) {
      const { retainOnDelete, ignoreChanges } = resourceOf(recording, 'Job', manifest.metadata.name);
      // Nothing of a Job's pods can be changed in place: a new image would replace it, under the same name.
      if (retainOnDelete) expect([urn, ignoreChanges]).toEqual([urn, ['spec']]);
    }
  });

  test('a Job that is waited for and failed is made again', () => {
    for (const { manifest } of kinds(recording, 'Job')) {
      const { name, annotations = {} } = manifest.metadata;
      const awaited = annotations['pulumi.com/skipAwait'] !== 'true';
      expect([name, annotations['pulumi.com/replaceUnready']]).toEqual([name, awaited ? 'true' : undefined]);
    }
  });

  test('what holds state is protected', () => {
    for (const claim of ['local-repository', 'dr-state']) {
      expect(resourceOf(recording, 'PersistentVolumeClaim', claim)).toMatchObject({
        protect: true,
        retainOnDelete: true,
      });
      expect(object(recording, 'PersistentVolumeClaim', claim)).toMatchObject({
        spec: { accessModes: ['ReadWriteOnce'] },
      });
    }
    for (const store of ['postgres', 'redis']) {
      expect(resourceOf(recording, 'StatefulSet', store).protect).toBe(true);
      expect(object(recording, 'StatefulSet', store)).toMatchObject({
        spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' } },
      });
    }
  });

  test('secrets are Pulumi secrets', () => {
    const secrets = kinds(recording, 'Secret');
    expect(secrets.length).toBeGreaterThan(8);
    // Those of the S3 keys are empty where pods take roles.
    const filled = secrets.filter(({ manifest }) => manifest.stringData !== undefined);
    expect(filled.length).toBeGreaterThan(5);
    for (const { urn } of filled) {
      expect(recording.find((resource) => resource.urn === urn)?.secrets).toContain('stringData');
    }
    const keys = recording.filter(({ type }) => /CertRequest$|Cert$/.test(type));
    expect(keys.length).toBe(9);
    for (const { secrets: marked } of keys) expect(marked.join()).toMatch(/rivateKeyPem/);
    const random = recording.filter(({ type }) => type.startsWith('random:'));
    const generated = name === 'production' || name === 'local';
    expect(random.length > 0).toBe(generated);
    expect(random.every(({ protect }) => protect)).toBe(true);
    expect(recording.secretOutputs).toEqual(['secrets']);
  });

  test('outputs: what an operator and dr need', () => {
    const { outputs } = recording;
    expect(outputs).toMatchObject({
      role: name === 'standby' ? 'standby' : 'primary',
      leads: name !== 'standby',
      namespaces: { platform: PLATFORM, recovery: RECOVERY },
      hosts: { postgres: `postgres.${PLATFORM}.svc` },
      planDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(Object.keys(outputs.repositories as object)).toEqual(
      expect.arrayContaining(['local', 'primary', 'secondary']),
    );
    expect('roleArns' in outputs).toBe(name !== 'local');
    const plan = object<{ data: Record<string, string> }>(recording, 'ConfigMap', 'recovery-plan').data;
    expect(plan.digest).toBe(outputs.planDigest);
    expect(planDigest(JSON.parse(plan['plan.json'] ?? ''))).toBe(outputs.planDigest);
  });
});

test('without storage on AWS there is nothing of AWS', () => {
  expect(recordings.local.filter(({ type }) => type.includes('aws'))).toEqual([]);
  expect(recordings.local.calls.filter(({ token }) => token.includes('aws'))).toEqual([]);
});

test('service accounts have roles by their names on AWS, and keys elsewhere', () => {
  const annotations = (name: StackName, account: string) =>
    object<{ metadata: { annotations?: object } }>(recordings[name], 'ServiceAccount', account).metadata.annotations;
  for (const account of ['dr-writer', 'dr-restorer', 'dr-auditor', 'dr-monitor', 'dr-pruner', 'postgres']) {
    expect(annotations('production', account)).toEqual({
      'eks.amazonaws.com/role-arn': expect.stringMatching(/^arn:aws:iam::123456789012:role\//),
    });
    expect(annotations('local', account)).toBeUndefined();
  }
  expect(annotations('production', 'dr-drill')).toBeUndefined();
  expect(annotations('production', 'redis')).toBeUndefined();
});

test('folder workloads are mounted where the config says, for backups alone', () => {
  const claims = podsOf(recordings.production).filter(({ spec }) =>
    spec.volumes.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === 'uploads'),
  );
  expect(claims.map(({ of }) => of).toSorted()).toEqual([
    'CronJob dr-daily',
    'CronJob dr-hourly',
    'CronJob dr-redis',
    'CronJob dr-weekly-config',
    'Job dr-init-us-east-1-1',
  ]);
  const text = object<{ data: Record<string, string> }>(recordings.production, 'ConfigMap', 'dr-environment').data;
  expect(text['dr.yaml']).toContain('path: /data/uploads');
});
