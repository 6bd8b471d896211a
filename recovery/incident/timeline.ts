/** What happened, a sentence for each event that people should read later. Pure. */
import type { IncidentEvent } from './events.ts';
import type { Happened, Incident } from './incident.ts';

export interface TimelineEntry {
  /** ISO 8601. */
  readonly at: string;
  readonly by: string;
  readonly text: string;
}

export function timelineOf({ happened, messages }: Pick<Incident, 'happened' | 'messages'>): TimelineEntry[] {
  return happened.flatMap((each) => {
    const text = sentence(each, messages);
    return text === undefined ? [] : [{ at: each.at, by: each.by, text }];
  });
}

function sentence({ event }: Happened, messages: Incident['messages']): string | undefined {
  switch (event.type) {
    case 'declared':
      return `Declared: ${event.scenario}, ${event.severity}${event.impact === undefined ? '' : `. Impact: ${event.impact}`}`;
    case 'updated':
      return updatedText(event);
    case 'assigned':
      return `${event.role}: ${event.person} (${event.as})`;
    case 'message':
      return `Message (${event.template}): ${event.title}`;
    case 'delivery':
      return deliveryText(event, messages);
    case 'command':
      return commandText(event);
    case 'step':
      return `Runbook, ${event.phase} ${event.number}: ${event.text} (${event.state}${event.person === undefined ? '' : `, ${event.person}`}${event.reason === undefined ? '' : `: ${event.reason}`})`;
    case 'resolved':
      return `Resolved: ${event.services}. ${event.resolution}`;
    case 'note':
      return event.text;
    case 'follow-up-done':
      return `Follow-up ${event.id} done by ${event.person}${event.result === undefined ? '' : `: ${event.result}`}`;
    case 'answered':
    case 'follow-up':
    case 'post-mortem':
      return undefined;
  }
}

function updatedText({ status, severity, impact, eta, text }: Extract<IncidentEvent, { type: 'updated' }>): string {
  const facts = [
    ...(text === undefined ? [] : [text]),
    ...(severity === undefined ? [] : [`severity ${severity}`]),
    ...(status === undefined ? [] : [`status ${status}`]),
    ...(impact === undefined ? [] : [`impact: ${impact}`]),
    ...(eta === undefined ? [] : [`ETA ${eta}`]),
  ];
  return `Update: ${facts.join('; ')}`;
}

/** What arrived on its own is no news; what did not, and what a person passed on, is. */
function deliveryText(
  { channel, state, detail, message, person }: Extract<IncidentEvent, { type: 'delivery' }>,
  messages: Incident['messages'],
): string | undefined {
  const what = messages.find(({ id }) => id === message)?.template ?? 'message';
  if (state === 'failed') return `The ${what} message did not reach ${channel}: ${detail ?? 'no reason is known'}`;
  if (state === 'delivered-by-hand') return `${person ?? 'Somebody'} passed the ${what} message on to ${channel}`;
  return undefined;
}

function commandText(event: Extract<IncidentEvent, { type: 'command' }>): string | undefined {
  const { phase, line, tier, detail, exit } = event;
  switch (phase) {
    case 'start':
      return `${line} began`;
    case 'tier':
      return `Tier ${tier} is back and verified`;
    case 'lost':
      return `Lost: ${detail}`;
    case 'end':
      return `${line} ended${exit === undefined ? '' : ` with exit ${exit}`}${detail === undefined ? '' : `: ${detail}`}`;
    case 'failed':
      return `${line} failed: ${detail}`;
  }
}
