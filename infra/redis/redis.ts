/** Redis: one instance with a volume, a password, an append-only file and snapshots. */
import { createHash } from 'node:crypto';
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import { type ClaimSpec, claimTemplates, declareClaims, keptSizes } from '../cluster/claims.ts';
import { makeSecret } from '../cluster/keys.ts';
import { controllerSelector, labelsOf, selectorOf } from '../cluster/labels.ts';
import type { PodSpec } from '../cluster/manifests.ts';
import { PATHS } from '../cluster/paths.ts';
import { containerSecurity, podSecurity, type Resources, resources } from '../cluster/pod-security.ts';
import { PORTS, REDIS } from '../cluster/ports.ts';
import { mebibytes } from '../cluster/sizes.ts';
import type { ServerParameters } from '../config/stores/parameters.ts';
import { makeSeedObjects, type RedisSeed, SEED_ANNOTATIONS, SEED_EGRESS, seedParts } from './seed.ts';

export interface RedisArgs {
  readonly namespace: string;
  readonly generation: number;
  readonly image: string;
  readonly storage: string;
  /** @default the cluster's default class */
  readonly storageClass?: string | undefined;
  /** A save forks Redis and copies the pages that change meanwhile, so a quarter of the memory should stay free. */
  readonly resources: Resources;
  /** @default the cluster's default */
  readonly priorityClass?: string | undefined;
  /** Beside those that this program sets. */
  readonly parameters: ServerParameters;
  readonly password: pulumi.Input<string>;
  /** Of services that had another Redis before. @default none */
  readonly clientPassword?: pulumi.Input<string> | undefined;
  /** `open`: without a password. @default password */
  readonly clients?: 'password' | 'open';
  /** False in a standby: Redis starts at the promotion, seeded from the repository. */
  readonly running: boolean;
  /** @default it begins empty */
  readonly seed?: RedisSeed | undefined;
  /** In a drill it is deleted with the stack. @default false */
  readonly isolated?: boolean | undefined;
  readonly serviceAccount: pulumi.Input<string>;
  /** Takes over the claim that is there. */
  readonly shared: k8s.Provider;
}

const CONFIG_FOLDER = '/etc/redis';
const SECRET_FOLDER = '/run/redis-secret';

/** What Redis may hold: the rest of the limit is for the pages that change during a save. The kernel would end it without a word. */
function maxMemory(memory: string): string {
  return `${Math.floor(mebibytes(memory) * 0.75)}mb`;
}

const word = (value: string | number | boolean): string =>
  typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value) === '' ? '""' : String(value);

/** Pure: redis.conf. The password is in a separate file, from a Secret. */
function renderRedisConfig({ resources: { memory }, parameters }: Pick<RedisArgs, 'resources' | 'parameters'>): string {
  return `${[
    `port ${PORTS.redis}`,
    'bind * -::*',
    'protected-mode yes',
    'daemonize no',
    `dir ${PATHS.redisData}`,
    // Both: the append-only file loses a second at most, the snapshot is what a backup copies.
    'appendonly yes',
    'appendfsync everysec',
    'aof-use-rdb-preamble yes',
    'dbfilename dump.rdb',
    'save 900 1 300 100 60 10000',
    'stop-writes-on-bgsave-error yes',
    'rdbchecksum yes',
    // Sessions are data: a full memory must say so, and not drop them.
    `maxmemory ${maxMemory(memory)}`,
    'maxmemory-policy noeviction',
    // The last one of two lines of one name counts.
    ...Object.entries(parameters).map(([name, value]) => `${name} ${word(value)}`),
    `include ${SECRET_FOLDER}/auth.conf`,
  ].join('\n')}\n`;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Pure: auth.conf. It is read at a start: `dr adopt` sets the same in the running server, so no pod has to restart. */
export function renderAuth(password: string, client: string | undefined, clients: 'password' | 'open'): string {
  const everything = '~* &* +@all';
  if (clients === 'open') return `protected-mode no\nuser default on nopass ${everything}\n`;
  if (client === undefined) return `requirepass ${password}\n`;
  return `user default on #${digest(password)} #${digest(client)} ${everything}\n`;
}

/** REDISCLI_AUTH instead of `-a`, because others can read argument lists. `LOADING` means alive but not ready. */
function probe(answers: string): { exec: { command: string[] }; periodSeconds: number; timeoutSeconds: number } {
  const command = `REDISCLI_AUTH=$(cat ${SECRET_FOLDER}/password) redis-cli -h 127.0.0.1 -p ${PORTS.redis} ping | grep -qE '${answers}'`;
  return { exec: { command: ['sh', '-c', command] }, periodSeconds: 10, timeoutSeconds: 5 };
}

function podSpec(args: RedisArgs): PodSpec {
  const seed = args.seed && seedParts(args.seed);
  return {
    serviceAccountName: args.serviceAccount,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...(args.priorityClass === undefined ? {} : { priorityClassName: args.priorityClass }),
    securityContext: podSecurity(),
    // Time for the final save.
    terminationGracePeriodSeconds: 120,
    ...(seed === undefined ? {} : { initContainers: seed.initContainers }),
    containers: [
      {
        name: 'redis',
        image: args.image,
        imagePullPolicy: 'IfNotPresent',
        command: ['redis-server', `${CONFIG_FOLDER}/redis.conf`],
        ports: [{ name: 'redis', containerPort: PORTS.redis }],
        readinessProbe: probe('^PONG'),
        livenessProbe: { ...probe('^(PONG|LOADING)'), failureThreshold: 6 },
        securityContext: containerSecurity(),
        resources: resources(args.resources),
        volumeMounts: [
          { name: 'data', mountPath: PATHS.redisData },
          { name: 'config', mountPath: CONFIG_FOLDER, readOnly: true },
          { name: 'secret', mountPath: SECRET_FOLDER, readOnly: true },
          { name: 'tmp', mountPath: '/tmp' },
        ],
      },
    ],
    volumes: [
      { name: 'config', configMap: { name: REDIS } },
      { name: 'secret', secret: { secretName: REDIS, defaultMode: 0o440 } },
      { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } },
      ...(seed?.volumes ?? []),
    ],
  };
}

export class Redis extends pulumi.ComponentResource {
  readonly statefulSet: k8s.apps.v1.StatefulSet;

  constructor(name: string, args: RedisArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:redis:Redis', name, {}, opts);
    const child = { parent: this };
    const metadata = { name: REDIS, namespace: args.namespace, labels: labelsOf(REDIS) };
    const text = renderRedisConfig(args);
    const config = new k8s.core.v1.ConfigMap(name, { metadata, data: { 'redis.conf': text } }, child);
    const { clientPassword, clients = 'password' } = args;
    const auth = pulumi.all([args.password, clientPassword]).apply(([own, client]) => renderAuth(own, client, clients));
    const secret = makeSecret(name, metadata, { 'auth.conf': auth, password: args.password }, child);
    const service = new k8s.core.v1.Service(
      name,
      {
        metadata: { ...metadata, annotations: { 'pulumi.com/skipAwait': 'true' } },
        spec: { selector: selectorOf(REDIS), ports: [{ name: 'redis', port: PORTS.redis }] },
      },
      child,
    );
    const seeds = args.seed === undefined ? [] : makeSeedObjects(name, args.seed, child);
    const checksum = digest(text);
    const { storage, storageClass, generation, namespace, isolated } = args;
    const claims: ClaimSpec[] = [{ volume: 'data', storage, storageClass }];
    const members = args.running ? 1 : 0;
    const declared = declareClaims(
      `${name}-claim`,
      { set: REDIS, namespace, members, generation, claims, isolated },
      { ...child, provider: args.shared },
    );
    this.statefulSet = new k8s.apps.v1.StatefulSet(
      name,
      {
        metadata,
        spec: {
          serviceName: REDIS,
          replicas: members,
          minReadySeconds: 10,
          selector: { matchLabels: controllerSelector(REDIS) },
          persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
          template: {
            metadata: {
              labels: labelsOf(REDIS, args.seed === undefined ? [] : SEED_EGRESS),
              annotations: {
                'go-coffee-dr/config': checksum,
                ...(args.seed === undefined ? {} : SEED_ANNOTATIONS),
              },
            },
            spec: podSpec(args),
          },
          volumeClaimTemplates: claimTemplates(claims),
        },
      },
      {
        ...child,
        dependsOn: [config, secret, service, ...seeds, ...declared],
        ignoreChanges: keptSizes(claims),
        protect: args.isolated !== true,
      },
    );
    // A budget for one instance can only say no: a node could then not be drained. Its volume comes along, and sessions wait for it.
    new k8s.policy.v1.PodDisruptionBudget(
      name,
      { metadata, spec: { maxUnavailable: 1, selector: { matchLabels: selectorOf(REDIS) } } },
      child,
    );
    this.registerOutputs({});
  }
}
