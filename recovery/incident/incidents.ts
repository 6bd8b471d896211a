/**
 * The incidents of this environment: what other parts use. An incident is found by its id, or by being the only open one; every change of it is
 * an event that is signed and kept in the state folder and in each repository that answers (records.ts).
 */
import { randomBytes } from 'node:crypto';
import { didYouMeanOrAll } from '../../plan/nearest.ts';
import type { Site } from '../config/site.ts';
import { badInput, type DrError } from '../core/errors.ts';
import { timeStamp } from '../points/id.ts';
import { checkedEvent, type EventOf, type IncidentEvent } from './events.ts';
import { type Incident, incidentOf } from './incident.ts';
import { type Appended, type OpenRecordsOptions, openRecords, type Records } from './records.ts';

export interface WrittenBy {
  /** A person, or the account that runs the command: `root@backup-1`. */
  readonly by: string;
  /** When it happened. @default now */
  readonly at?: Date;
  readonly now: Date;
}

export interface Incidents {
  /** Newest declaration first. */
  all(): Incident[];
  /** Those that nobody has resolved. */
  open(): Incident[];
  /** Throws `INCIDENT-UNKNOWN` (exit 2) with the nearest ids. */
  get(id: string): Incident;
  /** The named one, or the only open one. Throws `INCIDENT-UNKNOWN`, `INCIDENT-NONE`, `INCIDENT-SEVERAL` or `INCIDENT-CLOSED` (exit 2). */
  openOne(id?: string): Incident;
  declare(event: Omit<EventOf<'declared'>, 'type'>, written: WrittenBy): Promise<{ id: string; appended: Appended }>;
  /** Throws `INCIDENT-TIME` (exit 2) for a time before the declaration or after now, `EVENT-NOT-KEPT` where no place takes it. */
  append(id: string, event: IncidentEvent, written: WrittenBy): Promise<Appended>;
  /** Logs beside the incidents, and the places that did not answer. */
  readonly records: Records;
}

const INCIDENT_ID = /^inc-\d{8}T\d{6}Z-[0-9a-f]{4}$/;

function newIncidentId(at: Date): string {
  return `inc-${timeStamp(at)}-${randomBytes(2).toString('hex')}`;
}

/** A repository that does not answer in time is said in `records.unreached`; it gets what it lacks later. */
export async function openIncidents(site: Site, options: OpenRecordsOptions = {}): Promise<Incidents> {
  return incidentsOf(await openRecords(site, options));
}

function incidentsOf(records: Records): Incidents {
  const all = (): Incident[] =>
    records
      .names()
      .filter((name) => INCIDENT_ID.test(name))
      .flatMap((name) => incidentOf(name, records.read(name)) ?? [])
      .sort((a, b) => b.declaredAt.localeCompare(a.declaredAt) || b.id.localeCompare(a.id));
  const open = (): Incident[] => all().filter(({ resolvedAt }) => resolvedAt === undefined);
  const get = (id: string): Incident => {
    const known = all();
    const found = known.find((each) => each.id === id);
    if (found !== undefined) return found;
    throw unknownIncident(
      id,
      known.map((each) => each.id),
    );
  };
  const append = async (id: string, event: IncidentEvent, { by, at, now }: WrittenBy): Promise<Appended> => {
    if (event.type !== 'declared') refuseTime(get(id), at ?? now, now);
    return records.append({ log: id, at: at ?? now, now, by, event: checkedEvent(event) });
  };
  return {
    all,
    open,
    get,
    openOne: (id) => (id === undefined ? onlyOne(open()) : notClosed(get(id))),
    async declare(event, written) {
      const id = newIncidentId(written.at ?? written.now);
      return { id, appended: await append(id, { type: 'declared', ...event }, written) };
    },
    append,
    records,
  };
}

function unknownIncident(id: string, known: readonly string[]): DrError {
  return badInput({
    code: 'INCIDENT-UNKNOWN',
    where: 'incident',
    fact: `"${id}" is not an incident of this environment.${didYouMeanOrAll(id, known)}`,
    hint: 'list them: dr incident list',
  });
}

function onlyOne(open: readonly Incident[]): Incident {
  const [first, ...others] = open;
  if (first === undefined) {
    throw badInput({
      code: 'INCIDENT-NONE',
      where: 'incident',
      fact: 'no incident is open',
      hint: 'declare one: `dr incident declare --scenario none --impact "What users notice"`; those that are over: `dr incident list`',
    });
  }
  if (others.length === 0) return first;
  throw badInput({
    code: 'INCIDENT-SEVERAL',
    where: 'incident',
    fact: `${open.length} incidents are open: ${open.map(({ id, scenario }) => `${id} (${scenario})`).join(', ')}`,
    hint: `name one: --incident ${first.id}`,
  });
}

function notClosed(incident: Incident): Incident {
  if (incident.resolvedAt === undefined) return incident;
  throw badInput({
    code: 'INCIDENT-CLOSED',
    where: incident.id,
    fact: `it was resolved at ${incident.resolvedAt}`,
    hint: `see it: \`dr incident show ${incident.id}\`; if the trouble is back, declare a new one: \`dr incident declare --scenario ${incident.scenario} --impact "What users notice"\``,
  });
}

/** Clocks differ a little between two hosts that write. */
const CLOCK_SKEW_MS = 120_000;

function refuseTime({ id, declaredAt }: Incident, at: Date, now: Date): void {
  const refuse = (fact: string): DrError =>
    badInput({
      code: 'INCIDENT-TIME',
      where: '--at',
      fact,
      hint: `the incident ${id} was declared at ${declaredAt}: name a time from then until now`,
    });
  if (at.getTime() > now.getTime())
    throw refuse(`${at.toISOString()} is in the future (it is ${now.toISOString()} now)`);
  // An event of this moment counts even where this host's clock is behind that of the one that declared it.
  const slack = at.getTime() === now.getTime() ? CLOCK_SKEW_MS : 0;
  if (at.getTime() + slack < Date.parse(declaredAt)) throw refuse(`${at.toISOString()} is before the declaration`);
}
