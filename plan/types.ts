/** The plan: what must survive, where its copies are, how fast it must be back. It is parsed once and trusted afterwards. */
import { z } from 'zod';
import { cronSchema, durationSchema, idSchema, lineSchema, selectorSchema } from './fields.ts';
import { flowSchema } from './people/flows.ts';
import {
  channelsSchema,
  decisionSchema,
  goalSchema,
  integrationSchema,
  maintenanceSchema,
  memberSchema,
  postRecoverySchema,
  resourceSchema,
  scenarioSchema,
  scriptSchema,
  templateSchema,
  testSchema,
} from './procedure-types.ts';
import { hardening, hardeningSchema, rotation, rotationSchema } from './security.ts';

export const TIERS = ['P1', 'P2', 'P3', 'P4'] as const;
export type TierId = (typeof TIERS)[number];
const tierId = z.enum(TIERS);

export const WORKLOAD_TYPES = [
  'postgres',
  'postgres-dump',
  'postgres-config',
  'postgres-wal',
  'redis',
  'files',
  'git',
  'images',
] as const;

/** A type whose code does not ship with this program (`registerWorkloadType` in recovery/workloads/registry.ts): `x-mysql`. */
export const extensionTypeSchema = z.templateLiteral(['x-', z.string().regex(/[a-z0-9]+(-[a-z0-9]+)*/)]);
export type ExtensionType = z.infer<typeof extensionTypeSchema>;
export const isExtension = (type: Workload['type']): type is ExtensionType => type.startsWith('x-');

/** The platform's objects in the Kubernetes API, in four parts. */
export const OBJECT_PARTS = ['manifests', 'configuration', 'access', 'monitoring'] as const;
export type ObjectPart = (typeof OBJECT_PARTS)[number];

const DATA_CLASSES = ['database', 'application-data', 'configuration'] as const;
export type DataClass = (typeof DATA_CLASSES)[number];

const objectivesSchema = z.strictObject({
  rto: z.strictObject({ critical: durationSchema, nonCritical: durationSchema, full: durationSchema }),
  rpo: z.strictObject({
    database: durationSchema,
    applicationData: durationSchema,
    configuration: durationSchema,
  }),
  /** The tiers that each RTO applies to. */
  scope: z.strictObject({ critical: z.array(tierId), nonCritical: z.array(tierId), full: z.array(tierId) }),
});

export const tierSchema = z.strictObject({
  id: tierId,
  name: lineSchema,
  /** From the declared moment of the disaster to the verified services. */
  rto: durationSchema,
  /** For the data of its services; configuration has its own RPO. */
  rpo: durationSchema,
  services: z
    .array(
      z.strictObject({
        id: idSchema,
        title: lineSchema,
        /** Other names that workloads of a cluster have for this service. */
        names: z.array(lineSchema).optional(),
      }),
    )
    .min(1),
});

/** How many copies of each workload, on how many kinds of storage: 3-2-1-1-0. */
const copyRuleSchema = z.strictObject({
  copies: z.int().min(1),
  storageKinds: z.int().min(1),
  offsite: z.int().min(0),
  /** Copies that nobody can delete before their retention ends. */
  immutable: z.int().min(0),
  /** How many workloads may be without a test that restores them. */
  unverified: z.int().min(0),
});

export const workloadSchema = z.strictObject({
  id: idSchema,
  type: z.union([z.enum(WORKLOAD_TYPES), extensionTypeSchema]),
  /** The plan's group of backup components. */
  group: z.enum(['database', 'application', 'infrastructure', 'code']),
  title: lineSchema,
  /** It is restored with this tier, before the tier's services. */
  tier: tierId,
  dataClass: z.enum(DATA_CLASSES),
  /** Services that can't run without it. */
  services: z.array(idSchema),
  repositories: z.array(idSchema),
  /** Log shipping between the scheduled runs: worst-case RPO is `archiveTimeout + pushDelay`. */
  continuous: z
    .strictObject({
      /** PostgreSQL closes a segment at least this often. */
      archiveTimeout: durationSchema,
      /** Longest time from a closed segment to its copy in every repository; a longer backlog is an alert. */
      pushDelay: durationSchema,
    })
    .optional(),
  /** This workload is a second form of that one's data. The RPO rests on the other; this form is for the day when its chain is in doubt. */
  secondFormOf: idSchema.optional(),
  /** In Kubernetes it is this part of the API's objects; on a single host it is a folder. */
  objects: z.enum(OBJECT_PARTS).optional(),
  /** The plan's words that this workload answers. */
  covers: z.array(lineSchema),
});

export const scheduleSchema = z.strictObject({
  id: idSchema,
  title: lineSchema,
  cron: cronSchema,
  kind: z.enum(['full', 'incremental', 'config']),
  workloads: z.array(selectorSchema),
  /** From the start to the point in the first repository. A run that takes longer is reported. */
  longestRun: durationSchema,
  /** Runs with the same lock never overlap: the later one waits, and is skipped when the other has covered its workloads. */
  lock: idSchema,
  /** `plan`: from the written plan. `added`: needed for its objectives; `settlements` has the decision. */
  source: z.enum(['plan', 'added']),
});

const STORAGE_CLASSES = [
  'STANDARD',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
  'GLACIER',
  'DEEP_ARCHIVE',
] as const;
export type StorageClass = (typeof STORAGE_CLASSES)[number];

export const repositorySchema = z.strictObject({
  id: idSchema,
  title: lineSchema,
  /** The written plan's name of the storage. */
  planName: lineSchema,
  storage: z.enum(['posix', 's3', 'drive']),
  /** An absolute path, a bucket, or for a drive a description. */
  location: lineSchema,
  region: lineSchema.optional(),
  retention: durationSchema,
  encryption: z.literal('aes-256'),
  compression: z.enum(['gzip', 'zstd']),
  /** Transitions by age. Current objects never expire: that would break chains and deduplicated packs. */
  lifecycle: z.array(z.strictObject({ after: durationSchema, storageClass: z.enum(STORAGE_CLASSES) })),
  /** Object Lock: no version can be removed before this time. */
  immutable: z.strictObject({ mode: z.enum(['governance', 'compliance']), lock: durationSchema }).optional(),
  /** Outside of the platform's own site. */
  offsite: z.boolean(),
  written: z.discriminatedUnion('by', [
    /** By the engines in each run; `copyDelay` is what this repository adds after `longestRun`. */
    z.strictObject({ by: z.literal('engines'), copyDelay: durationSchema }),
    /** By an export of a self-contained off-site copy. */
    z.strictObject({ by: z.literal('export'), cron: cronSchema, longestRun: durationSchema, transport: lineSchema }),
  ]),
});

const alert = z.enum(['immediate', 'warning', 'critical']);

const monitoringChecks = z.array(z.strictObject({ id: idSchema, title: lineSchema, command: lineSchema }));

const thresholdsSchema = z.strictObject({
  backupFailure: alert,
  /** Percentage of the storage in use above which the alert fires. */
  storage: z.strictObject({ warningPercent: z.number().gt(0).lt(100), criticalPercent: z.number().gt(0).lt(100) }),
  integrityFailure: alert,
  /**
   * A probe whose median is this many times its baseline, or whose p95 is, counts as worse. Added: the written plan wants the validation and
   * names no limit.
   */
  performanceRatio: z.number().gt(1).default(2),
});

/** What a prune or a backup does without being asked twice. */
const safeguardsSchema = z.strictObject({
  /** A prune that would remove more than this part of a repository's points needs their number typed. */
  pruneShare: z.number().gt(0).lte(1),
  /** A capture that lost more than this part of the rows, keys, files or bytes of the one before is suspect. */
  shrink: z.number().gt(0).lte(1),
  /** Within this time everything in a repository is read back: each scheduled verification reads what is new, and a part of the rest. */
  readAll: durationSchema.default('4w'),
});

export const safeguards: z.infer<typeof safeguardsSchema> = { pruneShare: 1 / 3, shrink: 0.5, readAll: '4w' };

/** `none: true`: nobody is told of an alert, and that is meant. Otherwise a channel of `channels.internal` must be able to take one. */
const alertsSchema = z.strictObject({ none: z.boolean() });

export const alerts: z.infer<typeof alertsSchema> = { none: false };

export const planSchema = z.strictObject({
  apiVersion: z.literal('go-coffee-dr/v1'),
  kind: z.literal('Plan'),
  version: lineSchema,
  title: lineSchema,
  environment: idSchema,
  goals: z.array(goalSchema),
  objectives: objectivesSchema,
  tiers: z.array(tierSchema).min(1),
  copyRule: copyRuleSchema,
  workloads: z.array(workloadSchema).min(1),
  schedules: z.array(scheduleSchema).min(1),
  repositories: z.array(repositorySchema).min(1),
  scenarios: z.array(scenarioSchema).min(1),
  /** The shipped rules apply to a plan that was written before this field existed. */
  rotation: rotationSchema.default(rotation),
  hardening: z.array(hardeningSchema).default(hardening),
  checks: monitoringChecks,
  thresholds: thresholdsSchema,
  /** The shipped values apply to a plan that was written before this field existed. */
  safeguards: safeguardsSchema.default(safeguards),
  tests: z.array(testSchema),
  team: z.array(memberSchema),
  /** The written plan tests them each year and names none. */
  integrations: z.array(integrationSchema).default([]),
  channels: channelsSchema,
  templates: z.array(templateSchema),
  postRecovery: z.array(postRecoverySchema),
  /** None in a plan that was written before this field existed: its services may be others. */
  flows: z.array(flowSchema).default([]),
  scripts: z.array(scriptSchema),
  resources: z.array(resourceSchema),
  maintenance: maintenanceSchema,
  /** The shipped value applies to a plan that was written before this field existed. */
  alerts: alertsSchema.default(alerts),
  settlements: z.array(decisionSchema),
});

export type Plan = z.infer<typeof planSchema>;
export type Tier = z.infer<typeof tierSchema>;
export type Workload = z.infer<typeof workloadSchema>;
export type Schedule = z.infer<typeof scheduleSchema>;
export type PlanRepository = z.infer<typeof repositorySchema>;
