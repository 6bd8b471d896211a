/** A Slack channel, by its incoming webhook. */
import type { ChannelOf } from '../../config/channels.ts';
import { escapeSlack } from '../messages/escape.ts';
import { call } from './call.ts';
import type { OutgoingMessage, SendPorts, Sent } from './types.ts';
import { checkedUrl } from './url.ts';

/** Slack takes no more in one block. */
const BLOCK = 3000;

/** Pure. Blocks of plain text show every character as it is; `text` is for notifications. */
function slackBody({ title, text }: Pick<OutgoingMessage, 'title' | 'text'>): object {
  const parts = text.trim().match(new RegExp(`[^]{1,${BLOCK}}`, 'g')) ?? [title];
  return {
    text: escapeSlack(title),
    mrkdwn: false,
    blocks: parts.map((part) => ({ type: 'section', text: { type: 'plain_text', text: part, emoji: false } })),
  };
}

export async function sendSlack(
  { webhook, timeoutSeconds }: ChannelOf<'slack'>,
  message: OutgoingMessage,
  { secrets, where }: SendPorts,
): Promise<Sent> {
  const url = checkedUrl(await secrets.read(webhook, `${where}.webhook`), `${where}.webhook`);
  const body = JSON.stringify(slackBody(message));
  const { attempts } = await call({ url, body, timeoutSeconds, mask: secrets.mask });
  return { attempts };
}
