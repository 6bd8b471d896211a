/**
 * Seeds Redis from a copy: an init container fills an empty volume and does not touch one with data. The platform's namespace gets the
 * reading keys of one repository for it, and no others.
 */
import * as k8s from '@pulumi/kubernetes';
import type * as pulumi from '@pulumi/pulumi';
import type { Namespaces } from '../../plan/declared/namespaces.ts';
import type { Plan } from '../../plan/types.ts';
import { accessData, type ClusterSecrets, makeSecret, passphraseData } from '../cluster/keys.ts';
import { type EgressTarget, labelsOf } from '../cluster/labels.ts';
import type { Container, Volume, VolumeMount } from '../cluster/manifests.ts';
import { accessFolder, KEY_FILES, PATHS } from '../cluster/paths.ts';
import { containerSecurity, type Resources, resources } from '../cluster/pod-security.ts';
import type { ClusterRepository } from '../cluster/repository.ts';
import { OBJECTS } from '../jobs/dr-pod.ts';
import { renderEnvironment } from '../jobs/environment.ts';

/** The copy, and the image that restores it. */
export interface RedisSeed {
  /** The only one that is read. */
  readonly repository: ClusterRepository;
  /** `latest`, or the id of a point. */
  readonly target: string;
  /** `toolbox` has `dr`. */
  readonly images: { readonly toolbox: string };
  /** The storage's authorities, PEM by repository. Undefined where PostgreSQL has put them into the namespace. */
  readonly authorities: Readonly<Record<string, pulumi.Input<string>>> | undefined;
  readonly plan: Plan;
  readonly environment: string;
  readonly site: string;
  readonly generation: number;
  readonly namespaces: Namespaces;
  readonly database: string;
  readonly secrets: ClusterSecrets;
}

const NAME = 'redis-seed';
/** For restic and `dr` together; the snapshot goes through files. */
const RESOURCES: Resources = { cpu: '100m', memory: '512Mi' };

const SEED_OBJECTS = { environment: NAME, keys: `${NAME}-keys`, restorer: `${NAME}-restorer` } as const;

export const SEED_EGRESS: readonly EgressTarget[] = ['dns', 'object-storage'];
/** EKS gives the account's role to every container except these: the server needs no access to the storage. */
export const SEED_ANNOTATIONS = { 'eks.amazonaws.com/skip-containers': 'redis' } as const;

const hasKeys = ({ repository, secrets }: RedisSeed): boolean => secrets.access[repository.id] !== undefined;

interface Mounted {
  readonly volume: Volume;
  readonly mount: VolumeMount;
}

function mounted(volume: Volume, mountPath: string, access: 'ro' | 'rw' = 'ro'): Mounted {
  const { name } = volume;
  return { volume, mount: { name, mountPath, ...(access === 'ro' ? { readOnly: true } : {}) } };
}

const secret = (name: string): Volume => ({ name, secret: { secretName: name, defaultMode: 0o440 } });

function mounts(seed: RedisSeed): Mounted[] {
  const sources = [
    { configMap: { name: SEED_OBJECTS.environment } },
    { configMap: { name: OBJECTS.plan, items: [{ key: 'plan.json', path: 'plan.json' }] } },
  ];
  const authorities = { name: OBJECTS.authorities, defaultMode: 0o444, optional: true };
  return [
    mounted({ name: `${NAME}-config`, projected: { sources, defaultMode: 0o444 } }, PATHS.config),
    mounted({ name: `${NAME}-ca`, configMap: authorities }, PATHS.authorities),
    mounted(secret(SEED_OBJECTS.keys), PATHS.keys),
    ...(hasKeys(seed) ? [mounted(secret(SEED_OBJECTS.restorer), accessFolder('restorer'))] : []),
    mounted({ name: `${NAME}-state`, emptyDir: { sizeLimit: '2Gi' } }, PATHS.state, 'rw'),
    mounted({ name: `${NAME}-scratch`, emptyDir: { sizeLimit: '1Gi' } }, PATHS.scratch, 'rw'),
  ];
}

function workloadOf({ workloads }: Plan): string {
  const found = workloads.find(({ type }) => type === 'redis');
  if (found === undefined) throw new RangeError('the plan has no Redis');
  return found.id;
}

export interface SeedParts {
  readonly initContainers: Container[];
  readonly volumes: Volume[];
}

/** Pure. With data of this generation in the volume it succeeds without the storage, so a restart never waits for another region. */
export function seedParts(seed: RedisSeed): SeedParts {
  const all = mounts(seed);
  const container: Container = {
    name: 'seed',
    image: seed.images.toolbox,
    imagePullPolicy: 'IfNotPresent',
    command: ['dr'],
    // `seed` is `dr restore-volume` by the name that an older toolbox image knows too.
    args: ['seed', workloadOf(seed.plan), '--from', seed.repository.id, '--to', seed.target],
    workingDir: PATHS.scratch,
    env: [
      { name: 'DR_ENV', value: PATHS.environment },
      { name: 'HOME', value: PATHS.scratch },
      { name: 'TMPDIR', value: PATHS.scratch },
      { name: 'NO_COLOR', value: '1' },
    ],
    securityContext: containerSecurity(),
    resources: resources(RESOURCES),
    volumeMounts: [{ name: 'data', mountPath: PATHS.redisData }, ...all.map(({ mount }) => mount)],
  };
  return { initContainers: [container], volumes: all.map(({ volume }) => volume) };
}

/** Objects in the platform's namespace, which has the plan already. */
export function makeSeedObjects(name: string, seed: RedisSeed, opts: pulumi.CustomResourceOptions): pulumi.Resource[] {
  const { repository, secrets, namespaces } = seed;
  const metadata = (object: string) => ({ name: object, namespace: namespaces.platform, labels: labelsOf(object) });
  const passphraseNames = Object.fromEntries(Object.entries(secrets.passphrases).map(([id, { name: n }]) => [id, n]));
  const text = renderEnvironment({
    ...seed,
    repositories: [repository],
    passphraseNames,
    signingKeyName: secrets.signingKey.name,
    folders: {},
  });
  const make = (object: string, data: Parameters<typeof makeSecret>[2]) =>
    makeSecret(`${name}-${object}`, metadata(object), data, opts);
  const map = (object: string, data: Record<string, pulumi.Input<string>>) =>
    new k8s.core.v1.ConfigMap(`${name}-${object}`, { metadata: metadata(object), data }, opts);
  const files = Object.entries(seed.authorities ?? {}).map(([id, pem]) => [`${id}.crt`, pem] as const);
  return [
    map(SEED_OBJECTS.environment, { 'dr.yaml': text }),
    ...(files.length === 0 ? [] : [map(OBJECTS.authorities, Object.fromEntries(files))]),
    make(SEED_OBJECTS.keys, {
      [KEY_FILES.signing]: secrets.signingKey.value,
      ...passphraseData(secrets, [repository.id]),
    }),
    ...(hasKeys(seed) ? [make(SEED_OBJECTS.restorer, accessData(secrets, 'restorer', [repository.id]))] : []),
  ];
}
