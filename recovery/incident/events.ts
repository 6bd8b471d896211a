/**
 * What can happen in an incident. Each event is one signed record (record.ts), and none is ever changed: a correction is a further event. New
 * kinds may be added; an older version skips those that it does not know.
 */
import { z } from 'zod';
import { TIERS } from '../../plan/types.ts';

export const SEVERITIES = TIERS;
export type Severity = (typeof SEVERITIES)[number];

const severity = z.enum(SEVERITIES);
const time = z.iso.datetime();

/** `id` of the plan's scenario, or `none` where nobody knows it yet. */
const declared = z.object({
  type: z.literal('declared'),
  scenario: z.string(),
  severity,
  /** How the severity was found: typed, measured, or assumed because no damage was measured. */
  severityFrom: z.enum(['given', 'measured', 'unclear']),
  impact: z.string().optional(),
  issue: z.string().optional(),
  /** When the service is expected to be back. */
  eta: z.string().optional(),
  exercise: z.boolean(),
});

const updated = z.object({
  type: z.literal('updated'),
  /** One of the plan's initial template's `status`. */
  status: z.string().optional(),
  severity: severity.optional(),
  impact: z.string().optional(),
  issue: z.string().optional(),
  eta: z.string().optional(),
  text: z.string().optional(),
});

const assigned = z.object({
  type: z.literal('assigned'),
  /** As the plan's team names it. */
  role: z.string(),
  person: z.string(),
  as: z.enum(['primary', 'secondary', 'other']),
});

/** A message that people should get. Its deliveries are events of their own. */
const message = z.object({
  type: z.literal('message'),
  template: z.enum(['initial', 'update', 'resolved']),
  title: z.string(),
  /** Filled, as plain text. Each channel gets it in its own markup. */
  text: z.string(),
  status: z.string().optional(),
});

const DELIVERY_STATES = ['delivered', 'failed', 'by-hand', 'delivered-by-hand'] as const;

const delivery = z.object({
  type: z.literal('delivery'),
  /** Id of the message's event. */
  message: z.string(),
  channel: z.string(),
  /** `by-hand`: a text that somebody must copy; `delivered-by-hand`: somebody has ticked it. */
  state: z.enum(DELIVERY_STATES),
  attempts: z.number().int().optional(),
  detail: z.string().optional(),
  /** What the receiver calls the incident. */
  remote: z.string().optional(),
  /** Who has told the channel by hand. */
  person: z.string().optional(),
});

/** A command of `dr` that ran while the incident was open; one `run` has a start, and an end unless it was killed. */
const command = z.object({
  type: z.literal('command'),
  run: z.string(),
  phase: z.enum(['start', 'tier', 'lost', 'end', 'failed']),
  /** As it was typed: `dr restore --to latest`. */
  line: z.string(),
  tier: z.string().optional(),
  /** Of the tier, since the declaration. */
  seconds: z.number().optional(),
  exit: z.number().int().optional(),
  detail: z.string().optional(),
});

/** A step of the runbook. */
const step = z.object({
  type: z.literal('step'),
  scenario: z.string(),
  phase: z.string(),
  /** Counted from 1 within the phase. */
  number: z.number().int(),
  text: z.string(),
  state: z.enum(['started', 'done', 'failed', 'skipped', 'by-hand', 'assigned']),
  /** Who did it by hand, or who must. */
  person: z.string().optional(),
  reason: z.string().optional(),
  line: z.string().optional(),
  exit: z.number().int().optional(),
});

const resolved = z.object({
  type: z.literal('resolved'),
  services: z.string(),
  rootCause: z.string(),
  resolution: z.string(),
});

/** What only people know, for the post-mortem: a field of the plan's template, e.g. `root-cause`, `lessons`. The last answer counts. */
const answered = z.object({ type: z.literal('answered'), field: z.string(), value: z.string() });

const followUp = z.object({
  type: z.literal('follow-up'),
  /** `immediate-1`, or `action-1` for an action item of the post-mortem. */
  id: z.string(),
  title: z.string(),
  owner: z.string(),
  dueAt: time,
  /** The command that does it. */
  command: z.string().optional(),
});

const followUpDone = z.object({
  type: z.literal('follow-up-done'),
  id: z.string(),
  person: z.string(),
  /** Of its command. */
  exit: z.number().int().optional(),
  result: z.string().optional(),
});

const postMortem = z.object({
  type: z.literal('post-mortem'),
  /** sha256 of the document, in hex. */
  digest: z.string(),
  file: z.string().optional(),
});

const note = z.object({ type: z.literal('note'), text: z.string() });

const eventSchema = z.discriminatedUnion('type', [
  declared,
  updated,
  assigned,
  message,
  delivery,
  command,
  step,
  resolved,
  answered,
  followUp,
  followUpDone,
  postMortem,
  note,
]);

export type IncidentEvent = z.infer<typeof eventSchema>;
export type EventOf<Type extends IncidentEvent['type']> = Extract<IncidentEvent, { type: Type }>;

/** Undefined for a kind that this version does not know. */
export function parseEvent(event: unknown): IncidentEvent | undefined {
  return eventSchema.safeParse(event).data;
}

/** Throws a ZodError for a bug of the caller. */
export function checkedEvent(event: IncidentEvent): IncidentEvent {
  return eventSchema.parse(event);
}
