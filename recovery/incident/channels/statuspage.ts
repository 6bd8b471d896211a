/** A page of Statuspage: the first message makes its incident, the others change it. https://developer.statuspage.io */
import { z } from 'zod';
import type { ChannelOf } from '../../config/channels.ts';
import { parseJson } from '../../core/json.ts';
import { escapeHtml } from '../messages/escape.ts';
import { call, channelFailed } from './call.ts';
import type { OutgoingMessage, SendPorts, Sent } from './types.ts';

const created = z.object({ id: z.string().min(1) });

const IMPACT: Readonly<Record<string, string>> = { P1: 'critical', P2: 'major', P3: 'minor', P4: 'none' };

/** Pure. The page shows the body as HTML. */
function statuspageBody({ title, text, status, severity }: OutgoingMessage): object {
  return {
    incident: {
      name: title,
      status: status.toLowerCase(),
      impact_override: IMPACT[severity] ?? 'none',
      body: escapeHtml(text.trim()),
      deliver_notifications: true,
    },
  };
}

export async function sendStatuspage(
  { page, token, api, timeoutSeconds }: ChannelOf<'statuspage'>,
  message: OutgoingMessage,
  { secrets, where }: SendPorts,
): Promise<Sent> {
  const { remote } = message;
  const path = ['v1', 'pages', page, 'incidents', ...(remote === undefined ? [] : [encodeURIComponent(remote)])].join(
    '/',
  );
  const { attempts, body } = await call({
    url: new URL(`/${path}`, api).href,
    method: remote === undefined ? 'POST' : 'PATCH',
    headers: { authorization: `OAuth ${await secrets.read(token, `${where}.token`)}` },
    body: JSON.stringify(statuspageBody(message)),
    timeoutSeconds,
    mask: secrets.mask,
  });
  if (remote !== undefined) return { attempts, remote };
  const answer = created.safeParse(parseJson(body));
  if (answer.success) return { attempts, remote: answer.data.id };
  throw channelFailed('the answer names no incident: nobody knows whether the page shows it', attempts, answer.error);
}
