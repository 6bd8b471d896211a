/** The `dr.yaml` of the pods. It refers to secrets by their files and contains none. Pure. */
import { stringify } from 'yaml';
import { type Namespaces, serviceNamespaces } from '../../plan/declared/namespaces.ts';
import {
  type AccessRole,
  accessFiles,
  authorityFile,
  externalAuthority,
  KEY_FILES,
  PATHS,
  passphraseFile,
  TLS_FILES,
  watchedCertificate,
} from '../cluster/paths.ts';
import { PORTS, POSTGRES, POSTGRES_MEMBERS, REDIS, serviceHost } from '../cluster/ports.ts';
import type { ClusterRepository } from '../cluster/repository.ts';
import { mebibytes } from '../cluster/sizes.ts';
import type { External, Store } from '../config/external/schema.ts';
import type { Hooks } from '../config/types.ts';
import type { PlatformVolume } from '../config/volumes/schema.ts';

export interface EnvironmentArgs {
  readonly environment: string;
  readonly site: string;
  /** PostgreSQL archives as `<site>-<generation>`. */
  readonly generation: number;
  readonly namespaces: Namespaces;
  readonly database: string;
  /** Of the stack's own, whose WAL may have a volume of its own. */
  readonly postgres?: { readonly walStorage?: { readonly size: string } | undefined } | undefined;
  /** Of pgBackRest. @default those of the node, whose memory limit is another one's */
  readonly processes?: number | undefined;
  /** `from`: whose files a backup copies where a replica follows. @default the leader's */
  readonly backups?: { readonly from: 'leader' | 'replica' } | undefined;
  /** Whether the stack's Redis lets clients in without a password. @default it wants one */
  readonly redis?: { readonly clients: 'password' | 'open' } | undefined;
  /** All repositories that `dr` may be asked about, the exported one too. */
  readonly repositories: readonly ClusterRepository[];
  /** Name of the passphrase of new data, by repository. */
  readonly passphraseNames: Readonly<Record<string, string>>;
  readonly signingKeyName: string;
  /** Folder workload → mount path of its volume. */
  readonly folders: Readonly<Record<string, string>>;
  /** Claim of the platform → the workload that holds its content, or `none`. @default none of them */
  readonly claims?: Readonly<Record<string, string>> | undefined;
  /** Volumes of the platform that pods beside it copy. @default none */
  readonly platformVolumes?: readonly PlatformVolume[] | undefined;
  readonly git?:
    | {
        /** Name → https address. */
        readonly repositories: Readonly<Record<string, string>>;
        /** Whether the file of credentials is mounted. */
        readonly hasCredentials: boolean;
      }
    | undefined;
  /** Where alerts of the cluster go: `slack`, `pagerduty`. Absent where nobody gets them. `none`: that is meant. */
  readonly alerts?: readonly string[] | 'none' | undefined;
  /** Who is told in an incident, as in dr.yaml. @default every message is printed */
  readonly incident?: { readonly section: unknown } | undefined;
  /** Whether `dr` reads the platform's objects from the API, with the pod's account. @default false */
  readonly readsCluster?: boolean;
  /** Users of PostgreSQL whose replaced passwords are in the folder `retired`, and the number of those of Redis. */
  readonly retired?: { readonly postgres: readonly string[]; readonly redis: number } | undefined;
  /** Names of the stack's certificates, of which dr.yaml has the public parts beside it. @default none */
  readonly certificates?: readonly string[] | undefined;
  /** A drill's platform. @default false */
  readonly isolated?: boolean | undefined;
  /** @default none */
  readonly hooks?: Hooks;
  /** Servers that stay where they are, in place of the stack's. @default none */
  readonly external?: (External & { readonly passwords: Readonly<Partial<Record<Store, unknown>>> }) | undefined;
}

const hooksOf = ({ hooks = {} }: EnvironmentArgs, id: string) => (hooks[id] === undefined ? {} : { hooks: hooks[id] });

const file = (path: string) => ({ file: path });

function access(repository: string, role: AccessRole) {
  const files = accessFiles(role, repository);
  return { accessKeyId: file(files.id), secretAccessKey: file(files.secret) };
}

function repositoryOf(repository: ClusterRepository, passphraseName: string): Record<string, unknown> {
  const passphrases = [{ name: passphraseName, from: file(passphraseFile(repository.id)) }];
  if (repository.kind === 'local') return { type: 'posix', path: repository.path, passphrases };
  const { endpoint, region, bucket, uriStyle, ownAuthority, mayMakeBucket, id } = repository;
  const roles =
    repository.access === 'web-identity'
      ? { writer: 'web-identity', restorer: 'web-identity' }
      : { writer: access(id, 'writer'), restorer: access(id, 'restorer') };
  return {
    type: 's3',
    endpoint,
    region,
    bucket,
    uriStyle,
    ...(ownAuthority ? { ca: authorityFile(id) } : {}),
    passphrases,
    ...roles,
    ...(mayMakeBucket === true ? { admin: access(id, 'admin') } : {}),
  };
}

/** PostgreSQL is in another pod: SQL goes over TCP, and its files come through pgBackRest's TLS server beside it. */
function postgresOf(args: EnvironmentArgs): Record<string, unknown> {
  const { namespaces, database, processes, backups, postgres } = args;
  const wal = postgres?.walStorage;
  return {
    ...hooksOf(args, 'postgres'),
    host: serviceHost(POSTGRES, namespaces.platform),
    port: PORTS.postgres,
    user: 'postgres',
    database,
    ...(processes === undefined ? {} : { processes }),
    ...(backups?.from === 'replica' ? { members: serviceHost(POSTGRES_MEMBERS, namespaces.platform) } : {}),
    password: file(`${PATHS.stores}/${KEY_FILES.database}`),
    ...(wal === undefined ? {} : { walVolumeBytes: mebibytes(wal.size) * 2 ** 20 }),
    // The paths in PostgreSQL's own pods.
    dataDir: PATHS.pgData,
    socketDir: PATHS.pgSocket,
    tls: {
      port: PORTS.pgbackrest,
      ca: PATHS.clusterAuthority,
      certificate: TLS_FILES.certificate,
      key: TLS_FILES.key,
      login: {
        certificate: `${PATHS.stores}/${KEY_FILES.databaseCertificate}`,
        key: `${PATHS.stores}/${KEY_FILES.databaseKey}`,
      },
    },
  };
}

function redisOf(args: EnvironmentArgs): Record<string, unknown> {
  return {
    ...hooksOf(args, 'redis'),
    host: serviceHost(REDIS, args.namespaces.platform),
    port: PORTS.redis,
    // Redis refuses a password without a name where its default user needs none.
    ...(args.redis?.clients === 'open' ? { user: 'default' } : {}),
    password: file(`${PATHS.stores}/${KEY_FILES.redis}`),
    dataDir: PATHS.redisData,
    transfer: 'replication',
  };
}

/** A Redis may want no password. */
function externalOf<T extends Store>(
  store: T,
  server: NonNullable<External[T]>,
  { external }: EnvironmentArgs,
): Record<string, unknown> {
  const { ca, onRecovery: _, ...known } = server;
  const password = file(`${PATHS.stores}/${store === 'postgres' ? KEY_FILES.database : KEY_FILES.redis}`);
  return {
    ...known,
    ...(external?.passwords[store] === undefined ? {} : { password }),
    ...(ca === undefined ? {} : { ca: authorityFile(externalAuthority(store)) }),
  };
}

function storesOf(args: EnvironmentArgs): Record<string, unknown> {
  const { postgres, redis } = args.external ?? {};
  const external = {
    ...(postgres && { postgres: externalOf('postgres', postgres, args) }),
    ...(redis && { redis: externalOf('redis', redis, args) }),
  };
  return {
    ...(postgres === undefined ? { postgres: postgresOf(args) } : {}),
    ...(redis === undefined ? { redis: redisOf(args) } : {}),
    ...(Object.keys(external).length === 0 ? {} : { external }),
  };
}

function gitOf(args: EnvironmentArgs): Record<string, unknown> {
  if (args.git === undefined) return {};
  const { repositories, hasCredentials } = args.git;
  return {
    git: {
      ...hooksOf(args, 'git'),
      repositories: Object.entries(repositories).map(([name, url]) => ({ name, url })),
      ...(hasCredentials ? { credentials: `${PATHS.git}/${KEY_FILES.git}` } : {}),
    },
  };
}

function alertsOf({ alerts }: EnvironmentArgs): Record<string, unknown> {
  if (alerts === undefined) return {};
  return { alerts: alerts === 'none' ? { none: true } : { receivers: alerts } };
}

function retiredOf({ retired }: EnvironmentArgs): Record<string, unknown> {
  if (retired === undefined) return {};
  const at = (name: string) => file(`${PATHS.retired}/${name}`);
  return {
    retired: {
      postgres: retired.postgres.map((user, n) => ({ user, password: at(KEY_FILES.retired('postgres', n)) })),
      redis: Array.from({ length: retired.redis }, (_, n) => ({ password: at(KEY_FILES.retired('redis', n)) })),
    },
  };
}

function certificatesOf({ certificates = [] }: EnvironmentArgs): Record<string, unknown> {
  if (certificates.length === 0) return {};
  const paths = certificates.map((name) => [name, `${PATHS.config}/${watchedCertificate(name)}`] as const);
  return { certificates: Object.fromEntries(paths) };
}

function volumesOf({ platformVolumes = [] }: EnvironmentArgs): Record<string, unknown> {
  if (platformVolumes.length === 0) return {};
  const volumes = platformVolumes.map(({ id, namespace, claim }) => [id, { namespace, claim }] as const);
  return { volumes: Object.fromEntries(volumes) };
}

function claimsOf({ claims = {} }: EnvironmentArgs): Record<string, unknown> {
  return Object.keys(claims).length === 0 ? {} : { claims };
}

type Opened = Pick<EnvironmentArgs, 'repositories' | 'passphraseNames'>;

function repositoriesOf({ repositories, passphraseNames }: Opened): Record<string, unknown> {
  const all = repositories.map((repository) => {
    const name = passphraseNames[repository.id];
    if (name === undefined) throw new RangeError(`no passphrase is named for the repository "${repository.id}"`);
    return [repository.id, repositoryOf(repository, name)] as const;
  });
  return Object.fromEntries(all);
}

const signingKeys = ({ signingKeyName }: Pick<EnvironmentArgs, 'signingKeyName'>) => [
  { name: signingKeyName, from: file(`${PATHS.keys}/${KEY_FILES.signing}`) },
];

export type MoverArgs = Opened &
  Pick<EnvironmentArgs, 'environment' | 'site' | 'generation' | 'signingKeyName' | 'folders' | 'external'>;

/** Of the pods that copy volumes beside the platform: they know folders and repositories, and no store. YAML. */
export function renderMoverEnvironment(args: MoverArgs): string {
  const folders = Object.entries(args.folders).map(([workload, path]) => [workload, { path }] as const);
  return stringify(
    {
      apiVersion: 'go-coffee-dr/v1',
      kind: 'Environment',
      name: args.environment,
      site: args.site,
      ...(args.external?.postgres === undefined ? { generation: args.generation } : {}),
      mover: true,
      stateDir: PATHS.state,
      plan: PATHS.plan,
      signingKeys: signingKeys(args),
      folders: Object.fromEntries(folders),
      repositories: repositoriesOf(args),
    },
    { lineWidth: 0 },
  );
}

/** YAML. Throws RangeError for a repository without a named passphrase. */
export function renderEnvironment(args: EnvironmentArgs): string {
  const folders = Object.entries(args.folders).map(
    ([workload, path]) => [workload, { path, ...hooksOf(args, workload) }] as const,
  );
  return stringify(
    {
      apiVersion: 'go-coffee-dr/v1',
      kind: 'Environment',
      name: args.environment,
      site: args.site,
      // It goes with a PostgreSQL of the stack.
      ...(args.external?.postgres === undefined ? { generation: args.generation } : {}),
      ...(args.isolated === true ? { isolated: true } : {}),
      stateDir: PATHS.state,
      plan: PATHS.plan,
      signingKeys: signingKeys(args),
      ...storesOf(args),
      ...retiredOf(args),
      folders: Object.fromEntries(folders),
      ...volumesOf(args),
      ...gitOf(args),
      ...alertsOf(args),
      ...(args.incident === undefined ? {} : { incident: args.incident.section }),
      ...certificatesOf(args),
      ...(args.readsCluster === true
        ? {
            kubernetes: {
              inCluster: true,
              namespaces: serviceNamespaces(args.namespaces),
              ...claimsOf(args),
              ...hooksOf(args, 'kubernetes'),
            },
          }
        : {}),
      repositories: repositoriesOf(args),
    },
    { lineWidth: 0 },
  );
}
