/** A drill fails by an untrue timeline, and by a message that somebody did not get. */
import { expect, test } from 'vitest';
import type { Received } from '../../../drill/people/receivers.ts';
import { messageProblems, timelineProblems } from '../../../drill/people/truth.ts';

const disasterAt = new Date('2026-11-23T02:00:00.400Z');
const tiers = [{ tier: 'P1', readyAt: '2026-11-23T02:09:30.100Z' }];
const LINES = [
  '- 2026-11-23 02:00:00 UTC: Declared: complete-failure, P1',
  '- 2026-11-23 02:01:00 UTC: dr assess began',
  '- 2026-11-23 02:02:00 UTC: dr assess ended with exit 0',
  '- 2026-11-23 02:03:00 UTC: dr restore --to latest began',
  '- 2026-11-23 02:09:30 UTC: Tier P1 is back and verified',
  '- 2026-11-23 02:10:00 UTC: Resolved: Auth Service',
];
const written = (lines: readonly string[]): string =>
  ['# Post-Mortem', '', '## Timeline', '', ...lines, '', '## Root Cause', '', '- Declared: not here'].join('\n');

test('the timeline is held to the disaster, the order and the restore’s own times', () => {
  const problems = (lines: readonly string[]) => timelineProblems(written(lines), disasterAt, tiers);
  expect(problems(LINES)).toEqual([]);
  expect(problems(LINES.filter((line) => !line.includes('restore')))).toEqual(['"dr restore --to" is missing']);
  expect(problems(LINES.toSorted((a, b) => Number(a.includes('restore')) - Number(b.includes('restore'))))).toEqual([
    '"is back and verified" stands before what led to it',
  ]);
  expect(problems(LINES.map((line) => line.replace('02:09:30', '02:09:31')))).toEqual([
    'not there: - 2026-11-23 02:09:30 UTC: Tier P1 is back and verified',
  ]);
  expect(problems(LINES.map((line) => line.replace('02:00:00', '02:00:05')))).toEqual([
    'it does not begin with the disaster, 2026-11-23 02:00:00 UTC',
  ]);
  expect(problems([])).toHaveLength(8);
});

const TITLES = ['ALERT', 'UPDATE', 'RESOLVED'].map((word) => `[EXERCISE] INCIDENT ${word} - Go Coffee`);
const slack = (title: string): Received => ({
  channel: 'slack',
  to: 'POST /services/x',
  body: JSON.stringify({ blocks: [{ text: { text: `${title}\n\nmore` } }] }),
});
const page = (title: string): Received => ({
  channel: 'status-page',
  to: 'POST /v1',
  body: JSON.stringify({ incident: { name: title } }),
});
const mail = (title: string): Received => ({
  channel: 'email',
  to: 'a@b',
  body: `From: x\r\nSubject: ${title}\r\n\r\n`,
});

test('each channel must have got each message, marked, and no secret', () => {
  const all = TITLES.flatMap((title) => [slack(title), page(title), mail(title)]);
  const problems = (received: readonly Received[]) => messageProblems({ received, secrets: ['s3cret'] });
  expect(problems(all)).toEqual([]);
  expect(problems(all.filter(({ channel }) => channel !== 'email'))).toEqual(['email got nothing']);
  expect(problems(all.slice(0, -1))).toEqual([`email got ${TITLES[0]}, ${TITLES[1]}`]);
  expect(problems([...all, slack('s3cret')]).at(-1)).toBe('a secret in a message to slack');
  expect(problems(all.map((each) => ({ ...each, body: each.body.replace('[EXERCISE] ', '') })))).toHaveLength(3);
});
