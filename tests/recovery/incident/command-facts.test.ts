/** What an incident keeps of the result of a command. */
import { expect, test } from 'vitest';
import { commandFacts } from '../../../recovery/incident/command-facts.ts';

const AT = '2026-11-23T02:10:00.000Z';

test('dr restore: the tiers with their moments, what was lost, and its end', () => {
  const data = {
    plan: { target: 'latest', repository: 'secondary' },
    ready: true,
    tiers: [{ tier: 'P1', readyAt: AT, seconds: 90, objectiveSeconds: 7200, met: true }],
    losses: [{ workload: 'postgres', tier: 'P1', recoveredTo: '2026-11-23T01:59:00Z', seconds: 60 }],
  };
  expect(commandFacts('Restore', data, 0)).toEqual([
    { phase: 'tier', tier: 'P1', at: new Date(AT), seconds: 90 },
    { phase: 'lost', detail: expect.stringContaining('data up to 2026-11-23T01:59:00Z, 1 min before') },
    { phase: 'end', detail: 'restored to latest from secondary', exit: 0 },
  ]);
});

test('dr rebuild: the tiers of its report', () => {
  const tier = (id: string, more: object) => ({ id, rto: { objectiveSeconds: 7200, met: true, ...more } });
  const tiers = [{ ...tier('P1', { measuredSeconds: 30 }), readyAt: AT }, tier('P2', {})];
  const data = { report: { tiers, losses: [{ what: 'redis', detail: '5 m of keys', expected: true }] } };
  expect(commandFacts('InPlaceRestore', data, 4).at(-1)).toMatchObject({ phase: 'end', exit: 4 });
  expect(commandFacts('InPlaceRestore', data, 4)).toHaveLength(commandFacts('Rebuild', data, 4).length);
  expect(commandFacts('Rebuild', data, 4)).toEqual([
    { phase: 'tier', tier: 'P1', at: new Date(AT), seconds: 30 },
    { phase: 'lost', detail: 'redis: 5 m of keys' },
    { phase: 'end', detail: 'the platform was rebuilt', exit: 4 },
  ]);
});

test('dr failover and dr failback: P1 is back when the new leader is verified', () => {
  const report = { stack: 'dr', endedAt: AT, rto: { measuredSeconds: 40 }, rpo: { measuredSeconds: 2 } };
  const facts = [
    { phase: 'tier', tier: 'P1', at: new Date(AT), seconds: 40 },
    { phase: 'lost', detail: 'postgres: 2 s of commits' },
    { phase: 'end', detail: 'dr leads', exit: 0 },
  ];
  expect(commandFacts('FailoverReport', report, 0)).toEqual(facts);
  expect(commandFacts('FailbackReport', { switchover: report, next: [] }, 0)).toEqual(facts);
  expect(commandFacts('FailbackReport', { next: [] }, 0)).toEqual([{ phase: 'end', detail: 're-cloned', exit: 0 }]);
});

test('dr assess: the scenario and why; any other result: its end', () => {
  const data = { scenario: 'database-corruption', confidence: 'high', why: ['a page is bad'] };
  const detail = 'database-corruption (confidence high); a page is bad';
  expect(commandFacts('Assessment', data, 0)).toEqual([{ phase: 'end', detail, exit: 0 }]);
  expect(commandFacts('Isolation', { some: 'thing' }, 3)).toEqual([{ phase: 'end', exit: 3 }]);
  expect(commandFacts('Restore', { other: 'version' }, 0)).toEqual([{ phase: 'end', exit: 0 }]);
});
