/** PagerDuty Events v2: the incident's id is the key by which an update and the end find the alert. */
import type { ChannelOf } from '../../config/channels.ts';
import { call } from './call.ts';
import type { OutgoingMessage, SendPorts, Sent } from './types.ts';

const SEVERITY: Readonly<Record<string, string>> = { P1: 'critical', P2: 'error', P3: 'warning', P4: 'info' };
const LONGEST_SUMMARY = 1024;

/** Pure. */
function pagerdutyBody(message: OutgoingMessage, routingKey: string): object {
  const { title, text, incident, environment, severity, status, template, at } = message;
  return {
    routing_key: routingKey,
    event_action: template === 'resolved' ? 'resolve' : 'trigger',
    dedup_key: incident,
    payload: {
      summary: title.slice(0, LONGEST_SUMMARY),
      source: environment,
      severity: SEVERITY[severity] ?? 'critical',
      timestamp: at.toISOString(),
      custom_details: { status, text: text.trim() },
    },
  };
}

export async function sendPagerduty(
  { routingKey, api, timeoutSeconds }: ChannelOf<'pagerduty'>,
  message: OutgoingMessage,
  { secrets, where }: SendPorts,
): Promise<Sent> {
  const body = JSON.stringify(pagerdutyBody(message, await secrets.read(routingKey, `${where}.routingKey`)));
  const url = new URL('/v2/enqueue', api).href;
  const { attempts } = await call({ url, body, timeoutSeconds, mask: secrets.mask });
  return { attempts };
}
