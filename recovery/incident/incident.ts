/** What an incident is, folded from its events. Pure. */
import { type EventOf, type IncidentEvent, parseEvent, type Severity } from './events.ts';
import type { LogReading, LogRecord, RecordProblem } from './record.ts';

/** An event with who wrote it and when it happened. */
export interface Happened<E extends IncidentEvent = IncidentEvent> {
  /** Of the record; a delivery names its message by it. */
  readonly id: string;
  /** When it happened: ISO 8601. */
  readonly at: string;
  readonly by: string;
  readonly event: E;
}

export interface RoleHolder {
  readonly role: string;
  readonly person: string;
  readonly as: 'primary' | 'secondary' | 'other';
  readonly since: string;
}

export interface SentMessage extends Omit<EventOf<'message'>, 'type'> {
  readonly id: string;
  readonly at: string;
  readonly by: string;
  /** The last word on each channel, by its id. */
  readonly deliveries: ReadonlyMap<string, Omit<EventOf<'delivery'>, 'type' | 'message'> & { readonly at: string }>;
}

export interface CommandRun {
  readonly run: string;
  readonly line: string;
  readonly by: string;
  readonly startedAt: string;
  /** Absent while it runs, and when it was killed. */
  readonly endedAt?: string;
  readonly exit?: number;
  readonly failed?: string;
  readonly tiers: readonly { readonly tier: string; readonly at: string; readonly seconds?: number }[];
  readonly lost: readonly string[];
  /** What the command said at its end. */
  readonly summary?: string;
}

export interface FollowUp extends Omit<EventOf<'follow-up'>, 'type'> {
  readonly done?: {
    readonly at: string;
    readonly person: string;
    readonly exit?: number | undefined;
    readonly result?: string | undefined;
  };
}

export interface Incident {
  readonly id: string;
  readonly scenario: string;
  readonly severity: Severity;
  readonly severityFrom: EventOf<'declared'>['severityFrom'];
  readonly status: string;
  readonly impact?: string;
  readonly issue?: string;
  readonly eta?: string;
  readonly exercise: boolean;
  /** ISO 8601. Both clocks start here. */
  readonly declaredAt: string;
  readonly declaredBy: string;
  readonly resolvedAt?: string;
  readonly resolution?: Omit<EventOf<'resolved'>, 'type'>;
  /** Who holds each role of the team now. */
  readonly roles: readonly RoleHolder[];
  readonly messages: readonly SentMessage[];
  /** When people were last told something: the last message that a channel has got, or the declaration. */
  readonly lastMessageAt: string;
  readonly commands: readonly CommandRun[];
  readonly steps: readonly Happened<EventOf<'step'>>[];
  /** Fields of the post-mortem that people have answered. */
  readonly answers: Readonly<Record<string, string>>;
  readonly followUps: readonly FollowUp[];
  readonly postMortem?: { readonly at: string; readonly digest: string; readonly file?: string | undefined };
  /** Every event, in the order in which they happened. */
  readonly happened: readonly Happened[];
  /** Events that were altered or removed, or are of a newer version. */
  readonly problems: readonly RecordProblem[];
}

function isOf<Type extends IncidentEvent['type']>(type: Type) {
  return (each: Happened): each is Happened<EventOf<Type>> => each.event.type === type;
}

/** The last event that says something of this field. */
function lastOf<T>(happened: readonly Happened[], pick: (event: IncidentEvent) => T | undefined): T | undefined {
  return happened.reduce<T | undefined>((last, { event }) => pick(event) ?? last, undefined);
}

/** Undefined for a log that is not an incident: it has no declaration that can be trusted. */
export function incidentOf(id: string, { records, problems }: LogReading): Incident | undefined {
  const known = records.flatMap(({ id: record, at, by, event }) => {
    const parsed = parseEvent(event);
    return parsed === undefined ? [] : [{ id: record, at, by, event: parsed }];
  });
  const declaration = known.find(isOf('declared'));
  if (declaration === undefined) return undefined;
  const { scenario, exercise } = declaration.event;
  const of = <Type extends IncidentEvent['type']>(type: Type) => known.filter(isOf(type));
  const fieldOf = (name: 'impact' | 'issue' | 'eta') =>
    lastOf(known, (event) => (event.type === 'declared' || event.type === 'updated' ? event[name] : undefined));
  // Somebody who updates the severity says it.
  const updated = lastOf(known, (event) => (event.type === 'updated' ? event.severity : undefined));
  const end = of('resolved')[0];
  const status = lastOf(known, (event) => (event.type === 'updated' ? event.status : undefined));
  const [impact, issue, eta] = [fieldOf('impact'), fieldOf('issue'), fieldOf('eta')];
  const messages = messagesOf(of('message'), of('delivery'));
  const written = of('post-mortem').at(-1);
  return {
    id,
    scenario,
    severity: updated ?? declaration.event.severity,
    severityFrom: updated === undefined ? declaration.event.severityFrom : 'given',
    status: end === undefined ? (status ?? 'Investigating') : 'Resolved',
    ...(impact === undefined ? {} : { impact }),
    ...(issue === undefined ? {} : { issue }),
    ...(eta === undefined ? {} : { eta }),
    exercise,
    declaredAt: declaration.at,
    declaredBy: declaration.by,
    ...(end === undefined ? {} : { resolvedAt: end.at, resolution: withoutType(end.event) }),
    roles: rolesOf(of('assigned')),
    messages,
    lastMessageAt: [declaration.at, ...messages.filter(wasHeard).map((each) => each.at)].sort().at(-1) as string,
    commands: commandsOf(of('command')),
    steps: of('step'),
    answers: Object.fromEntries(of('answered').map(({ event }) => [event.field, event.value])),
    followUps: followUpsOf(of('follow-up'), of('follow-up-done')),
    ...(written === undefined ? {} : { postMortem: { at: written.at, ...withoutType(written.event) } }),
    happened: [...known].sort((a, b) => a.at.localeCompare(b.at)),
    problems: [...problems, ...newerOf(records)],
  };
}

function withoutType<T extends { readonly type: string }>({ type: _, ...rest }: T): Omit<T, 'type'> {
  return rest;
}

function newerOf(records: readonly LogRecord[]): RecordProblem[] {
  return records
    .filter(({ event }) => parseEvent(event) === undefined)
    .map(({ id, event }) => ({ key: id, fact: `this version does not know events of the kind "${event.type}"` }));
}

function rolesOf(assigned: readonly Happened<EventOf<'assigned'>>[]): RoleHolder[] {
  const holders = new Map<string, RoleHolder>();
  for (const { at, event } of assigned)
    holders.set(event.role, { role: event.role, person: event.person, as: event.as, since: at });
  return [...holders.values()];
}

function messagesOf(
  messages: readonly Happened<EventOf<'message'>>[],
  deliveries: readonly Happened<EventOf<'delivery'>>[],
): SentMessage[] {
  return messages.map(({ id, at, by, event }) => ({
    ...withoutType(event),
    id,
    at,
    by,
    deliveries: new Map(
      deliveries
        .filter((each) => each.event.message === id)
        .map((each) => {
          const { type: _, message: __, ...rest } = each.event;
          return [rest.channel, { ...rest, at: each.at }] as const;
        }),
    ),
  }));
}

function wasHeard({ deliveries }: SentMessage): boolean {
  return [...deliveries.values()].some(({ state }) => state === 'delivered' || state === 'delivered-by-hand');
}

function commandsOf(events: readonly Happened<EventOf<'command'>>[]): CommandRun[] {
  const runs = [...new Set(events.map(({ event }) => event.run))];
  return runs.map((run): CommandRun => {
    const own = events.filter(({ event }) => event.run === run);
    const [first] = own as [Happened<EventOf<'command'>>];
    const end = own.findLast(({ event }) => event.phase === 'end' || event.phase === 'failed');
    const { exit, detail, phase } = end?.event ?? {};
    return {
      run,
      line: first.event.line,
      by: first.by,
      startedAt: (own.find(({ event }) => event.phase === 'start') ?? first).at,
      ...(end === undefined ? {} : { endedAt: end.at }),
      ...(exit === undefined ? {} : { exit }),
      ...(phase === 'failed' ? { failed: detail ?? 'it failed' } : detail === undefined ? {} : { summary: detail }),
      tiers: own.flatMap(({ at, event: { tier, seconds, phase: of } }) =>
        of !== 'tier' || tier === undefined ? [] : [{ tier, at, ...(seconds === undefined ? {} : { seconds }) }],
      ),
      lost: own.flatMap(({ event }) => (event.phase === 'lost' && event.detail !== undefined ? [event.detail] : [])),
    };
  });
}

function followUpsOf(
  added: readonly Happened<EventOf<'follow-up'>>[],
  done: readonly Happened<EventOf<'follow-up-done'>>[],
): FollowUp[] {
  const byId = new Map(added.map(({ event }) => [event.id, withoutType(event)] as const));
  return [...byId.values()].map((followUp) => {
    const last = done.findLast(({ event }) => event.id === followUp.id);
    if (last === undefined) return followUp;
    const { id: _, ...rest } = withoutType(last.event);
    return { ...followUp, done: { at: last.at, ...rest } };
  });
}
