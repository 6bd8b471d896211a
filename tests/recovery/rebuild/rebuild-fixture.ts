import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { productionPlan } from '../../../plan/production.ts';
import { silentLog } from '../../../recovery/core/log.ts';
import type { KubeObject } from '../../../recovery/kubernetes/objects.ts';
import type { CredentialsBundle } from '../../../recovery/rebuild/credentials-bundle.ts';
import type { RebuiltCluster } from '../../../recovery/rebuild/data/cluster.ts';
import type { TeardownPlan } from '../../../recovery/rebuild/teardown/plan.ts';
import type { TeardownPorts } from '../../../recovery/rebuild/teardown/teardown.ts';
import type { RebuildPlan, RebuildPorts, RebuildRequest } from '../../../recovery/rebuild/types.ts';
import { type FakeBackend, type FakeResource, fakeEngine, heldObject } from './fake-engine.ts';
import { samplePin } from './sample-pin.ts';

export const REQUEST: RebuildRequest = {
  stack: 'fresh',
  target: 'latest',
  repository: 'secondary',
  set: {
    cluster: { context: 'lab', kubeconfig: '/root/lab.kubeconfig' },
    images: { toolbox: 'a:1', postgres: 'b:1', redis: 'c:1' },
  },
  only: [],
  exclude: [],
  rotateSecrets: false,
  harden: false,
  isolated: false,
  keepGoing: false,
};

const keys = { accessKeyId: 'AK', secretAccessKey: 'secret-of-the-bucket' };
const bucket = (n: number) => ({
  endpoint: `https://s3-${n}.test:7070`,
  region: 'eu-west-1',
  bucket: `copies-${n}`,
  uriStyle: 'path' as const,
  ca: '-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n',
  writer: keys,
  restorer: keys,
});

export const BUNDLE: CredentialsBundle = {
  describe: 'escrow file x.age',
  plan: productionPlan,
  environment: 'production',
  site: 'fra1',
  signingKey: { name: 'k1', secret: 'secret-signing-key' },
  repositories: [
    { id: 'primary', passphrase: 'passphrase-1', s3: bucket(1) },
    { id: 'secondary', passphrase: 'passphrase-2', s3: bucket(2) },
  ],
  storePasswords: {},
};

/** Stores and a service of each tier, each behind the check of what comes before. */
export const RESOURCES: readonly FakeResource[] = [
  { kind: 'Namespace', name: 'go-coffee', own: true },
  { kind: 'StatefulSet', name: 'postgres', own: true, after: ['Namespace/go-coffee'] },
  { kind: 'Secret', name: 'order-db', after: ['Namespace/go-coffee'] },
  { kind: 'Deployment', name: 'auth', after: ['Secret/order-db', 'StatefulSet/postgres'] },
  { kind: 'Job', name: 'recovery-check-p1', own: true, after: ['StatefulSet/postgres'] },
  { kind: 'Deployment', name: 'payment-service', after: ['Job/recovery-check-p1'] },
  { kind: 'Job', name: 'recovery-check-p2', own: true, after: ['Job/recovery-check-p1'] },
  { kind: 'Deployment', name: 'ai-search', after: ['Job/recovery-check-p2'] },
  { kind: 'Job', name: 'recovery-check-p3', own: true, after: ['Job/recovery-check-p2'] },
  { kind: 'Deployment', name: 'reports', after: ['Job/recovery-check-p3'] },
  { kind: 'Job', name: 'recovery-check-p4', own: true, after: ['Job/recovery-check-p3'] },
];

export interface Scratch extends AsyncDisposable {
  readonly stateDir: string;
}

export async function scratch(): Promise<Scratch> {
  const stateDir = await mkdtemp(join(tmpdir(), 'dr-rebuild-'));
  return { stateDir, [Symbol.asyncDispose]: () => rm(stateDir, { recursive: true, force: true }) };
}

export interface Ports extends RebuildPorts {
  readonly engine: ReturnType<typeof fakeEngine>;
  readonly approved: RebuildPlan[];
  /** `state title`, as told. */
  readonly told: string[];
}

/** Each resolution finds a newer point: what was pinned must not move. */
let resolutions = 0;

export function portsOf(backend: FakeBackend, stateDir: string, killAt?: number): Ports {
  const approved: RebuildPlan[] = [];
  const told: string[] = [];
  return {
    engine: fakeEngine(backend, killAt),
    approved,
    told,
    stateDir,
    bundle: BUNDLE,
    plan: productionPlan,
    resolve: async ({ from, repository }) => {
      resolutions += 1;
      return { pin: samplePin(resolutions % 24, from, repository.id), notes: [], generations: [1, 3] };
    },
    readPoints: async () => [],
    approve: async (plan) => void approved.push(plan),
    progress: ({ state, title }) => void told.push(`${state} ${title}`),
    log: silentLog,
    now: () => new Date(),
  };
}

/** What the cluster of a backend holds, as its API lists it. */
export function liveOf({ resources, cluster }: FakeBackend): KubeObject[] {
  return resources
    .filter(({ kind, name }) => cluster.has(`${kind}/${name}`))
    .map((resource) => {
      const { apiVersion, kind, name, namespace, uid = '' } = heldObject(resource);
      const creationTimestamp = '2026-11-25T20:10:00Z';
      return { apiVersion, kind, metadata: { name, uid, creationTimestamp, ...(namespace && { namespace }) } };
    });
}

/** Ports of a teardown. `others`: what the cluster holds besides. */
export function teardownPorts(ports: Ports, backend: FakeBackend, others: readonly KubeObject[] = []): Teardown {
  const asked: TeardownPlan[] = [];
  return {
    ...ports,
    asked,
    approve: async (planned) => void asked.push(planned),
    openCluster: async () => clusterThat(async () => [...liveOf(backend), ...others]),
  };
}

export interface Teardown extends TeardownPorts {
  readonly asked: TeardownPlan[];
}

const unused = () => Promise.reject(new Error('a teardown does not ask this'));

/** A cluster that answers `everything` alone. */
export function clusterThat(everything: RebuiltCluster['everything']): RebuiltCluster {
  return {
    describe: 'a fake cluster',
    everything,
    hasNamespace: unused,
    objects: unused,
    sql: unused,
    redis: unused,
    async [Symbol.asyncDispose]() {},
  };
}
