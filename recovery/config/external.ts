/** Stores that stay where they are: `dr` copies what they let it read, and neither starts, stops nor configures them. */
import { z } from 'zod';
import { absolute, secretRefSchema } from '../core/fields.ts';

const port = z.number().int().min(1).max(65535);

/**
 * `verify-full`: the server proves its name to the authority in `ca`, or to one that this host trusts. `require`: encrypted, whoever
 * answers. `disable`: in plain text.
 */
const tls = z.enum(['disable', 'require', 'verify-full']).default('verify-full');

const receivedWalSchema = z.strictObject({
  /** Keeps WAL on the server while nobody receives it. `dr receive-wal` makes it. */
  slot: z
    .string()
    .regex(/^[a-z0-9_]{1,63}$/, { error: 'is not the name of a slot: a-z, 0-9 and "_"' })
    .default('go_coffee_dr'),
  /** Takes a server without `max_slot_wal_keep_size`, whose disk the slot fills when nobody receives. @default false */
  unlimited: z.boolean().default(false),
});

const externalPostgresSchema = z.strictObject({
  host: z.string().min(1),
  port: port.default(5432),
  user: z.string().min(1),
  password: secretRefSchema,
  /** The database for what concerns the whole server. */
  maintenance: z.string().min(1).default('postgres'),
  /** @default all that the user may connect to */
  databases: z.array(z.string().min(1)).min(1).optional(),
  tls,
  ca: absolute.optional(),
  /**
   * How often the whole of it is dumped: with each of the plan's runs that copy PostgreSQL, or with the daily one alone.
   * @default hourly; daily beside `wal`
   */
  dumps: z.enum(['hourly', 'daily']).optional(),
  /** Base backups and received WAL, where the server lets `user` replicate. `dr receive-wal` has to run all the time. */
  wal: receivedWalSchema.optional(),
  /** Programs as new as the server, or newer. @default found as those of `postgres` are */
  binDir: absolute.optional(),
});

const externalRedisSchema = z.strictObject({
  host: z.string().min(1),
  port: port.default(6379),
  /** ACL user. @default the user `default` */
  user: z.string().min(1).optional(),
  password: secretRefSchema.optional(),
  tls,
  ca: absolute.optional(),
});
export type ExternalRedis = z.infer<typeof externalRedisSchema>;

export const externalSchema = z.strictObject({
  postgres: externalPostgresSchema.optional(),
  redis: externalRedisSchema.optional(),
});
export type ExternalPostgres = z.infer<typeof externalPostgresSchema>;
