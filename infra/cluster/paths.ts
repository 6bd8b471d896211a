/** Paths in the stack's pods. They are the same in every pod, so `dr.yaml`, scripts and configurations can name them. */
import { CHANNELS_FOLDER } from '../config/channels.ts';

const CONFIG = '/etc/go-coffee-dr';
const SECRETS = '/run/go-coffee-dr';

export const CLUSTER_AUTHORITY = 'cluster-ca.crt';
/** Public parts of the stack's own certificates, for whoever watches when they expire. */
export const watchedCertificate = (name: string): string => `certificate-${name}.crt`;

export const PATHS = {
  config: CONFIG,
  environment: `${CONFIG}/dr.yaml`,
  plan: `${CONFIG}/plan.json`,
  /** The authority of the certificates of PostgreSQL and pgBackRest's servers. Every client of PostgreSQL needs it. */
  clusterAuthority: `${CONFIG}/${CLUSTER_AUTHORITY}`,
  /** Not inside of `config`: nothing can be mounted in a read-only volume. */
  authorities: `${CONFIG}-ca`,
  /** Signing key and passphrases. */
  keys: `${SECRETS}/keys`,
  /** Passwords of PostgreSQL and Redis. */
  stores: `${SECRETS}/stores`,
  tls: `${SECRETS}/tls`,
  /** Replaced credentials: the checks of a recovery try them, and expect them to be refused. */
  retired: `${SECRETS}/retired`,
  /** URLs that receive alerts. */
  alerts: `${SECRETS}/alerts`,
  /** Tokens and addresses of those who are told in an incident. */
  channels: CHANNELS_FOLDER,
  /** Logins of git servers. */
  git: `${SECRETS}/git`,
  /** The path at which every Kubernetes client looks for the token of its account. */
  token: '/var/run/secrets/kubernetes.io/serviceaccount',
  /** Journals, locks, lineage, mirrors, scratch restores; shared by all jobs. */
  state: '/var/lib/go-coffee-dr',
  scratch: '/scratch',
  /** Kubernetes' default. */
  terminationMessage: '/dev/termination-log',
  pgData: '/var/lib/postgresql/data/pgdata',
  pgVolume: '/var/lib/postgresql/data',
  /** A volume of its own, where the stack has one for the WAL. */
  pgWalVolume: '/var/lib/postgresql/wal',
  /** In a folder below: a new file system is not empty, and Patroni removes this folder when it makes a member anew. */
  pgWal: '/var/lib/postgresql/wal/pg_wal',
  pgSocket: '/var/run/postgresql',
  pgbackrestConfig: '/etc/pgbackrest',
  pgbackrestWork: '/var/spool/pgbackrest',
  patroni: '/etc/patroni',
  redisData: '/var/lib/redis',
} as const;

export type StorageRole = 'writer' | 'restorer';
/** `admin` makes buckets and has no other use. */
export type AccessRole = StorageRole | 'admin';

export function accessFolder(role: AccessRole): string {
  return `${SECRETS}/${role}`;
}

export const KEY_FILES = {
  signing: 'signing',
  passphrase: (repository: string) => `${repository}.passphrase`,
  accessKeyId: (repository: string) => `${repository}.id`,
  secretAccessKey: (repository: string) => `${repository}.secret`,
  database: 'database',
  /** By which PostgreSQL lets its superuser in. */
  databaseCertificate: 'database.crt',
  databaseKey: 'database.key',
  redis: 'redis',
  retired: (store: 'postgres' | 'redis', n: number) => `${store}-${n + 1}`,
  git: 'credentials',
  ping: 'ping',
  slack: 'slack',
  pagerduty: 'pagerduty',
} as const;

/** Mount path of a folder workload's volume. */
export function folderPath(workload: string): string {
  return `/data/${workload}`;
}

export function passphraseFile(repository: string): string {
  return `${PATHS.keys}/${KEY_FILES.passphrase(repository)}`;
}

export function accessFiles(role: AccessRole, repository: string): { id: string; secret: string } {
  const folder = accessFolder(role);
  return {
    id: `${folder}/${KEY_FILES.accessKeyId(repository)}`,
    secret: `${folder}/${KEY_FILES.secretAccessKey(repository)}`,
  };
}

export function authorityFile(repository: string): string {
  return `${PATHS.authorities}/${repository}.crt`;
}

/** Name of the authority of an external store, beside those of repositories. */
export const externalAuthority = (store: string): string => `external-${store}`;

export const TLS_FILES = {
  authority: `${PATHS.tls}/ca.crt`,
  certificate: `${PATHS.tls}/tls.crt`,
  key: `${PATHS.tls}/tls.key`,
} as const;

/**
 * The folder into which `dr init` would write the scripts of a lineage. The PostgreSQL pods have theirs at the same path, so
 * `archive_command` is as `dr` expects it, and `dr init` changes nothing on a running server.
 */
export function scriptsFolder(lineage: string): string {
  return [PATHS.state, 'pgbackrest', lineage].join('/');
}
