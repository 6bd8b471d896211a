/** A recovery point: a small signed JSON document that a backup writes last (docs/architecture.md, "Recovery points"). */
import { z } from 'zod';

export type CaptureFacts = Readonly<Record<string, string | number | boolean>>;

/** The fact of a manifest snapshot that says how many objects it holds. */
export const OBJECTS = 'objects';

export const POINT_KINDS = ['full', 'incremental', 'config'] as const;
export type PointKind = (typeof POINT_KINDS)[number];

/** A point id sorts by time: `20261123T020000Z-full-7f3a`. */
export const pointIdSchema = z.string().regex(/^\d{8}T\d{6}Z-(full|incremental|config)-[0-9a-f]{4}$/);

const postgresCapture = z.strictObject({
  workload: z.string(),
  engine: z.literal('pgbackrest'),
  /** Folder below `<environment>/pgbackrest/`: `<site>-<generation>`. */
  lineage: z.string(),
  stanza: z.string(),
  /** pgBackRest's label of the backup set. */
  set: z.string(),
  setType: z.enum(['full', 'diff', 'incr']),
  walStart: z.string(),
  walStop: z.string(),
  lsnStart: z.string(),
  lsnStop: z.string(),
  timeline: z.number().int(),
  systemId: z.string(),
  serverVersion: z.string(),
  /** The moment at which the copy is consistent: the stop time of the set. */
  capturedAt: z.iso.datetime(),
  /** Size of the database, and what the set added to the repository. */
  bytes: z.number().int().nonnegative(),
  storedBytes: z.number().int().nonnegative(),
  /** Name of the passphrase in the environment file that opens the lineage. */
  passphrase: z.string(),
  /** The canary rows just before the set began; absent where `dr` can't write them. */
  canary: z.strictObject({ lastId: z.number().int(), rows: z.number().int(), digest: z.string() }).optional(),
});

const resticCapture = z.strictObject({
  workload: z.string(),
  engine: z.literal('restic'),
  snapshot: z.string().regex(/^[0-9a-f]{64}$/),
  /** restic's id of the root tree: the same content has the same id in every repository. */
  digest: z.string(),
  /** Absolute path that the snapshot holds. */
  path: z.string(),
  capturedAt: z.iso.datetime(),
  bytes: z.number().int().nonnegative(),
  objects: z.number().int().nonnegative(),
  /** What a restore needs or verification compares: server version, key counts, heads of git mirrors. */
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});

export const captureSchema = z.discriminatedUnion('engine', [postgresCapture, resticCapture]);
export type PostgresCapture = z.infer<typeof postgresCapture>;
export type ResticCapture = z.infer<typeof resticCapture>;
export type Capture = z.infer<typeof captureSchema>;

const failedSchema = z.strictObject({
  workload: z.string(),
  /** Error code without `DR-`: `FOLDER-MISSING`. */
  code: z.string(),
  /** For people, without secrets. */
  fact: z.string(),
});
/** A workload that a run could not copy. */
export type FailedWorkload = z.infer<typeof failedSchema>;

export const isPostgres = (capture: Capture): capture is PostgresCapture => capture.engine === 'pgbackrest';

export const pointBodySchema = z.strictObject({
  apiVersion: z.literal('go-coffee-dr/v1'),
  kind: z.literal('RecoveryPoint'),
  id: pointIdSchema,
  pointKind: z.enum(POINT_KINDS),
  /** False for a run with `--only` and for one with a failed workload: it is not a complete copy of the platform. */
  complete: z.boolean(),
  environment: z.string(),
  site: z.string(),
  repository: z.string(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  captures: z.array(captureSchema),
  /** Workloads of the run that this repository holds no capture of, with the reason; absent where it holds all. */
  failed: z.array(failedSchema).optional(),
  /** sha256 of the effective plan's canonical JSON. */
  planDigest: z.string(),
  /** Name → version of every engine that took part. */
  tools: z.record(z.string(), z.string()),
  /** Digest of the previous point in the same catalog, or of the checkpoint that cut the chain; null for the first. */
  previous: z.string().nullable(),
});

export const recoveryPointSchema = pointBodySchema.extend({
  signature: z.strictObject({ key: z.string(), hmacSha256: z.string().regex(/^[0-9a-f]{64}$/) }),
});

export type PointBody = z.infer<typeof pointBodySchema>;
export type RecoveryPoint = z.infer<typeof recoveryPointSchema>;

export const MARKS = ['verified', 'compromised', 'clean', 'hold'] as const;
export type Mark = (typeof MARKS)[number];
