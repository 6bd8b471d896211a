/**
 * A message is an event first; then each channel is tried, all at once, and what came of it is an event too. So a command that was killed leaves
 * a message with channels that nobody has heard of, and `deliver` goes on with these.
 */
import type { Plan } from '../../plan/types.ts';
import type { Site } from '../config/site.ts';
import { asDrError, rethrowBug } from '../core/as-dr-error.ts';
import { scrub } from '../core/log.ts';
import { type Channel, channelsOf } from './channels/channels.ts';
import { send } from './channels/send.ts';
import type { OutgoingMessage } from './channels/types.ts';
import type { EventOf } from './events.ts';
import type { Incident, SentMessage } from './incident.ts';
import type { Incidents, WrittenBy } from './incidents.ts';
import { within } from './within.ts';

export interface DeliveryResult {
  readonly channel: string;
  readonly title: string;
  readonly address: string;
  readonly state: EventOf<'delivery'>['state'];
  readonly attempts?: number;
  /** Why it failed. */
  readonly fact?: string;
}

export interface SentResult {
  readonly message: string;
  readonly title: string;
  /** As it was sent, to be copied for the channels that are told by hand. */
  readonly text: string;
  readonly deliveries: readonly DeliveryResult[];
}

/** All attempts of one channel together. */
const CHANNEL_SECONDS = 45;

export interface DeliverPorts {
  readonly site: Pick<Site, 'plan' | 'environment' | 'secrets'>;
  readonly incidents: Incidents;
  readonly written: WrittenBy;
  /** Ids of channels. @default all that have not got it */
  readonly only?: readonly string[];
}

/** `[EXERCISE]` stands in front of all that an exercise says. */
export function marked(text: string, exercise: boolean): string {
  return exercise ? `[EXERCISE] ${text}` : text;
}

/** No text of a person or of a command takes a secret along. */
function withoutSecrets(text: string, { secrets }: DeliverPorts['site']): string {
  return scrub(secrets.mask(text));
}

/** Keeps the message, then tells every channel of the incident. */
export async function sendMessage(
  incident: Incident,
  { template, text, status }: Pick<EventOf<'message'>, 'template' | 'text' | 'status'>,
  ports: DeliverPorts,
): Promise<SentResult> {
  const clean = marked(withoutSecrets(text, ports.site), incident.exercise);
  const title = clean.split('\n')[0] ?? '';
  const event = { type: 'message', template, title, text: clean, ...(status === undefined ? {} : { status }) } as const;
  await ports.incidents.append(incident.id, event, ports.written);
  const kept = ports.incidents.get(incident.id).messages.at(-1) as SentMessage;
  return deliver(ports.incidents.get(incident.id), kept, ports);
}

/** The channels that have not got it: never tried, or failed. What is told by hand and was printed stays open until somebody ticks it. */
function undelivered(
  incident: Pick<Incident, 'exercise'>,
  message: SentMessage,
  site: { readonly plan: Pick<Plan, 'channels'>; readonly environment: Site['environment'] },
): Channel[] {
  return channelsOf(site.plan, site.environment, incident.exercise).filter(({ id }) => {
    const state = message.deliveries.get(id)?.state;
    return state === undefined || state === 'failed' || state === 'by-hand';
  });
}

/** Tries the channels that have not got it. Never throws for a channel. */
export async function deliver(incident: Incident, message: SentMessage, ports: DeliverPorts): Promise<SentResult> {
  const { site } = ports;
  const outcomes = await Promise.all(
    undelivered(incident, message, site)
      .filter(({ id }) => ports.only?.includes(id) ?? true)
      .map(async (channel) => {
        const outgoing = {
          ...outgoingOf(incident, message, channel.id),
          environment: site.environment.name,
          // A receiver refuses a signature of long ago: a later try is of its own moment.
          at: ports.written.now,
        };
        return tryChannel(channel, outgoing, site.secrets);
      }),
  );
  // One after the other: each event names the one before it.
  for (const { remote, ...outcome } of outcomes) {
    const { channel, state, attempts, fact } = outcome;
    const event = {
      type: 'delivery',
      message: message.id,
      channel,
      state,
      ...(attempts === undefined ? {} : { attempts }),
      ...(fact === undefined ? {} : { detail: fact }),
      ...(remote === undefined ? {} : { remote }),
    } as const;
    await ports.incidents.append(incident.id, event, { by: ports.written.by, now: ports.written.now });
  }
  const deliveries = outcomes.map(({ remote: _, ...rest }) => rest);
  return { message: message.id, title: message.title, text: message.text, deliveries };
}

function outgoingOf(
  { id, messages, severity, status }: Incident,
  { id: message, template, title, text, status: said }: SentMessage,
  channel: string,
): Omit<OutgoingMessage, 'environment' | 'at'> {
  const remote = messages.flatMap((each) => each.deliveries.get(channel)?.remote ?? []).at(-1);
  return {
    id: message,
    incident: id,
    template,
    title,
    text,
    severity,
    status: said ?? status,
    remote,
  };
}

export async function tryChannel(
  channel: Channel,
  message: OutgoingMessage,
  secrets: Site['secrets'],
): Promise<DeliveryResult & { readonly remote?: string }> {
  const { id, title, address } = channel;
  const named = { channel: id, title, address };
  try {
    const sent = await within(CHANNEL_SECONDS, `channel ${id}`, send(channel, message, secrets));
    if (sent === undefined) return { ...named, state: 'by-hand' };
    const { attempts, remote } = sent;
    return { ...named, state: 'delivered', attempts, ...(remote === undefined ? {} : { remote }) };
  } catch (error) {
    rethrowBug(error);
    const { fact } = asDrError(error, `channel ${id}`);
    return { ...named, state: 'failed', fact: scrub(secrets.mask(fact)) };
  }
}

export function reachedAll({ deliveries }: Pick<SentResult, 'deliveries'>): boolean {
  return deliveries.every(({ state }) => state !== 'failed');
}
