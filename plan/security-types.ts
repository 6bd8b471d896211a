/** What is made anew after a breach, what only people can change, and what a recovered platform is hardened with. */
import { z } from 'zod';
import { durationSchema, idSchema, lineSchema } from './fields.ts';

/** Credentials of the stores: a recovered stack sets them, and no captured object has the last word on them. */
export const STORE_CREDENTIALS = [
  'postgres-superuser',
  'postgres-replication',
  'postgres-application',
  'redis',
] as const;

export const HARDENING_MEASURES = [
  'non-root',
  'no-privilege-escalation',
  'no-capabilities',
  'seccomp',
  'read-only-root',
  'no-account-tokens',
  'no-host-access',
  'network-policies',
  'pod-security-labels',
] as const;
export type HardeningMeasure = (typeof HARDENING_MEASURES)[number];

/** A name with `*` for any letters. Case, `_`, `.` and `-` make no difference: `jwt-secret` is `JWT_SECRET` too. */
const patternSchema = z
  .string({ error: ({ input }) => (input === undefined ? 'is missing' : `${JSON.stringify(input)} is no pattern`) })
  .regex(/^[a-z0-9*]([a-z0-9*-]*[a-z0-9*])?$/, {
    error: ({ input }) => `${JSON.stringify(input)} is no pattern; write a-z, 0-9, "-" and "*", e.g. *-jwt-secret`,
  });

/** Which keys of which captured Secrets; of several conditions all must hold. */
const selectionSchema = z.strictObject({
  id: idSchema,
  title: lineSchema,
  /** Keys in the Secret's data. */
  keys: z.array(patternSchema).min(1),
  /** Names of Secrets. @default any */
  names: z.array(patternSchema).optional(),
  /** Labels that the Secret must have. @default any */
  labels: z.record(lineSchema, lineSchema).optional(),
});

const rotatableSchema = selectionSchema.extend({
  /**
   * Characters of the new value; a longer old one keeps its length. What is hexadecimal or Base64 of so many bytes stays that: a
   * cipher's key has no other length.
   */
  length: z.int().min(16).max(256),
  alphabet: z.enum(['letters-digits', 'hexadecimal']),
});

const keptSchema = selectionSchema.extend({
  /** Why no program may change it, and who does. */
  reason: lineSchema,
});

export const rotationSchema = z.strictObject({
  stores: z.array(z.enum(STORE_CREDENTIALS)),
  /** Secrets of type kubernetes.io/tls, with new keys. */
  certificates: z.strictObject({ rotate: z.boolean(), validity: durationSchema }),
  secrets: z.array(rotatableSchema),
  /** Left as captured and named to the operator. Stronger than `secrets`; weaker than the Secret's own annotation. */
  kept: z.array(keptSchema),
});

export const hardeningSchema = z.strictObject({ id: z.enum(HARDENING_MEASURES), title: lineSchema });

export type Rotation = z.infer<typeof rotationSchema>;
export type Rotatable = z.infer<typeof rotatableSchema>;
export type Kept = z.infer<typeof keptSchema>;
export type Hardening = z.infer<typeof hardeningSchema>;
