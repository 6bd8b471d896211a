/** Schemas of the config's keys. Pulumi.yaml describes the same keys; a test compares the two. */
import { z } from 'zod';
import { idSchema, lineSchema } from '../../plan/fields.ts';
import { resolvedPointSchema } from '../../recovery/public.ts';
import { trafficSchema } from './aws/traffic.ts';
import { incidentSchema } from './channels.ts';
import { labelsSchema } from './cluster/labels.ts';
import { networkSchema } from './cluster/network.ts';
import { backupsSchema, storageClassesSchema } from './cluster/storage-classes.ts';
import { externalSchema } from './external/schema.ts';
import { inPlaceSchema } from './in-place/schema.ts';
import { namespacesSchema } from './namespaces.ts';
import { quota } from './quantities.ts';
import { mapSchema, standbySchema } from './standby.ts';
import { arn, storageSchema } from './storage-schema.ts';
import { postgresSchema, redisSchema } from './stores/schema.ts';
import { volumesSchema } from './volumes/schema.ts';

/** A tag that can move would give two runs of the same program two platforms. */
const image = z
  .string()
  .regex(/^[A-Za-z0-9][\w.:/@-]*$/, { error: 'is not the name of an image; write HOST/PATH:TAG, without blanks' })
  .refine((name) => /(@sha256:[0-9a-f]{64}|:[\w][\w.-]{0,127})$/.test(name) && !/:latest$/.test(name), {
    error: 'names no fixed image; write a digest (name@sha256:…) or a tag that is never moved, and not latest',
  });

const secretText = z
  .string()
  .min(1, { error: 'is empty; set it with `pulumi config set --secret --path`' })
  .refine((text) => !/\s$/.test(text), {
    error: 'ends with a line break or a space; set it again without it: `printf %s` adds none',
  });

const keyPair = z.strictObject({ accessKeyId: secretText, secretAccessKey: secretText });

const absolutePath = z
  .string()
  .refine((path) => path.startsWith('/') && !path.split('/').includes('..') && !path.includes('\n'), {
    error: 'is not an absolute path; write it from the root, without ".."',
  });

/** A login has its own key, which is encrypted. */
const gitUrl = z.string().refine(
  (text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    return url?.protocol === 'https:' && url.username === '' && url.password === '';
  },
  { error: 'is not the address of a repository; write https://host/path, without a login: that is gitCredentials' },
);

const command = z.array(lineSchema).min(1);

const definitionName = z.string().regex(/^[a-z][a-z0-9-]*(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/, {
  error: 'is not a valid definition name; write plural and group, as in "clusterissuers.cert-manager.io"',
});

const claimName = z
  .string()
  .regex(/^([a-z0-9-]+\/)?[a-z0-9.*-]+$/, { error: 'is not the name of a claim, as in "data-orders-*"' });

/** Keys in plain text. `Pulumi.yaml` gives the optional ones an empty default. */
export const plainSchemas = {
  role: z.enum(['primary', 'standby', 'recovery']),
  environment: idSchema,
  site: idSchema,
  /** The policy of the writer's role allows for two digits. */
  generation: z
    .int()
    .min(1, { error: 'is not a generation; count from 1' })
    .max(99, { error: 'is more than 99; give the site a new name and begin again with 1' }),
  storage: storageSchema,
  cluster: z.strictObject({ context: lineSchema, kubeconfig: absolutePath.optional() }),
  namespaces: namespacesSchema,
  oidcProvider: z.strictObject({
    arn: arn('an OIDC provider', /^arn:(aws|aws-cn|aws-us-gov):iam::\d{12}:oidc-provider\/.+$/),
  }),
  storageClasses: storageClassesSchema,
  images: z.strictObject({ toolbox: image, postgres: image, redis: image }),
  postgres: postgresSchema,
  redis: redisSchema,
  backups: backupsSchema,
  /** Folder workload of the plan → the claim in the recovery namespace that holds it. */
  folders: z.record(z.string(), idSchema),
  volumes: volumesSchema,
  /** The repositories that the workload of type git mirrors, by name. None of them is as good as no key: a copy of a stack sets it so. */
  git: z.strictObject({ repositories: z.record(idSchema, gitUrl) }),
  external: externalSchema,
  capture: z.strictObject({
    /** Cluster-scoped custom kinds that the platform's objects refer to, by the names of their definitions. */
    clusterKinds: z.array(definitionName).default([]),
    /** Claims of the platform whose content a workload of the plan holds: `postgres`, one of `folders`; `none` where it is not needed. */
    claims: z.record(claimName, idSchema).default({}),
    /** Commands of the jobs' image before and after a copy of `postgres`, `redis`, `kubernetes` or one of `folders`. */
    hooks: z.record(z.string(), z.strictObject({ pre: command.optional(), post: command.optional() })).default({}),
  }),
  network: networkSchema,
  monitoring: z.strictObject({
    /** Whether the cluster has ServiceMonitor and PrometheusRule. A preview must not have to ask it. */
    prometheusOperator: z.boolean().default(false),
    /** Namespace of Prometheus. Without it nothing may scrape. */
    namespace: idSchema.optional(),
    /** Of ServiceMonitor, PrometheusRule and AlertmanagerConfig: an operator ignores those that its selectors don't match, without a word. */
    labels: labelsSchema.default({}),
  }),
  quotas: z.strictObject({ platform: quota.prefault({}), recovery: quota.prefault({}) }),
  secrets: z.discriminatedUnion('from', [
    z.strictObject({ from: z.literal('generated') }),
    z.strictObject({ from: z.literal('config') }),
    z.strictObject({ from: z.literal('secrets-manager'), region: lineSchema }),
  ]),
  standby: standbySchema,
  inPlace: inPlaceSchema,
  recovery: z.strictObject({
    /** `latest`, the id of a point, or a time with its zone. */
    from: lineSchema,
    repository: idSchema.optional(),
    /** `from` as `dr rebuild` has resolved it. It is used as it is, so the preview and every later run begin from the same point. */
    resolved: resolvedPointSchema.optional(),
    /** The former name of `resolved`, which stacks of earlier versions still have. */
    pin: resolvedPointSchema.optional(),
    /** Rotate the secrets that the plan calls rotatable. */
    rotateSecrets: z.boolean().default(false),
    /** Apply the plan's additional security measures to the manifests. */
    harden: z.boolean().default(false),
    /** A drill's platform: it has no way out, is not reachable and writes no copies. */
    isolated: z.boolean().default(false),
    /** True: images by the digests that ran. False: by their tags, which may have moved. Side-loaded images always keep their tag. */
    pinImages: z.boolean().default(true),
    map: mapSchema,
    /** Objects by `Kind`, `Kind/name`, a service or a tier of the plan. Empty: all. */
    only: z.array(lineSchema).default([]),
    exclude: z.array(lineSchema).default([]),
  }),
  traffic: trafficSchema,
  registry: z.strictObject({ prefixes: z.array(lineSchema).min(1) }),
  notifications: z.strictObject({
    email: z.array(z.email({ error: 'is not an e-mail address; write name@example.com' })).default([]),
    slack: z
      .strictObject({
        teamId: z.string().regex(/^T[A-Z0-9]+$/, { error: 'is not a workspace id; it begins with T' }),
        channelId: z.string().regex(/^[CG][A-Z0-9]+$/, { error: 'is not a channel id; it begins with C or G' }),
      })
      .optional(),
  }),
  /** Merged into the plan by ids; the result is checked like a plan. */
  plan: z.record(z.string(), z.unknown()),
} as const;

const keysOfRepository = z.strictObject({ writer: keyPair, restorer: keyPair, admin: keyPair.optional() });

/** Keys that must be encrypted in the stack's file. */
export const secretSchemas = {
  kubeconfig: secretText,
  s3Credentials: z.record(z.string(), keysOfRepository),
  secretValues: z.strictObject({
    /** By repository id. */
    passphrases: z.record(z.string(), secretText),
    signingKey: secretText,
    postgres: z.strictObject({ superuser: secretText, replication: secretText, application: secretText }),
    redis: secretText,
  }),
  /** Of the platform's services, where the stack's Redis took over from one with a password of its own. */
  redisClientPassword: secretText,
  /** In the format of `git credential-store`: a line for each server, `https://user:token@host`. */
  gitCredentials: secretText,
  /** Of the users in `external`. */
  externalPasswords: z.strictObject({ postgres: secretText.optional(), redis: secretText.optional() }),
  alertTargets: z.strictObject({
    slackWebhook: z.url({ error: 'is not a URL; copy it from Slack' }).optional(),
    pagerdutyUrl: z.url({ error: 'is not a URL; copy it from PagerDuty' }).optional(),
    /** Called after each good refresh of the monitor: an external dead man's switch. */
    pingUrl: z.url({ error: 'is not a URL; write https://…' }).optional(),
  }),
  /** Who is told in an incident, as in dr.yaml, with the secrets themselves in place of their files. */
  incident: incidentSchema,
} as const;

/** Keys that every stack must set. */
export const REQUIRED_KEYS = ['role', 'site', 'storage', 'cluster', 'images'] as const;

export const CONFIG_KEYS: readonly string[] = [...Object.keys(plainSchemas), ...Object.keys(secretSchemas)];

export type Plain = { -readonly [K in keyof typeof plainSchemas]?: z.infer<(typeof plainSchemas)[K]> };
export type Secret = { -readonly [K in keyof typeof secretSchemas]?: z.infer<(typeof secretSchemas)[K]> };
