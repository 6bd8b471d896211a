/** Whether what people were told, and what was written down, is what happened. Pure. */
import { z } from 'zod';
import { parseJson } from '../../recovery/core/json.ts';
import { formatTime } from '../../recovery/report/format.ts';
import type { Received, Receivers } from './receivers.ts';

/** In this order. */
const STORY = [
  'Declared: ',
  'dr assess began',
  'dr assess ended',
  'dr restore --to',
  'is back and verified',
  'Resolved: ',
] as const;

/** Lines of the timeline in a post-mortem. */
export function timelineLines(postMortem: string): string[] {
  const [, timeline = ''] = postMortem.split('## Timeline\n');
  return (timeline.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('- '));
}

/**
 * What is missing in it, or at another time.
 * @param tiers as the restore has reported them
 */
export function timelineProblems(
  postMortem: string,
  disasterAt: Date,
  tiers: readonly { readonly tier: string; readonly readyAt: string }[],
): string[] {
  const lines = timelineLines(postMortem);
  const story = STORY.map((part) => ({ part, line: lines.findIndex((line) => line.includes(part)) }));
  const missing = story.filter(({ line }) => line === -1).map(({ part }) => `"${part}" is missing`);
  const found = story.filter(({ line }) => line !== -1);
  const early = found.filter(({ line }, n) => line < (found[n - 1]?.line ?? 0));
  const times = tiers
    .map(({ tier, readyAt }) => `- ${formatTime(readyAt)}: Tier ${tier} is back and verified`)
    .filter((line) => !lines.includes(line));
  const begins = lines[0]?.startsWith(`- ${formatTime(disasterAt)}: Declared`) === true;
  return [
    ...missing,
    ...early.map(({ part }) => `"${part}" stands before what led to it`),
    ...times.map((line) => `not there: ${line}`),
    ...(begins ? [] : [`it does not begin with the disaster, ${formatTime(disasterAt)}`]),
  ];
}

const slackSchema = z.object({ blocks: z.array(z.object({ text: z.object({ text: z.string() }) })) });
const pageSchema = z.object({ incident: z.object({ name: z.string() }) });

/** The first line of a message, as its reader sees it. */
function titleOf({ channel, body }: Received): string {
  const none = 'something unreadable';
  switch (channel) {
    case 'slack':
      return slackSchema.safeParse(parseJson(body)).data?.blocks[0]?.text.text.split('\n')[0] ?? none;
    case 'status-page':
      return pageSchema.safeParse(parseJson(body)).data?.incident.name ?? none;
    case 'email':
      return /^Subject: (.*)$/m.exec(body.replaceAll('\r', ''))?.[1] ?? none;
  }
}

const MESSAGES = ['ALERT', 'UPDATE', 'RESOLVED'] as const;

/** Each channel gets the first message, the update and the last one; marked as an exercise, and without a secret. */
export function messageProblems({ received, secrets }: Pick<Receivers, 'received' | 'secrets'>): string[] {
  const wrong = (['slack', 'status-page', 'email'] as const).flatMap((channel) => {
    const titles = received.filter((each) => each.channel === channel).map(titleOf);
    const ok = MESSAGES.every((word, n) => titles[n]?.startsWith(`[EXERCISE] INCIDENT ${word}`) === true);
    return ok && titles.length === MESSAGES.length ? [] : [`${channel} got ${titles.join(', ') || 'nothing'}`];
  });
  const leaked = received.filter(({ body }) => secrets.some((secret) => body.includes(secret)));
  return [...wrong, ...leaked.map(({ channel }) => `a secret in a message to ${channel}`)];
}
