/** Services of a standby as the whole program declares them: asleep, and awake in the order of their tiers once it is promoted. */
import { describe, expect, test } from 'vitest';
import { withKept } from '../../../../infra/recovered/source/standby-objects.ts';
import { productionPlan } from '../../../../plan/production.ts';
import { type ManifestSnapshot, nameOf, packSnapshot, unpackSnapshot } from '../../../../recovery/public.ts';
import { kubernetesObjects } from '../../manifests-of.ts';
import { find, kinds, podOf, predecessors, resourceOf } from '../../objects.ts';
import { type RecordedResource, type Recording, record, STORED_SECRETS } from '../../recording.ts';
import { captureOf, deployment, OBJECTS, PLATFORM } from '../sample-snapshot.ts';

const FOLLOWS = { of: { site: 'other', generation: 1 }, repository: 'secondary' };
const SECRETS = { secrets: { from: 'config' }, secretValues: STORED_SECRETS };
const text = await packSnapshot(PLATFORM);
const upBefore = (leads: boolean, generation: number, recoveredObjects: string | undefined = text) => ({
  previous: { leads, site: 'local', generation, recoveredObjects },
});

/** The repository of this stack is an address that nobody has. */
const follow = (
  role: string,
  generation: number,
  options: object,
  settings: object = { services: true },
  more: object = {},
) => record('local', { ...SECRETS, ...more, role, generation, standby: { ...FOLLOWS, ...settings } }, options);

const sleeping = await follow('standby', 1, upBefore(false, 1));
const promoted = await follow('primary', 1, upBefore(false, 1));

const platformOf = (recording: Recording): RecordedResource[] =>
  recording.filter(({ parent, custom }) => custom && parent?.endsWith('::platform') === true);
const checks = (recording: Recording): string[] =>
  kinds(recording, 'Job').flatMap(({ manifest: { metadata } }) =>
    metadata.name.startsWith('recovery-check-') ? [metadata.name] : [],
  );
const capturedPods = (recording: Recording): RecordedResource[] =>
  platformOf(recording).filter(
    ({ type, name }) =>
      /:(Pod|Deployment|StatefulSet|DaemonSet|ReplicaSet|ReplicationController|Job|CronJob)$/.test(type) &&
      !name.startsWith('platform-'),
  );
const specOf = ({ inputs }: RecordedResource) => inputs.spec as { replicas?: number; suspend?: boolean };

describe('before the promotion', () => {
  test('services are there, and none of them runs or is checked', () => {
    const pods = capturedPods(sleeping);
    expect(pods.map(({ name }) => name)).toContain('Deployment.apps/go-coffee/order-service');
    for (const each of pods) {
      const { replicas, suspend } = specOf(each);
      expect([each.name, replicas ?? suspend]).toEqual([each.name, each.type.endsWith(':CronJob') ? true : 0]);
    }
    expect(checks(sleeping)).toEqual([]);
    expect(kinds(sleeping, 'Ingress')).toEqual([]);
    expect(find(sleeping, 'ConfigMap', 'recovery-p1')).toBeDefined();
  });

  test('nothing waits for pods that don’t come, and an autoscaler’s last word does not count', () => {
    expect(find(sleeping, 'Deployment', 'order-service')?.manifest.metadata.annotations).toEqual({
      'pulumi.com/skipAwait': 'true',
      'pulumi.com/patchForce': 'true',
    });
    expect(find(promoted, 'Deployment', 'order-service')?.manifest.metadata.annotations).toBeUndefined();
  });

  test('the next `up` has its objects from the outputs, where the repository can’t be read', () => {
    expect(sleeping.outputs.recoveredObjects).toBe(text);
    expect(sleeping.secretOutputs).toContain('recoveredObjects');
    const { notes } = sleeping.outputs.recoveredPlatform as { notes: string[] };
    expect(notes).toContainEqual(
      expect.stringMatching(/^excluded until the promotion, it would run: .*Job\.batch\/go-coffee\/import/),
    );
  });

  test('a first `up` that can’t read them says so', async () => {
    await expect(follow('standby', 1, {})).rejects.toThrow(
      /^DR-REPOSITORY-UNREACHABLE [\s\S]*\nhint: [\s\S]*\nstandby\.services: the newest manifests could not be read from secondary; nothing was changed$/,
    );
  });
});

describe('the promotion', () => {
  test('changes the same resources where they stand, and adds what was left out', () => {
    const awake = new Map(platformOf(promoted).map((each) => [`${each.type} ${each.name}`, each] as const));
    for (const each of platformOf(sleeping)) {
      const now = awake.get(`${each.type} ${each.name}`);
      expect([each.name, now?.provider]).toEqual([each.name, each.provider]);
      expect([now?.protect, now?.retainOnDelete]).toEqual([each.protect, each.retainOnDelete]);
    }
    expect(specOf(resourceOf(promoted, 'Deployment', 'order-service'))).toMatchObject({ replicas: 2 });
    expect(specOf(resourceOf(promoted, 'CronJob', 'order-service-cleanup'))).not.toHaveProperty('suspend');
    for (const name of ['shop', 'orders']) expect(find(promoted, 'Ingress', name)).toBeDefined();
    expect(find(promoted, 'Widget', 'gear')).toBeDefined();
  });

  test('wakes tier by tier, each behind the check of the one before, the first behind the database and Redis', () => {
    expect(checks(promoted)).toEqual(
      expect.arrayContaining(['recovery-check-stores-local-1', 'recovery-check-p1-local-1']),
    );
    const order = kubernetesObjects(promoted).map(({ manifest: { kind, metadata } }) => `${kind} ${metadata.name}`);
    const wanted = [
      'Job postgres-promotion-1',
      'StatefulSet redis',
      'Job recovery-check-stores-local-1',
      'Deployment auth-service',
      'Job recovery-check-p1-local-1',
      'Deployment order-service',
      'Job recovery-check-p2-local-1',
      'Deployment ai-search',
      'Job recovery-check-p3-local-1',
      'Deployment loyalty',
      'Job recovery-check-p4-local-1',
      'ValidatingWebhookConfiguration guard',
    ];
    expect(order.filter((each) => wanted.includes(each))).toEqual(wanted);
    expect(predecessors(promoted, 'Deployment', 'auth-service')).toEqual(
      expect.arrayContaining(['Job postgres-promotion-1', 'StatefulSet redis', 'Job recovery-check-stores-local-1']),
    );
    expect(predecessors(promoted, 'Ingress', 'shop')).toContain('Job recovery-check-p1-local-1');
  });

  test('a second `up` declares the same, and asks no repository', async () => {
    const again = await follow('primary', 1, upBefore(true, 1, String(promoted.outputs.recoveredObjects)));
    const told = (recording: Recording) => recording.map(({ name, type, inputs }) => ({ name, type, inputs }));
    expect(told(again)).toEqual(told(promoted));
  });

  test('files are there before any service could write beside them', async () => {
    const folders = { folders: { uploads: 'uploads' } };
    const filled = await follow('primary', 1, upBefore(false, 1), { services: true }, folders);
    expect(predecessors(filled, 'Deployment', 'auth-service')).toContain('Job dr-seed-uploads');
    expect(predecessors(filled, 'Job', 'postgres-promotion-1')).not.toContain('Job dr-seed-uploads');
    expect(find(filled, 'Job', 'dr-seed-uploads')?.awaited).toBe(true);
  });

  test('the first full backup copies no objects: half of them sleep while it runs', async () => {
    const argsOf = (recording: Recording) => podOf(recording, 'Job dr-full-local-1').spec.containers[0]?.args ?? [];
    const [only = ''] = argsOf(promoted).slice(-1);
    expect(only.split(',')).toEqual(expect.arrayContaining(['postgres', 'redis']));
    const objects = productionPlan.workloads.flatMap((workload) =>
      workload.objects === undefined ? [] : [workload.id],
    );
    expect(only.split(',').filter((id) => objects.includes(id))).toEqual([]);
    expect(argsOf(await follow('primary', 1, upBefore(false, 1), {}))).not.toContain('--only');
  });

  test('does not fail for services that nobody has', async () => {
    const bare = await follow('primary', 1, { previous: { leads: false, site: 'local', generation: 1 } });
    expect(platformOf(bare)).toEqual([]);
    expect(find(bare, 'Job', 'postgres-promotion-1')).toBeDefined();
  });

  test('custom resources stay when the services go to sleep again: an operator may hold data for them', async () => {
    const { retainOnDelete, provider } = resourceOf(promoted, 'Widget', 'gear');
    expect([retainOnDelete, provider]).toEqual([true, expect.stringContaining('cluster-shared')]);
    const back = await follow('standby', 2, upBefore(true, 1));
    expect(find(back, 'Widget', 'gear')).toBeUndefined();
    expect(capturedPods(back).map(({ name }) => name)).toEqual(capturedPods(sleeping).map(({ name }) => name));
    expect(specOf(resourceOf(back, 'Deployment', 'order-service'))).toMatchObject({ replicas: 0 });
  });
});

test('users are sent to the first tier, and don’t wait for the later ones', async () => {
  const standby = { of: { site: 'us-east-1', generation: 1 }, repository: 'secondary', services: true };
  const previous = { leads: false, site: 'eu-west-1', generation: 1, recoveredObjects: text };
  const dr = await record('dr', { role: 'primary', standby }, { previous });
  const records = dr.filter(({ type }) => type === 'aws:route53/record:Record');
  expect(records.length).toBeGreaterThan(0);
  const waits = (tier: string) =>
    records.filter(({ dependsOn }) => dependsOn.some((urn) => urn.endsWith(`::platform-recovery-check-${tier}`)));
  expect(waits('p1')).toEqual(records);
  expect(waits('p2')).toEqual([]);
});

test('without standby.services there is nothing of a capture, in either role', async () => {
  for (const role of ['standby', 'primary']) {
    const plain = await follow(role, 1, upBefore(false, 1), {});
    expect(platformOf(plain)).toEqual([]);
    expect(plain.outputs).not.toHaveProperty('recoveredObjects');
  }
});

test('standby.map and standby.exclude; a selector that selects nothing today is said and stops nothing', async () => {
  const settings = {
    services: true,
    map: { registry: { 'registry.test': 'mirror.test/coffee' } },
    exclude: ['order-service', 'Deployment/gone'],
  };
  const other = await follow('standby', 1, upBefore(false, 1), settings);
  expect(find(other, 'Deployment', 'order-service')).toBeUndefined();
  expect(JSON.stringify(find(other, 'Deployment', 'auth-service')?.manifest)).toContain(
    'mirror.test/coffee/auth-service:1.4.2',
  );
  const { leftOut, notes } = other.outputs.recoveredPlatform as { leftOut: { why: string }[]; notes: string[] };
  expect(leftOut.map(({ why }) => why)).toContain('standby.exclude names it');
  expect(notes).toContain('standby.exclude.1: the manifest snapshot has no object "Deployment/gone"');
});

test('a claim that is no longer captured stays, whatever else goes', () => {
  const now: ManifestSnapshot = captureOf([deployment('api')]);
  const names = withKept(now, PLATFORM).objects.map(({ object }) => nameOf(object));
  expect(names).toEqual(
    expect.arrayContaining(['Deployment.apps go-coffee/api', 'PersistentVolumeClaim go-coffee/uploads']),
  );
  expect(
    names.filter((name) => !/^(Deployment\.apps go-coffee\/api$|PersistentVolumeClaim |Namespace )/.test(name)),
  ).toEqual([]);
  expect(withKept(now, undefined)).toBe(now);
  expect(withKept(PLATFORM, PLATFORM)).toBe(PLATFORM);
  expect(OBJECTS.length).toBeGreaterThan(50);
});

test('what is kept can be read again', async () => {
  expect(await unpackSnapshot(text)).toEqual(PLATFORM);
});
