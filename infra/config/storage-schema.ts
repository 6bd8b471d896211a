/** Schema of `storage`: where the copies are. */
import { z } from 'zod';
import { idSchema, lineSchema } from '../../plan/fields.ts';
import { breakGlassPrincipals } from './aws/break-glass.ts';

export const arn = (kind: string, pattern: RegExp) =>
  z.string().regex(pattern, { error: `is not an ARN of ${kind}; copy it from IAM` });

const endpoint = z.string().refine(
  (url) => {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    return parsed?.protocol === 'https:' && !/^[\d.]+$|^\[/.test(parsed.hostname) && parsed.pathname === '/';
  },
  { error: 'is not an endpoint; write https://host[:port] with a host name: pgBackRest refuses http and IP addresses' },
);

const pem = z
  .string()
  .regex(/^-----BEGIN CERTIFICATE-----\n/, { error: 'is not a certificate; put the PEM text of the authority here' });

const bucket = z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, {
  error: 'is not a valid bucket name; write 3 to 63 of a-z, 0-9, . and -',
});

/** In AWS the name is part of the host: the certificate of `*.s3.REGION.amazonaws.com` holds for no name with a dot. */
const awsBucket = bucket.refine((name) => !name.includes('.'), {
  error: 'has a dot, and then no certificate of S3 is valid for its host name; write - instead',
});

const endpointSchema = z.strictObject({
  endpoint,
  /** @default the plan's */
  region: lineSchema.optional(),
  /** @default the plan's location */
  bucket: bucket.optional(),
  ca: pem.optional(),
});

/**
 * Repositories of the plan that nothing is written to for now. PostgreSQL would not stop or restart while it pushes WAL to a region that
 * is gone.
 */
const detached = z.array(idSchema).default([]);

const awsRole = arn('a role', /^arn:(aws|aws-cn|aws-us-gov):iam::\d{12}:role\/.+$/);

export const storageSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('aws'),
    manage: z.enum(['declared', 'given']).default('declared'),
    deployerRoleArn: awsRole,
    breakGlassPrincipals,
    /** Overrides of the plan's `immutable.mode` for all repositories. */
    lockMode: z.enum(['governance', 'compliance']).optional(),
    accessLogs: z.enum(['none', 's3', 'cloudtrail']).default('cloudtrail'),
    budgetGiB: z.int().positive().default(1024),
    /** Overrides of the plan's locations. */
    repositories: z
      .record(z.string(), z.strictObject({ bucket: awsBucket.optional(), region: lineSchema.optional() }))
      .default({}),
    offsite: endpointSchema.required({ bucket: true, region: true }).optional(),
    detached,
  }),
  z.strictObject({
    kind: z.literal('s3-compatible'),
    repositories: z.record(z.string(), endpointSchema),
    lockMode: z.enum(['governance', 'compliance']).optional(),
    detached,
  }),
]);
