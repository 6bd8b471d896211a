import { expect, test } from 'vitest';
import { aSite, daysAgo, openChecks } from './facts-fixture.ts';

test('each configured channel by its last test; those that people tell by hand by a record', () => {
  const of = (tested: object) => ({
    channel: 'slack',
    section: 'channels' as const,
    title: 'Slack',
    configured: true,
    ...tested,
  });
  const open = (tested: object) => openChecks(aSite({ facts: { channels: { kind: 'seen', value: [of(tested)] } } }));
  expect(open({ lastWorked: daysAgo(92).toISOString() })).toEqual([]);
  expect(open({ lastWorked: daysAgo(94).toISOString() })).toEqual(['at risk channels/slack']);
  expect(open({})).toEqual(['at risk channels/slack']);
  const failed = {
    lastWorked: daysAgo(2).toISOString(),
    lastTest: { at: daysAgo(1).toISOString(), ok: false, detail: 'HTTP 404' },
  };
  expect(open(failed)).toEqual(['not ready channels/slack']);
  expect(openChecks(aSite({ facts: { channels: { kind: 'unseen', fact: 'no key' } } }))).toEqual(['unknown channels']);
});
