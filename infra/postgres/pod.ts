/** Pure: the pod of a PostgreSQL member: Patroni with PostgreSQL, and pgBackRest's TLS server beside it. */
import type { Input } from '@pulumi/pulumi';
import { startupOptions } from '../../recovery/public.ts';
import { labelsOf, selectorOf } from '../cluster/labels.ts';
import type { Container, PodSpec, Volume, VolumeMount } from '../cluster/manifests.ts';
import { accessFolder, PATHS, type StorageRole, scriptsFolder } from '../cluster/paths.ts';
import { containerSecurity, podSecurity, type Resources, resources } from '../cluster/pod-security.ts';
import { PORTS, POSTGRES } from '../cluster/ports.ts';
import { SCOPE_LABEL } from './patroni.ts';
import { APPLICATION_PASSWORD, ROLE_PASSWORDS, SCRIPTS } from './scripts.ts';
import { walMount } from './wal-volume.ts';

/** Objects of the platform's namespace that the members mount. */
export const POSTGRES_OBJECTS = {
  patroni: 'postgres-patroni',
  pgbackrest: 'postgres-pgbackrest',
  scripts: 'postgres-scripts',
  authorities: 'object-storage-ca',
  passwords: 'postgres-passwords',
  keys: 'postgres-keys',
  tls: 'postgres-tls',
  access: (role: StorageRole) => `postgres-${role}`,
} as const;

/** Keys of the Secret with the passwords. */
const PASSWORDS = ['superuser', 'replication', 'application', 'roles'] as const;

export const SERVER_CONFIG = 'server.conf';

export interface PostgresPod {
  readonly image: string;
  readonly serviceAccount: Input<string>;
  readonly lineage: string;
  /** Kinds of storage keys that are mounted; none with a web identity. */
  readonly access: readonly StorageRole[];
  /** `required`: never two members on one node. */
  readonly spread: 'required' | 'preferred';
  /** `required`: a member that would make one zone hold two more than another waits. */
  readonly zones: 'required' | 'preferred';
  /** @default the cluster's default */
  readonly priorityClass?: string | undefined;
  readonly resources: Resources;
  /** Of pgBackRest's server, by the processes of a backup. */
  readonly server: Resources;
  /** Its Secret holds new passwords of further roles. @default false */
  readonly rotate?: boolean | undefined;
  /** The WAL has a volume of its own. @default false */
  readonly walVolume?: boolean | undefined;
}

export function memberLabels(): Record<string, string> {
  // Patroni finds its members by the scope's label beside those of its configuration.
  return {
    ...labelsOf(POSTGRES, ['dns', 'kubernetes-api', 'object-storage', 'pgbackrest']),
    [SCOPE_LABEL]: POSTGRES,
  };
}

const password = (key: (typeof PASSWORDS)[number]) => ({
  secretKeyRef: { name: POSTGRES_OBJECTS.passwords, key },
});

/** Environment variables, because Patroni reads passwords from them; its configuration stays free of secrets. */
function patroniEnvironment({ rotate }: PostgresPod): NonNullable<Container['env']> {
  const field = (fieldPath: string) => ({ fieldRef: { fieldPath } });
  return [
    { name: 'PATRONI_NAME', valueFrom: field('metadata.name') },
    { name: 'PATRONI_KUBERNETES_NAMESPACE', valueFrom: field('metadata.namespace') },
    { name: 'PATRONI_KUBERNETES_POD_IP', valueFrom: field('status.podIP') },
    { name: 'PATRONI_POSTGRESQL_CONNECT_ADDRESS', value: `$(PATRONI_KUBERNETES_POD_IP):${PORTS.postgres}` },
    { name: 'PATRONI_RESTAPI_CONNECT_ADDRESS', value: `$(PATRONI_KUBERNETES_POD_IP):${PORTS.patroni}` },
    { name: 'PATRONI_SUPERUSER_PASSWORD', valueFrom: password('superuser') },
    { name: 'PATRONI_REPLICATION_PASSWORD', valueFrom: password('replication') },
    { name: APPLICATION_PASSWORD, valueFrom: password('application') },
    ...(rotate === true ? [{ name: ROLE_PASSWORDS, valueFrom: password('roles') }] : []),
    { name: 'HOME', value: '/tmp' },
  ];
}

/**
 * A member that is further behind takes no place of a good one: the rolling change waits for it. Patroni up to 4.0 knows no lag here and
 * ignores it: https://patroni.readthedocs.io/en/latest/rest_api.html . WAL on the way is replayed in seconds; a new member has to catch up.
 */
const READY = '/readiness?lag=64MB&mode=apply';

const secret = (name: string): Volume => ({ name, secret: { secretName: name, defaultMode: 0o440 } });
const files = (name: string, defaultMode = 0o444, optional = false): Volume => ({
  name,
  configMap: { name, defaultMode, optional },
});

function volumes(pod: PostgresPod): Volume[] {
  return [
    files(POSTGRES_OBJECTS.patroni),
    files(POSTGRES_OBJECTS.pgbackrest),
    files(POSTGRES_OBJECTS.scripts, 0o555),
    files(POSTGRES_OBJECTS.authorities, 0o444, true),
    secret(POSTGRES_OBJECTS.keys),
    secret(POSTGRES_OBJECTS.tls),
    ...pod.access.map((role) => secret(POSTGRES_OBJECTS.access(role))),
    { name: 'socket', emptyDir: { sizeLimit: '16Mi' } },
    // A queue of WAL. No segment has its only copy here.
    { name: 'spool', emptyDir: { sizeLimit: '2Gi' } },
    { name: 'tmp', emptyDir: { sizeLimit: '1Gi' } },
    { name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: '256Mi' } },
  ];
}

const readOnly = (name: string, mountPath: string): VolumeMount => ({ name, mountPath, readOnly: true });

function sharedMounts({ walVolume }: PostgresPod): VolumeMount[] {
  return [
    { name: 'data', mountPath: PATHS.pgVolume },
    ...walMount(walVolume),
    { name: 'socket', mountPath: PATHS.pgSocket },
    readOnly(POSTGRES_OBJECTS.pgbackrest, PATHS.pgbackrestConfig),
    readOnly(POSTGRES_OBJECTS.tls, PATHS.tls),
    { name: 'tmp', mountPath: '/tmp' },
  ];
}

function postgresContainer(pod: PostgresPod): Container {
  const http = (path: string) => ({ httpGet: { path, port: PORTS.patroni } });
  return {
    name: 'postgres',
    image: pod.image,
    imagePullPolicy: 'IfNotPresent',
    command: [`${scriptsFolder(pod.lineage)}/${SCRIPTS.start}`],
    env: patroniEnvironment(pod),
    ports: [
      { name: 'postgres', containerPort: PORTS.postgres },
      { name: 'patroni', containerPort: PORTS.patroni },
    ],
    // Liveness checks Patroni's own loop: the kubelet must not kill a restore or a long replay that does not answer SQL.
    livenessProbe: { ...http('/liveness'), initialDelaySeconds: 10, periodSeconds: 10, failureThreshold: 6 },
    readinessProbe: { ...http(READY), periodSeconds: 5, failureThreshold: 3 },
    securityContext: containerSecurity(),
    resources: resources(pod.resources),
    volumeMounts: [
      ...sharedMounts(pod),
      { name: 'spool', mountPath: PATHS.pgbackrestWork },
      { name: 'shm', mountPath: '/dev/shm' },
      readOnly(POSTGRES_OBJECTS.patroni, PATHS.patroni),
      readOnly(POSTGRES_OBJECTS.scripts, scriptsFolder(pod.lineage)),
      readOnly(POSTGRES_OBJECTS.authorities, PATHS.authorities),
      readOnly(POSTGRES_OBJECTS.keys, PATHS.keys),
      ...pod.access.map((role) => readOnly(POSTGRES_OBJECTS.access(role), accessFolder(role))),
    ],
  };
}

/** A role's limits must not end a backup. */
const UNLIMITED = startupOptions({
  lock_timeout: '0',
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
});

/** pgBackRest's server reads the data directory and queries PostgreSQL through its socket. It has no repository keys. */
function serverContainer(pod: PostgresPod): Container {
  return {
    name: 'pgbackrest',
    image: pod.image,
    imagePullPolicy: 'IfNotPresent',
    command: ['pgbackrest', `--config=${PATHS.pgbackrestConfig}/${SERVER_CONFIG}`, 'server'],
    env: [{ name: 'PGOPTIONS', value: UNLIMITED }],
    ports: [{ name: 'pgbackrest', containerPort: PORTS.pgbackrest }],
    livenessProbe: { tcpSocket: { port: PORTS.pgbackrest }, periodSeconds: 20 },
    readinessProbe: { tcpSocket: { port: PORTS.pgbackrest }, periodSeconds: 10 },
    securityContext: containerSecurity(),
    resources: resources(pod.server),
    volumeMounts: [...sharedMounts(pod), { name: 'server-work', mountPath: PATHS.pgbackrestWork }],
  };
}

function affinity(spread: PostgresPod['spread']): NonNullable<PodSpec['affinity']> {
  const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: selectorOf(POSTGRES) } };
  return spread === 'required'
    ? { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } }
    : {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }],
        },
      };
}

export function memberSpec(pod: PostgresPod): PodSpec {
  return {
    serviceAccountName: pod.serviceAccount,
    // Patroni keeps its state in the API's endpoints.
    automountServiceAccountToken: true,
    enableServiceLinks: false,
    ...(pod.priorityClass === undefined ? {} : { priorityClassName: pod.priorityClass }),
    securityContext: podSecurity(),
    // A fast shutdown writes a checkpoint and ships the last segment.
    terminationGracePeriodSeconds: 120,
    affinity: affinity(pod.spread),
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'topology.kubernetes.io/zone',
        whenUnsatisfiable: pod.zones === 'required' ? 'DoNotSchedule' : 'ScheduleAnyway',
        labelSelector: { matchLabels: selectorOf(POSTGRES) },
      },
    ],
    containers: [postgresContainer(pod), serverContainer(pod)],
    volumes: [...volumes(pod), { name: 'server-work', emptyDir: { sizeLimit: '256Mi' } }],
  };
}
