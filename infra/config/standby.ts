/** What a standby follows, and names that differ at the place where a platform comes back. */
import { z } from 'zod';
import { idSchema, lineSchema, lsnSchema } from '../../plan/fields.ts';

const namesBy = (pattern: RegExp, error: string) => z.record(lineSchema, z.string().regex(pattern, { error }));

/** Names that differ here, as `old: new`. */
export const mapSchema = z
  .strictObject({
    registry: namesBy(
      /^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._/-]+)?$/,
      'is not a registry; write host[:port][/path], without https:// and without a tag',
    ).default({}),
    storageClass: namesBy(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'is not a valid storage class name').default({}),
    namespace: z.record(lineSchema, idSchema).default({}),
    host: namesBy(
      /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/,
      'is not a host name; write e.g. shop.example.com',
    ).default({}),
  })
  .prefault({});

export const standbySchema = z.strictObject({
  of: z.strictObject({ site: idSchema, generation: z.int().min(1) }),
  repository: idSchema,
  /** Where the followed lineage has ended, as `dr failover` has proven it when it stopped that site. */
  end: z.strictObject({ lineage: lineSchema, lsn: lsnSchema }).optional(),
  /** Declare the services of the newest manifest snapshot there: scaled to zero until the promotion, then active. */
  services: z.boolean().default(false),
  map: mapSchema,
  exclude: z.array(lineSchema).default([]),
});
