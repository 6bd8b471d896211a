/** The environment file `dr.yaml`: where the platform and the repositories are. It names secrets and never holds one. */
import { z } from 'zod';
import { extensionTypeSchema } from '../../plan/types.ts';
import { badInput } from '../core/errors.ts';
import { absolute, argv, keyring, nameSchema, secretRefSchema } from '../core/fields.ts';
import { repositorySchema } from '../storage/backends.ts';
import { incidentSchema } from './channels.ts';
import { externalSchema } from './external.ts';

/** For what works with archived WAL alone. Throws `POSTGRES-EXTERNAL` (exit 2). */
export function refuseExternalPostgres({ postgres, external }: Pick<Environment, 'postgres' | 'external'>): void {
  if (postgres !== undefined || external?.postgres === undefined) return;
  throw badInput({
    code: 'POSTGRES-EXTERNAL',
    where: 'external.postgres',
    fact: 'this wants a PostgreSQL that this host runs, and the environment’s is external',
    hint: 'docs/external.md says what works with it: find --what, restore --only postgres-wal or postgres-dump',
  });
}

/** Throws `POSTGRES-UNCONFIGURED` (exit 2). */
export function postgresSettings(environment: Environment): PostgresSettings {
  if (environment.postgres) return environment.postgres;
  refuseExternalPostgres(environment);
  throw badInput({
    code: 'POSTGRES-UNCONFIGURED',
    where: 'postgres',
    fact: 'the environment file has no "postgres"',
    hint: 'add it, or leave the database out with --only',
  });
}

export type RedisSettings = NonNullable<Environment['redis']>;

/** Throws `REDIS-UNCONFIGURED` (exit 2). */
export function redisSettings(environment: Environment): RedisSettings {
  if (environment.redis) return environment.redis;
  throw badInput({
    code: 'REDIS-UNCONFIGURED',
    where: 'redis',
    fact: 'the environment file has no "redis"',
    hint: 'add it, or leave Redis out with --only',
  });
}

/** Seconds, fractions too. */
const limit = z
  .number()
  .positive()
  .max(7 * 24 * 3600);

/** `timeoutSeconds`: each of them is ended after that. @default 600 */
const hooks = z.strictObject({ pre: argv.optional(), post: argv.optional(), timeoutSeconds: limit.optional() });

/**
 * How a server is started and stopped when it is not run by `dr` itself (e.g. `systemctl start postgresql@15-main`). A command is ended
 * after `timeoutSeconds` (@default 120); a server that it has started stays.
 */
const control = z.strictObject({ start: argv, stop: argv, timeoutSeconds: limit.optional() });

/** pgBackRest's TLS server beside a PostgreSQL on another host: the way to its files. PEM files of this side. */
const tlsServer = z.strictObject({
  port: z.number().int().min(1).max(65535).default(8432),
  /** Signs both servers there, pgBackRest's and PostgreSQL's own. */
  ca: absolute,
  /** By which pgBackRest's server knows this side. */
  certificate: absolute,
  /** Mode 0600, or 0640 when it belongs to root. */
  key: absolute,
  /** By which PostgreSQL itself lets `user` in (`hostssl … cert`), beside a password or in its place. The key as above. */
  login: z.strictObject({ certificate: absolute, key: absolute }).optional(),
});

const postgresSchema = z.strictObject({
  /** SQL by TCP. With `tls` the server must show a certificate of that authority; without, TLS is used where it is offered. */
  host: z.string().min(1).optional(),
  /** PostgreSQL and its files are on `host`. Without it they are on this one. */
  tls: tlsServer.optional(),
  /**
   * Domain of the members, e.g. `postgres-members.go-coffee.svc`: a backup copies the files of one that streams, by the name under which it
   * does (`application_name`), and the leader's where none does. Needs `tls`. @default always the leader's
   */
  members: z.string().min(1).optional(),
  /** As the server itself sees it. */
  dataDir: absolute,
  /** Folder of the server's programs. @default found by `pg_config --bindir`, then /usr/lib/postgresql/<newest>/bin */
  binDir: absolute.optional(),
  /** As the server itself sees it. */
  socketDir: absolute,
  port: z.number().int().min(1).max(65535).default(5432),
  user: z.string().default('postgres'),
  /** Database with the application's data. */
  database: z.string().default('go_coffee'),
  /** Where neither the socket nor the host lets `user` in without one. */
  password: secretRefSchema.optional(),
  /** Folder of postgresql.conf when it lies outside of the data directory (Debian: /etc/postgresql/15/main). */
  configDir: absolute.optional(),
  /** Processes of a backup and a restore, here and beside another host's server. @default the CPUs of this host, at least 2 */
  processes: z.int().min(1).max(64).optional(),
  logFile: absolute.optional(),
  control: control.optional(),
  hooks: hooks.optional(),
  /** Size of the volume that holds nothing but the WAL, on another host. @default the monitor doesn't say how full it is */
  walVolumeBytes: z.int().positive().optional(),
});

const redisSchema = z.strictObject({
  socket: absolute.optional(),
  host: z.string().min(1).optional(),
  port: z.number().int().min(1).max(65535).optional(),
  /**
   * `replication`: the RDB comes over the wire, for a server on another host; its append-only files stay there.
   * @default 'files'
   */
  transfer: z.enum(['files', 'replication']).optional(),
  /** ACL user. @default the user `default` */
  user: z.string().min(1).optional(),
  password: secretRefSchema.optional(),
  /** The `dir` of the server: it is asked, and another folder is an error. */
  dataDir: absolute,
  /** redis.conf; used to start the server where `control` is absent. */
  configFile: absolute.optional(),
  control: control.optional(),
  hooks: hooks.optional(),
});

const folderWorkload = z.strictObject({ path: absolute, hooks: hooks.optional() });

const gitWorkload = z.strictObject({
  repositories: z.array(z.strictObject({ name: nameSchema, url: z.string().min(1) })).min(1),
  /** A file in the format of `git credential-store`, a line each: `https://user:token@host`. @default what git itself finds */
  credentials: absolute.optional(),
  hooks: hooks.optional(),
});

/** The cluster must be named: the current context of a kubeconfig is never used. */
const kubernetesSchema = z
  .strictObject({
    /** @default ~/.kube/config */
    kubeconfig: absolute.optional(),
    context: z.string().min(1).optional(),
    /** The cluster that this pod runs in, as its service account. */
    inCluster: z.literal(true).optional(),
    /** The namespaces of the platform. */
    namespaces: z.array(nameSchema).min(1),
    /**
     * Volumes that a workload of the plan copies: name of the claim (with `*` for any letters; with its namespace before a slash where
     * several have one of that name) → id of the workload, or `none` where nothing of it is needed. A backup names all other claims.
     */
    claims: z.record(z.string().regex(/^([a-z0-9-]+\/)?[a-z0-9.*-]+$/), nameSchema).optional(),
    /** Run once before and after all objects are read. */
    hooks: hooks.optional(),
  })
  .refine(({ context, inCluster }) => (context === undefined) !== (inCluster === undefined), {
    message: 'must select one cluster; set either `context` or `inCluster: true`',
  });
export type KubernetesSettings = z.infer<typeof kubernetesSchema>;

/** How a service is stopped, started and checked. The health command exits 0 when the service answers. */
const serviceControl = z.strictObject({
  start: argv.optional(),
  stop: argv.optional(),
  health: argv.optional(),
  /** A service that is not healthy this long after its start fails the restore. @default 120 */
  healthyWithinSeconds: z.number().int().positive().optional(),
  /** Its start and stop commands are ended after that. @default 60 */
  timeoutSeconds: limit.optional(),
});

/** Credentials that were replaced: `dr health` tries each of them, and one that still opens the store is a failed check. */
const retiredSchema = z.strictObject({
  postgres: z.array(z.strictObject({ user: z.string().min(1), password: secretRefSchema })).default([]),
  redis: z.array(z.strictObject({ user: z.string().min(1).optional(), password: secretRefSchema })).default([]),
});
export type Retired = z.infer<typeof retiredSchema>;

/** How a third party is tried (`integrations` of the plan): an address that answers with a 2xx or 3xx, or a command that exits 0. */
const integrationProbe = z.union([
  z.strictObject({ url: z.url({ protocol: /^https?$/ }) }),
  z.strictObject({ command: argv }),
]);

/** What `dr evidence collect` takes besides data, settings and journals: logs of services, of the system, and where a cluster keeps its audit log. */
const evidenceSchema = z.strictObject({
  paths: z.array(absolute).default([]),
  auditLogs: z.array(absolute).default([]),
});

/**
 * Passwords of the stores of a stack. `dr` never logs in with them: an escrow file includes them, and a rebuild sets them again, because
 * the captured manifests of the services contain them too.
 */
const storePasswords = z.strictObject({
  superuser: secretRefSchema.optional(),
  replication: secretRefSchema.optional(),
  application: secretRefSchema.optional(),
  redis: secretRefSchema.optional(),
});
export const STORE_PASSWORDS = storePasswords.keyof().options;

export const environmentSchema = z.strictObject({
  apiVersion: z.literal('go-coffee-dr/v1'),
  kind: z.literal('Environment'),
  /** Prefix in every repository, and the name to type for `--confirm`. */
  name: nameSchema,
  site: nameSchema,
  /** Generation of a PostgreSQL on another host, whose archive_command names `<site>-<generation>`. `dr` counts those of its own host. */
  generation: z.number().int().min(1).optional(),
  /** The platform of a drill: it must archive nothing. */
  isolated: z.literal(true).optional(),
  /** Journals, locks, generated pgBackRest configuration, git mirrors, scratch restores. */
  stateDir: absolute,
  /** Unprivileged user that owns PostgreSQL and runs pgBackRest when `dr` is root. */
  runAs: z.string().optional(),
  /** A plan in YAML or JSON. @default the shipped one */
  plan: absolute.optional(),
  /** They sign and check points. No repository holds them. */
  signingKeys: keyring,
  postgres: postgresSchema.optional(),
  redis: redisSchema.optional(),
  /** In place of `postgres` or `redis`: a server that stays where it is. */
  external: externalSchema.optional(),
  retired: retiredSchema.optional(),
  /** Folder workloads by the id of the workload in the plan. */
  folders: z.record(z.string(), folderWorkload).default({}),
  /** Folder workloads that pods elsewhere copy: volumes of the platform, each beside its users. */
  volumes: z.record(nameSchema, z.strictObject({ namespace: nameSchema, claim: z.string().min(1) })).optional(),
  /** Such a pod: it has no state of its own, and writes for the site that has made the newest point. */
  mover: z.literal(true).optional(),
  git: gitWorkload.optional(),
  /** The plan's workloads with `objects` come from this API, and not from folders. */
  kubernetes: kubernetesSchema.optional(),
  /** The cluster that would take over: `dr readiness` looks whether it has room and images for what runs in this one. */
  standby: z.strictObject({ kubeconfig: absolute.optional(), context: z.string().min(1) }).optional(),
  /** Settings of workload types that don't ship with `dr`, by the type's name. Each type checks its own (recovery/workloads/registry.ts). */
  extensions: z.record(extensionTypeSchema, z.looseObject({ hooks: hooks.optional() })).optional(),
  /** PEM files: `dr monitor` reports when each expires. */
  certificates: z.record(nameSchema, absolute).optional(),
  services: z.record(z.string(), serviceControl).default({}),
  /** A business flow of the plan from end to end: a command that exits 0 when it works, such as an order of a test customer. */
  flows: z.record(nameSchema, z.strictObject({ probe: argv, timeoutSeconds: limit.optional() })).optional(),
  storePasswords: storePasswords.optional(),
  evidence: evidenceSchema.optional(),
  /** TCP ports that other hosts may reach: `dr health --security` reports any other one. */
  exposedPorts: z.array(z.number().int().min(1).max(65535)).optional(),
  /** By the id of the integration in the plan. */
  integrations: z.record(nameSchema, integrationProbe).default({}),
  /** Who gets the alerts of this site, so that a report can say that nobody does. Prometheus and Alertmanager send them, not `dr`. */
  alerts: z
    .union([
      z.strictObject({ receivers: z.array(nameSchema).min(1) }),
      /** Nobody does, and that is meant. */
      z.strictObject({ none: z.literal(true) }),
    ])
    .optional(),
  /** How people are told in an incident. Without it every message is printed, to be passed on by hand. */
  incident: incidentSchema.optional(),
  repositories: z.record(nameSchema, repositorySchema),
});

export type Environment = z.infer<typeof environmentSchema>;
export type PostgresSettings = NonNullable<Environment['postgres']>;

/** True for a server on another host: this host can't see its files. */
export function isOnOtherHost(settings: Environment['postgres'] | Environment['redis']): boolean {
  if (settings === undefined) return false;
  return 'tls' in settings ? settings.tls !== undefined : 'transfer' in settings && settings.transfer === 'replication';
}
