/** What an adoption is asked for, what it remembers, and the ports through which it changes a platform. */
import { z } from 'zod';
import type { Logger } from '../core/log.ts';
import type { PollOptions } from '../core/poll.ts';
import type { Progress } from '../core/progress.ts';

export type Store = 'postgres' | 'redis';

const port = z.int().min(1).max(65_535);

const placeSchema = z.object({
  /** As pods reach it: a name or an address. */
  host: z.string(),
  port,
  /** Of a Service of the cluster, and on which its pods listen. */
  service: z.object({ namespace: z.string(), name: z.string(), podPort: port }).optional(),
});
/** The server that is taken over. */
export type Place = z.infer<typeof placeSchema>;

export const placeText = ({ host, port: on }: Place): string => `${host}:${on}`;

const userSchema = z.object({
  kind: z.enum(['Deployment', 'StatefulSet', 'CronJob']),
  namespace: z.string(),
  name: z.string(),
  /** Of the plan; the last one for a workload that the plan does not know. */
  tier: z.string(),
  /** Before the switch. */
  replicas: z.int().min(0),
});
/** A workload of the platform that uses the server. */
export type User = z.infer<typeof userSchema>;

const switchSchema = z.object({
  /** ISO 8601: when the first writer was stopped. */
  begunAt: z.string(),
  users: z.array(userSchema),
  /** The Service's spec before, as JSON of the API. */
  serviceBefore: z.record(z.string(), z.unknown()).optional(),
  /** PostgreSQL: database → its connection limit before. */
  limits: z.record(z.string(), z.int()).default({}),
  /** Redis: its `min-replicas-to-write` before. */
  minReplicas: z.string().optional(),
  /** Up to where the source had written when no writer was left: an LSN, or an offset of replication. */
  end: z.string().optional(),
  /** The promotion was asked for: from here on there is no way back without loss, and no run goes back by itself. */
  asked: z.boolean().default(false),
  /** What the new leader had written when it took over. */
  promotedAt: z.string().optional(),
  promotedEnd: z.string().optional(),
  /** From the first stop until the new leader took writes under the platform's name, and until what uses it was ready. */
  writesAfterSeconds: z.number().optional(),
  readyAfterSeconds: z.number().optional(),
});
export type Switch = z.infer<typeof switchSchema>;

/** In the order in which they come; `undone` may follow `switched`. */
const PHASES = ['preparing', 'following', 'switching', 'switched', 'undone'] as const;
export type Phase = (typeof PHASES)[number];

/** The only memory of an adoption: a run that is killed leaves it, and the next one reads it. It holds no secret. */
export const memorySchema = z.object({
  apiVersion: z.literal('go-coffee-dr/v1'),
  store: z.enum(['postgres', 'redis']),
  /** As it was typed. */
  from: z.string(),
  place: placeSchema,
  phase: z.enum(PHASES),
  begunAt: z.string(),
  /** Generation of the stack that follows. */
  generation: z.int().min(1),
  slot: z.string().optional(),
  /** Roles that were made on the source for it. */
  madeRoles: z.array(z.string()).default([]),
  /** The source's `max_slot_wal_keep_size` before, where `--slot-limit` has set another. */
  slotLimitBefore: z.string().optional(),
  switch: switchSchema.optional(),
});
export type Memory = z.infer<typeof memorySchema>;

export interface MemoryPort {
  /** Undefined where nothing is adopted. Throws `ADOPT-MEMORY` for what this version can't read. */
  read(store: Store): Promise<Memory | undefined>;
  write(memory: Memory): Promise<void>;
  forget(store: Store): Promise<void>;
}

/** What runs on the platform and its names. Every change may be repeated. */
export interface PlatformPort {
  /** Workloads that name the server in their settings, or that these addresses belong to. */
  users(place: Place, addresses: readonly string[]): Promise<readonly User[]>;
  stop(user: User): Promise<void>;
  start(user: User): Promise<void>;
  /** Those that are not ready. */
  notReady(users: readonly User[]): Promise<readonly string[]>;
  /** The spec of the source's Service now; undefined where it is no Service. Throws `SERVICE-KIND` for one that can't lead elsewhere. */
  serviceSpec(place: Place): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** Lets the Service lead to the stack's store. */
  repoint(place: Place, store: Store): Promise<void>;
  restoreService(place: Place, spec: Readonly<Record<string, unknown>>): Promise<void>;
}

/** What every part of an adoption has. */
export interface AdoptPorts {
  readonly memory: MemoryPort;
  readonly platform: PlatformPort;
  readonly progress: Progress;
  readonly log: Logger;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  /** Multiplies every limit; tests shorten them. @default 1 */
  readonly timeoutFactor?: number;
}

/** @param everySeconds between two questions @default 0.5: each is a part of the time in which nobody can write */
export function waitOf(
  { signal, timeoutFactor = 1 }: Pick<AdoptPorts, 'signal' | 'timeoutFactor'>,
  seconds: number,
  everySeconds = 0.5,
): PollOptions {
  return { seconds: seconds * timeoutFactor, everySeconds: everySeconds * Math.min(1, timeoutFactor), signal };
}

export type Row = Readonly<Record<string, unknown>>;

/** A fact that is worth knowing, or one that forbids the adoption. */
export interface Finding {
  readonly code: string;
  readonly fact: string;
  readonly hint: string;
  /** False: it is only said. */
  readonly refuses: boolean;
}
