/** A recovery point: a small signed JSON document that a backup writes last (docs/architecture.md, "Recovery points"). */
import { z } from 'zod';

export type CaptureFacts = Readonly<Record<string, string | number | boolean>>;

/** The fact of a manifest snapshot that says how many objects it holds. */
export const OBJECTS = 'objects';
/** The fact of dumps of a server that stays where it is. */
export const EXTERNAL = 'external';

export const POINT_KINDS = ['full', 'incremental', 'config'] as const;
export type PointKind = (typeof POINT_KINDS)[number];

/** A point id sorts by time: `20261123T020000Z-full-7f3a`. */
export const pointIdSchema = z.string().regex(/^\d{8}T\d{6}Z-(full|incremental|config)-[0-9a-f]{4}$/);

/** Why a capture is not taken unasked: it holds much less than the one before. Absent for a good one. */
const suspect = z.string().min(1).optional();
/** What the server was made with and what its databases need of a host: compared before a restore. Later versions may add to it. */
const serverFacts = z.looseObject({
  /** Of a WAL segment and of a page. */
  segmentBytes: z.number().int(),
  blockBytes: z.number().int(),
  /** Settings that a server needs at least as high to replay this WAL: `max_connections` … */
  settings: z.record(z.string(), z.number()),
  /** Those of them that stand in files of the data directory, which the set brings along. */
  settingsInSet: z.array(z.string()),
  /** Operating system's locales that databases and collations use. */
  locales: z.array(z.string()),
  /** Files that the server loads: `shared_preload_libraries` and functions in C, as `$libdir/name` or a path. */
  libraries: z.array(z.string()),
  /** `pg_trgm`, `citext` … */
  extensions: z.array(z.string()),
  /** Versions of the libraries that sort text: `libc 2.36`, `icu 153.112`. */
  collations: z.array(z.string()),
  /** Major version of the ICU library that the server is linked with; absent where it has none, or that can't be seen. */
  icu: z.string().optional(),
  /** Whether each page has a checksum. Absent, like `icu`, in points of older versions. */
  dataChecksums: z.boolean().optional(),
});
export type ServerFacts = z.infer<typeof serverFacts>;

const postgresCapture = z.strictObject({
  workload: z.string(),
  suspect,
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
  /** Absent in points of older versions. */
  server: serverFacts.optional(),
});

const resticCapture = z.strictObject({
  workload: z.string(),
  suspect,
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

const originSchema = z.strictObject({
  /** The site's own key (recovery/config/identity.ts). */
  id: z.string(),
  /** Keys of the hosts whose place it took, by a restore or by `dr init --adopt`. */
  adopts: z.array(z.string()),
  /** sha256 of the machine's id; empty where it has none. */
  machine: z.string(),
  host: z.string(),
});
export type Origin = z.infer<typeof originSchema>;

export const pointBodySchema = z.strictObject({
  apiVersion: z.literal('go-coffee-dr/v1'),
  kind: z.literal('RecoveryPoint'),
  id: pointIdSchema,
  pointKind: z.enum(POINT_KINDS),
  /** False for a run with `--only` and for one with a failed workload: it is not a complete copy of the platform. */
  complete: z.boolean(),
  environment: z.string(),
  site: z.string(),
  /** Which host writes for the site. Absent in points of version 0.1. */
  origin: originSchema.optional(),
  repository: z.string(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  /** Its number in this catalog: one more than the highest before. Absent in points of version 0.1. */
  sequence: z.number().int().positive().optional(),
  /** The highest number in this catalog when the run began: what lies between was written by runs that overlapped it. */
  after: z.number().int().nonnegative().optional(),
  /** By how much the host's clock was ahead of the repository's when the run began. Absent where that has none. */
  skewSeconds: z.number().optional(),
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

export const MARKS = ['verified', 'compromised', 'clean', 'hold', 'exported', 'read'] as const;
export type Mark = (typeof MARKS)[number];

/** Those that a person may set. `exported` is set by `dr offsite export`: its note names the repository with the off-site copy. `read` is
 * set by `dr verify --scheduled`: its note says what of the repository was read back (reads.ts). */
export const TYPED_MARKS = ['verified', 'compromised', 'clean', 'hold'] as const satisfies readonly Mark[];
