/** Schemas of what the stores are: `postgres` and `redis`. */
import { z } from 'zod';
import { cpu, quantity } from '../quantities.ts';
import { postgresParameters, redisParameters } from './parameters.ts';

/** It becomes part of SQL and the name of a role. */
const database = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/, {
  error: 'is not a valid database name; write 1 to 63 of a-z, 0-9 and _, and no digit first',
});

export const postgresSchema = z.strictObject({
  instances: z.int().min(1).default(3),
  /** Of the image's server. Where it is stated, a preview refuses another one than the data is of. */
  major: z.int().min(15).max(18).optional(),
  storage: quantity.default('50Gi'),
  /** Also the name of the role that owns it. */
  database: database.default('go_coffee'),
  cpu: cpu.default('1'),
  memory: quantity.default('4Gi'),
  /** Beside those that this program sets. The standby's stack must have those of the leader's, or higher ones. */
  parameters: postgresParameters.default({}),
  /** `required`: never two members on one node. `preferred` where there are fewer nodes than members. */
  spread: z.enum(['required', 'preferred']).default('required'),
});

export const redisSchema = z.strictObject({
  storage: quantity.default('5Gi'),
  cpu: cpu.default('250m'),
  memory: quantity.default('1Gi'),
  /** Beside those that this program sets. */
  parameters: redisParameters.default({}),
});
