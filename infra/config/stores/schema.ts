/** The config keys `postgres` and `redis`: their sizes, and the store of the platform that each takes over. */
import { z } from 'zod';
import { gigabytes } from '../../../plan/cost/amounts.ts';
import { idSchema } from '../../../plan/fields.ts';
import type { ConfigProblem } from '../problems.ts';
import { cpu, quantity } from '../quantities.ts';
import { postgresParameters, redisParameters } from './parameters.ts';

/** It becomes part of SQL and the name of a role. */
const database = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/, {
  error: 'is not a valid database name; write 1 to 63 of a-z, 0-9 and _, and no digit first',
});

const port = z.int().min(1).max(65_535);

/** It becomes part of a shell script. */
const host = z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$/, {
  error: 'is not a host; write a name or an address, as the pods reach it',
});

/** The server that is taken over, as pods reach it. `dr adopt` writes it. */
const source = {
  host,
  port,
  /** Of its pods, where it is a Service of this cluster. */
  namespace: idSchema.optional(),
  /** On which its pods listen. @default port */
  podPort: port.optional(),
};

/** A standby refuses to start with less than its source has. */
const STANDBY_SETTINGS = [
  'max_connections',
  'max_worker_processes',
  'max_wal_senders',
  'max_prepared_transactions',
  'max_locks_per_transaction',
] as const;

const postgresSource = z.strictObject({
  ...source,
  /** Of the source's replication slot, which keeps the WAL that the members still need. */
  slot: z.string().regex(/^[a-z0-9_]{1,63}$/, { error: 'is not the name of a slot; write 1 to 63 of a-z, 0-9 and _' }),
  /** `follow`: the members stream from it. `lead`: they took over. It stays then: another text would restart them. */
  phase: z.enum(['follow', 'lead']),
  /** `md5`: roles of the source have such passwords, which `scram` would refuse. */
  passwords: z.enum(['scram', 'md5']).default('scram'),
  settings: z.partialRecord(z.enum(STANDBY_SETTINGS), z.int().min(0)).default({}),
});
export type PostgresSource = z.infer<typeof postgresSource>;

const redisSource = z.strictObject(source);

/** `max_wal_size` and `wal_keep_size` alone take 1.5 GiB. */
const LEAST_WAL = '2Gi';

const walStorage = z.strictObject({
  size: quantity.refine((size) => (gigabytes(size) ?? 0) >= (gigabytes(LEAST_WAL) ?? 0), {
    error:
      'is too small: PostgreSQL keeps 1.5 GiB of WAL by itself, and more while a repository is away; write 2Gi or more',
  }),
  /** @default storageClasses.postgres */
  class: idSchema.optional(),
});
export const postgresSchema = z.strictObject({
  instances: z.int().min(1).default(3),
  /** Of the image's server. Where it is stated, a preview refuses another one than the data is of. */
  major: z.int().min(15).max(18).optional(),
  storage: quantity.default('50Gi'),
  /** The WAL on a volume of its own, from the first `up` of the stack on. @default the volume of the data */
  walStorage: walStorage.optional(),
  /** What the database is expected to grow to: volumes, deadlines and schedules are checked against it. */
  expectedSize: quantity.optional(),
  /** Also the name of the role that owns it. */
  database: database.default('go_coffee'),
  cpu: cpu.default('1'),
  memory: quantity.default('4Gi'),
  /** Beside those that this program sets. The standby's stack must have those of the leader's, or higher ones. */
  parameters: postgresParameters.default({}),
  /** `required`: never two members on one node. `preferred` where there are fewer nodes than members. */
  spread: z.enum(['required', 'preferred']).default('required'),
  /** `required`: members are spread evenly over the zones of the nodes, or wait. */
  zones: z.enum(['required', 'preferred']).default('preferred'),
  /** Of a PriorityClass of the cluster: the members are evicted last, and may evict others. */
  priorityClass: idSchema.optional(),
  /** `required`: applications too log in with TLS alone. The superuser and the members always do. */
  tls: z.enum(['offered', 'required']).default('offered'),
  adopt: postgresSource.optional(),
});

export const redisSchema = z.strictObject({
  storage: quantity.default('5Gi'),
  cpu: cpu.default('250m'),
  memory: quantity.default('1Gi'),
  /** Of a PriorityClass of the cluster. */
  priorityClass: idSchema.optional(),
  /** Beside those that this program sets. */
  parameters: redisParameters.default({}),
  adopt: redisSource.optional(),
  /** `open`: services that the network lets in need no password, as they needed none of the Redis that was taken over. */
  clients: z.enum(['password', 'open']).default('password'),
});

interface Stores {
  readonly role?: string | undefined;
  readonly standby?: unknown;
  readonly postgres?: z.infer<typeof postgresSchema> | undefined;
}

export function storeProblems({ role, standby, postgres }: Stores): ConfigProblem[] {
  if (postgres?.adopt === undefined || (role === 'primary' && standby === undefined)) return [];
  const fact = 'is set, and this stack begins from a repository: its database can’t begin from a running server too';
  const hint = 'adopt a server in a stack with role primary, without standby';
  return [{ path: ['postgres', 'adopt'], fact, hint }];
}
