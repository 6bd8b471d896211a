/** The config key `external`: stores that stay where they are, and are protected by what they allow. Pure. */
import { z } from 'zod';
import { lineSchema } from '../../../plan/fields.ts';

const port = z.int().min(1).max(65_535);

const place = {
  host: z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, {
    error: 'is not a host; write its name as pods know it, e.g. db.shop.svc or shop.abc.eu-west-1.rds.amazonaws.com',
  }),
  /** `verify-full`: it proves its name. `require`: encrypted, whoever answers. `disable`: in plain text. */
  tls: z.enum(['disable', 'require', 'verify-full']).default('verify-full'),
  /** @default the authorities that the jobs' image trusts */
  ca: z
    .string()
    .regex(/^-----BEGIN CERTIFICATE-----\n/, { error: 'is not a certificate; put the PEM text of the authority here' })
    .optional(),
  /**
   * In role recovery. `keep`: its data is as it is. `restore`: the copy goes into it where it is empty. `overwrite`: in place of what it holds.
   */
  onRecovery: z.enum(['keep', 'restore', 'overwrite']).default('keep'),
};

export const externalSchema = z.strictObject({
  postgres: z
    .strictObject({
      ...place,
      port: port.default(5432),
      user: lineSchema,
      /** The database for what concerns the whole server. */
      maintenance: lineSchema.default('postgres'),
      /** @default all that the user may connect to */
      databases: z
        .array(lineSchema)
        .min(1, { error: 'is empty; name them, or leave it out for all' })
        .refine((names) => new Set(names).size === names.length, { error: 'names one twice; name each once' })
        .optional(),
      /** @default hourly; daily beside `wal` */
      dumps: z.enum(['hourly', 'daily']).optional(),
      /** Base backups and received WAL too, where the server lets the user replicate. */
      wal: z
        .strictObject({
          slot: z
            .string()
            .regex(/^[a-z0-9_]{1,63}$/, { error: 'is not the name of a slot: a-z, 0-9 and "_"' })
            .default('go_coffee_dr'),
          /** Takes a server whose disk the slot fills when nobody receives. */
          unlimited: z.boolean().default(false),
        })
        .optional(),
    })
    .optional(),
  redis: z.strictObject({ ...place, port: port.default(6379), user: lineSchema.optional() }).optional(),
});
export type External = z.infer<typeof externalSchema>;

export const STORES = ['postgres', 'redis'] as const;
export type Store = (typeof STORES)[number];
