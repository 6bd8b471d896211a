/** Stores that stay where they are: `dr` copies what they let it read, and neither starts, stops nor configures them. */
import { z } from 'zod';
import { absolute, secretRefSchema } from '../core/fields.ts';

const port = z.number().int().min(1).max(65535);

/**
 * `verify-full`: the server proves its name to the authority in `ca`, or to one that this host trusts. `require`: encrypted, whoever
 * answers. `disable`: in plain text.
 */
const tls = z.enum(['disable', 'require', 'verify-full']).default('verify-full');

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
  /** How often the whole of it is dumped: with each of the plan's runs that copy PostgreSQL, or with the daily one alone. */
  dumps: z.enum(['hourly', 'daily']).default('hourly'),
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
