/** Any receiver of JSON. The signature says that it is from this site, and when: `t=<Unix time>,v1=<HMAC-SHA256 of "<t>.<body>">`. */
import { createHmac } from 'node:crypto';
import type { ChannelOf } from '../../config/channels.ts';
import { call } from './call.ts';
import type { OutgoingMessage, SendPorts, Sent } from './types.ts';
import { checkedUrl } from './url.ts';

/** Pure. */
function signatureOf(body: string, secret: string, at: Date): string {
  const time = Math.floor(at.getTime() / 1000);
  return `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`;
}

export async function sendWebhook(
  { url, secret, timeoutSeconds }: ChannelOf<'webhook'>,
  message: OutgoingMessage,
  { secrets, where }: SendPorts,
): Promise<Sent> {
  const { id, incident, environment, template, title, text, severity, status, at } = message;
  const body = JSON.stringify({
    apiVersion: 'go-coffee-dr/v1',
    kind: 'IncidentMessage',
    id,
    incident,
    environment,
    template,
    title,
    text,
    severity,
    status,
    at: at.toISOString(),
  });
  const key = await secrets.read(secret, `${where}.secret`);
  const { attempts } = await call({
    url: checkedUrl(await secrets.read(url, `${where}.url`), `${where}.url`),
    headers: { 'x-go-coffee-signature': signatureOf(body, key, at) },
    body,
    timeoutSeconds,
    mask: secrets.mask,
  });
  return { attempts };
}
