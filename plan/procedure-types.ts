/** The human half of a plan: scenarios, tests, team, channels, messages, and decisions about its conflicts. */
import { z } from 'zod';
import { durationSchema, idSchema, lineSchema, selectorSchema, textSchema } from './fields.ts';

const SCENARIOS = [
  'complete-failure',
  'database-corruption',
  'application-failure',
  'security-breach',
  'human-error',
] as const;

/** `plan`: from the written plan. `added`: the written plan has nothing here. */
const source = z.enum(['plan', 'added']);

export const goalSchema = lineSchema;

const stepSchema = z.strictObject({
  /** The plan's own words. */
  text: lineSchema,
  /** The shell lines that the written plan gives for it. */
  shell: z.array(lineSchema).optional(),
  /** The commands that replace them. */
  run: z.array(lineSchema).optional(),
});
export type Step = z.infer<typeof stepSchema>;

const phaseSchema = z.strictObject({
  /** Counted from the declared moment of the disaster. */
  from: durationSchema.optional(),
  to: durationSchema.optional(),
  source,
  steps: z.array(stepSchema).min(1),
});

export const scenarioSchema = z.strictObject({
  id: z.enum(SCENARIOS),
  title: lineSchema,
  description: lineSchema,
  immediate: phaseSchema,
  recovery: phaseSchema,
  validation: phaseSchema,
});
export type Scenario = z.infer<typeof scenarioSchema>;

const CADENCES = ['monthly', 'quarterly', 'annual'] as const;

export const testSchema = z.strictObject({
  id: idSchema,
  title: lineSchema,
  cadence: z.enum(CADENCES),
  /** Workloads that it restores and checks. */
  verifies: z.array(selectorSchema),
  scenario: z.enum(SCENARIOS).optional(),
  /** The command of the written plan. */
  shell: lineSchema.optional(),
  /** The command that replaces it; absent where people do the test. */
  run: lineSchema.optional(),
});

export const memberSchema = z.strictObject({
  role: lineSchema,
  primary: lineSchema,
  secondary: lineSchema,
  contact: lineSchema,
});

const channelSchema = z.strictObject({ kind: idSchema, title: lineSchema, address: lineSchema });
export const channelsSchema = z.strictObject({ internal: z.array(channelSchema), external: z.array(channelSchema) });

/** `text` is verbatim; each field is one bracketed placeholder in it. */
export const templateSchema = z.strictObject({
  id: z.enum(['initial', 'resolved', 'post-mortem']),
  title: lineSchema,
  text: textSchema,
  fields: z.array(
    z.strictObject({
      name: idSchema,
      /** As in the text, with its brackets. */
      placeholder: lineSchema,
      oneOf: z.array(lineSchema).optional(),
    }),
  ),
  /** How often an update follows, or how soon the next document is due. */
  updateEvery: durationSchema.optional(),
  dueWithin: durationSchema.optional(),
});
export type MessageTemplate = z.infer<typeof templateSchema>;

export const postRecoverySchema = z.strictObject({
  id: z.enum(['immediate', 'short-term', 'long-term']),
  title: lineSchema,
  from: durationSchema,
  to: durationSchema,
  actions: z.array(lineSchema).min(1),
});

/** Somebody else's service that the platform needs. How it is tried stands in `dr.yaml`, because it is a site's. */
export const integrationSchema = z.strictObject({
  id: idSchema,
  title: lineSchema,
  /** Who is responsible for it here. */
  owner: lineSchema,
  /** Of the third party: a number, an address, a portal. */
  contact: lineSchema,
  /** What people do while it does not answer. */
  byHand: lineSchema,
});

/** A script that the written plan names, and the command that replaces it. */
export const scriptSchema = z.strictObject({ path: lineSchema, purpose: lineSchema, run: lineSchema });

export const resourceSchema = z.strictObject({ title: lineSchema, path: lineSchema });

export const maintenanceSchema = z.strictObject({
  reviews: z.array(z.strictObject({ cadence: z.enum(CADENCES), what: lineSchema })),
  /** Dates (YYYY-MM-DD); absent until the first review, as in the written plan. */
  lastUpdated: z.iso.date().optional(),
  nextReview: z.iso.date().optional(),
});

/** A conflict between sentences of the plan (`tension`), which of them counts (`settled`), and why. */
export const decisionSchema = z.strictObject({
  id: idSchema,
  tension: lineSchema,
  settled: lineSchema,
  reason: lineSchema,
});
export type Decision = z.infer<typeof decisionSchema>;
