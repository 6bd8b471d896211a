/** A message that did not arrive is tried again while it is news: the monitor does it, so that nobody has to think of it. */
import type { Site } from '../config/site.ts';
import { type Channel, channelsOf } from './channels/channels.ts';
import { deliver, type SentResult } from './deliver.ts';
import type { Incident, SentMessage } from './incident.ts';
import { openIncidents } from './incidents.ts';

/** Whoever sends it has had the time to end. Then each wait is as long as all before it. */
const FIRST_SECONDS = 300;
/** Later it is no news, and the next message says more. */
const LONGEST_SECONDS = 24 * 3600;

type Asked = Pick<Site, 'plan' | 'environment'>;

function silent({ plan, environment }: Asked, { exercise }: Incident, { deliveries }: SentMessage): Channel[] {
  return channelsOf(plan, environment, exercise).filter(({ id, settings }) => {
    const state = deliveries.get(id)?.state;
    return settings !== undefined && (state === undefined || state === 'failed');
  });
}

/** The last message of an incident, where a channel that needs no person has not got it and another try is due. Pure. */
export function dueAgain(site: Asked, incident: Incident, now: Date): SentMessage | undefined {
  // An earlier one is outdated by it.
  const message = incident.messages.at(-1);
  if (message === undefined || silent(site, incident, message).length === 0) return undefined;
  const sent = Date.parse(message.at);
  const tries = [...message.deliveries.values()].map(({ at }) => Date.parse(at));
  const last = Math.max(sent, ...tries);
  const age = (now.getTime() - sent) / 1000;
  const wait = Math.max(FIRST_SECONDS, (last - sent) / 1000);
  return age <= LONGEST_SECONDS && (now.getTime() - last) / 1000 >= wait ? message : undefined;
}

export interface Again {
  readonly incident: string;
  readonly result: SentResult;
}

/** Asks no repository unless something is due. Nothing in a pod of the monitor: it has no channel's token, and may write no event. */
export async function deliverAgain(site: Site, by: string, now: Date): Promise<Again[]> {
  if (site.environment.kubernetes?.inCluster === true) return [];
  const here = await openIncidents(site, { localOnly: true });
  if (here.all().every((incident) => dueAgain(site, incident, now) === undefined)) return [];
  const incidents = await openIncidents(site);
  const again: Again[] = [];
  for (const incident of incidents.all()) {
    // Another host may have told them meanwhile.
    const message = dueAgain(site, incident, now);
    if (message === undefined) continue;
    const ports = { site, incidents, written: { by, now }, only: silent(site, incident, message).map(({ id }) => id) };
    again.push({ incident: incident.id, result: await deliver(incident, message, ports) });
  }
  return again;
}
