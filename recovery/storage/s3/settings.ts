import { z } from 'zod';
import { absolute, keyring, secretRefSchema } from '../../core/fields.ts';

const s3Credentials = z.strictObject({ accessKeyId: secretRefSchema, secretAccessKey: secretRefSchema });
export type S3KeyRefs = z.infer<typeof s3Credentials>;

/** `web-identity`: the role of the pod's own service account (IRSA), by AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE. */
const s3Access = z.union([s3Credentials, z.literal('web-identity')]);
export type S3Access = z.infer<typeof s3Access>;

/** Keys in an address would stand in argument lists, logs and generated files; the engines read only host and port of it. */
const endpointSchema = z
  .url({ protocol: /^https$/, error: 'must be https://host[:port]; pgBackRest speaks TLS only' })
  .refine((text) => !hasMore(text, ({ username, password }) => username + password), {
    message: 'must not hold a user or a password; name the keys in writer and restorer',
  })
  .refine((text) => !hasMore(text, ({ pathname, search, hash }) => pathname.replace(/^\/$/, '') + search + hash), {
    message: 'must be https://host[:port] and nothing more; the bucket has a field of its own',
  });

function hasMore(text: string, part: (url: URL) => string): boolean {
  return URL.canParse(text) && part(new URL(text)) !== '';
}

/** The wildcard of a store's certificate (`*.s3.eu-west-1.amazonaws.com`) stands for one label: `a.b` as a host name never fits. */
const DOTS =
  'a bucket with dots in its name needs `uriStyle: path`: no certificate of the store fits it as a host name';

const s3Fields = z.strictObject({
  type: z.literal('s3'),
  /** `https://host[:port]`; pgBackRest needs TLS and a host name, not an IP address. */
  endpoint: endpointSchema,
  region: z.string().min(1),
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/),
  /** PEM file of the certificate authority. @default the system's */
  ca: absolute.optional(),
  /** @default 'path' */
  uriStyle: z.enum(['path', 'host']).default('path'),
  passphrases: keyring,
  /** Puts, and deletes by marker only. Used by backup and prune. */
  writer: s3Access,
  /** Reads, and puts under locks/, leases/ and marks/ only. Used by restore and verify. */
  restorer: s3Access,
  /** Makes the bucket where it is missing, with versions and Object Lock. Used by `dr init` alone. */
  admin: s3Credentials.optional(),
});
export const s3Repository = s3Fields.refine(({ bucket, uriStyle }) => uriStyle === 'path' || !bucket.includes('.'), {
  path: ['uriStyle'],
  message: DOTS,
});
export type S3RepositorySettings = z.infer<typeof s3Repository>;
