/** Sends one message to one channel. */
import type { Secrets } from '../../core/secrets.ts';
import type { Channel } from './channels.ts';
import { sendEmail } from './email.ts';
import { sendPagerduty } from './pagerduty.ts';
import { sendSlack } from './slack.ts';
import { sendStatuspage } from './statuspage.ts';
import type { OutgoingMessage, Sent } from './types.ts';
import { sendWebhook } from './webhook.ts';

/** Undefined for a channel without settings: nothing was sent. Throws a DrError. */
export async function send(channel: Channel, message: OutgoingMessage, secrets: Secrets): Promise<Sent | undefined> {
  const { settings, where, address } = channel;
  const ports = { secrets, where };
  switch (settings?.type) {
    case undefined:
      return undefined;
    case 'slack':
      return sendSlack(settings, message, ports);
    case 'email':
      return sendEmail(settings, message, { ...ports, fallback: address.includes('@') ? [address] : [] });
    case 'statuspage':
      return sendStatuspage(settings, message, ports);
    case 'webhook':
      return sendWebhook(settings, message, ports);
    case 'pagerduty':
      return sendPagerduty(settings, message, ports);
  }
}
