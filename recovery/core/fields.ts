import { z } from 'zod';

export const absolute = z
  .string()
  .refine((p) => p.startsWith('/') && !p.split('/').includes('..') && !p.includes('\n'), {
    message: 'must be an absolute path without ".." or a line break',
  });

/** A name that becomes part of paths and object keys. */
export const nameSchema = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, {
  message: 'must be 1 to 63 of a-z, 0-9 and "-", and begin and end with a letter or digit',
});

/** Where a secret comes from: a file of its own (mode 0600 or 0400) or an environment variable. Never inline. */
export const secretRefSchema = z.union([
  z.strictObject({ file: absolute }),
  z.strictObject({ env: z.string().regex(/^[A-Z_][A-Z0-9_]*$/) }),
]);
export type SecretRef = z.infer<typeof secretRefSchema>;

/** Several named secrets may be valid at once: the first one is used for new data, all of them for reading. */
const namedSecret = z.strictObject({ name: nameSchema, from: secretRefSchema });
export const keyring = z.array(namedSecret).min(1);
export type Keyring = z.infer<typeof keyring>;

/** A program and its arguments; no shell. */
export const argv = z.tuple([z.string()], z.string());
