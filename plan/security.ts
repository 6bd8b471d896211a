/**
 * After a breach: which secrets are rotated, which only people can change, and which measures harden a recovered platform.
 * Line 191: "Update all secrets and certificates". Line 195: "Implement additional security measures".
 */
import { z } from 'zod';
import { durationSchema, idSchema, lineSchema } from './fields.ts';

/** Credentials of PostgreSQL and Redis: a recovered stack sets them, whatever the manifests say. */
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

/** A name with `*` for any characters. Case, `_`, `.` and `-` make no difference: `jwt-secret` matches `JWT_SECRET` too. */
const patternSchema = z
  .string({ error: ({ input }) => (input === undefined ? 'is missing' : `${JSON.stringify(input)} is not a pattern`) })
  .regex(/^[a-z0-9*]([a-z0-9*-]*[a-z0-9*])?$/, {
    error: ({ input }) => `${JSON.stringify(input)} is not a pattern; write a-z, 0-9, "-" and "*", e.g. *-jwt-secret`,
  });

/** Selects keys of Secrets; all conditions must hold. */
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
   * Characters of the new value; where the old one is longer, its length. A hexadecimal or Base64 value keeps its encoding and its number
   * of bytes, because the key of a cipher has a fixed length.
   */
  length: z.int().min(16).max(256),
  alphabet: z.enum(['letters-digits', 'hexadecimal']),
});

const keptSchema = selectionSchema.extend({
  /** Why no program may change it, and who can. */
  reason: lineSchema,
});

export const rotationSchema = z.strictObject({
  stores: z.array(z.enum(STORE_CREDENTIALS)),
  /** Secrets of type kubernetes.io/tls, with new keys. */
  certificates: z.strictObject({ rotate: z.boolean(), validity: durationSchema }),
  secrets: z.array(rotatableSchema),
  /** Kept as they are and reported to the operator. Takes precedence over `secrets`; a Secret's own annotation takes precedence over it. */
  kept: z.array(keptSchema),
});

export const hardeningSchema = z.strictObject({ id: z.enum(HARDENING_MEASURES), title: lineSchema });

export type Rotation = z.infer<typeof rotationSchema>;
export type Rotatable = z.infer<typeof rotatableSchema>;
export type Kept = z.infer<typeof keptSchema>;
export type Hardening = z.infer<typeof hardeningSchema>;

/** Values that both ends read from the same Secret at their start, so a new value needs no coordination. */
const secrets: Rotation['secrets'] = [
  {
    id: 'token-signing',
    title: 'Keys that sign tokens: whoever is logged in logs in again',
    keys: ['jwt-secret', 'jwt-key', 'jwt-signing-key', '*-jwt-secret', 'token-secret', 'signing-secret'],
    length: 48,
    alphabet: 'letters-digits',
  },
  {
    id: 'sessions',
    title: 'Keys of sessions, cookies and forms',
    keys: ['session-key', 'session-secret', 'cookie-key', 'cookie-secret', 'csrf-key', 'csrf-secret', '*-session-key'],
    length: 48,
    alphabet: 'letters-digits',
  },
  {
    id: 'between-services',
    title: 'What the platform’s own services show one another',
    keys: ['internal-token', 'service-token', 'shared-secret', '*-shared-secret', '*-internal-token'],
    length: 48,
    alphabet: 'letters-digits',
  },
];

const kept: Rotation['kept'] = [
  {
    id: 'opens-what-is-there',
    title: 'Keys of what is stored already: repositories, encrypted columns and files',
    keys: ['*passphrase*', '*encryption-key*', '*encryption-secret*', '*master-key*', '*data-key*'],
    reason: 'A new one opens nothing that is there; encrypt anew, or write new copies under a new name of the key',
  },
  {
    id: 'third-parties',
    title: 'Keys that somebody else gave out',
    keys: [
      '*api-key*',
      '*access-key*',
      '*client-secret*',
      '*webhook*',
      '*stripe*',
      '*paypal*',
      '*twilio*',
      '*sendgrid*',
      '*smtp*',
      '*openai*',
      '*slack*',
      '*aws*',
      '*-dsn',
      'dockerconfigjson',
      '*license*',
    ],
    reason: 'Only who gave it out can take it back: revoke it there, then set the new one',
  },
  {
    id: 'people',
    title: 'Tokens and passwords of people',
    keys: ['*user-token*', '*personal*', '*-pat', '*admin-password*', 'kubeconfig', '*htpasswd*', 'users'],
    reason: 'Their owners set new ones themselves, after their own devices are known to be clean',
  },
];

export const rotation: Rotation = {
  stores: ['postgres-superuser', 'postgres-replication', 'postgres-application', 'redis'],
  certificates: { rotate: true, validity: '1y' },
  secrets,
  kept,
};

/** Replaces k8s/security-hardening.yaml, which the written plan names but does not contain. */
export const hardening: Hardening[] = [
  { id: 'non-root', title: 'No container runs as root' },
  { id: 'no-privilege-escalation', title: 'No process gets more rights than it began with' },
  { id: 'no-capabilities', title: 'All Linux capabilities are dropped' },
  { id: 'seccomp', title: 'System calls are filtered by the runtime’s profile' },
  { id: 'read-only-root', title: 'Root file systems are read-only; /tmp is an empty volume' },
  { id: 'no-account-tokens', title: 'No token of a service account where no role is bound to it' },
  { id: 'no-host-access', title: 'Pods that use the node’s network, folders or privileges are named' },
  { id: 'network-policies', title: 'Nothing is open but names, and the ports of Services' },
  { id: 'pod-security-labels', title: 'Namespaces refuse pods that ask for more' },
];
