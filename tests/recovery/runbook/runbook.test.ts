/** The runbook is the plan with one site's names: every step and every command of it, nothing of another kind of site, and nothing as markup. */
import { expect, test } from 'vitest';
import { productionPlan } from '../../../plan/production.ts';
import type { Plan } from '../../../plan/types.ts';
import type { SiteFacts } from '../../../recovery/runbook/facts.ts';
import { runbookHtml } from '../../../recovery/runbook/html.ts';
import { knowledgeOf } from '../../../recovery/runbook/knowledge.ts';
import { runbookMarkdown } from '../../../recovery/runbook/markdown.ts';
import { makeRunbook } from '../../../recovery/runbook/model.ts';
import { clockLine, clocksOf, nextStep, walkOf, wordsOf } from '../../../recovery/runbook/walk.ts';

const FACTS: SiteFacts = {
  environment: 'production',
  site: 'fra1',
  file: '/etc/go-coffee-dr/dr.yaml',
  runsOn: 'host',
  lineage: 'fra1-3',
  repositories: [
    {
      id: 'local',
      place: 'posix:/var/backups',
      newest: { id: '20261201T020000Z-full-7f3a', at: '2026-12-01T02:00:00Z' },
    },
    { id: 'west', place: 's3:store/west', newest: undefined, silent: 'no answer within 15 s' },
  ],
  at: '2026-12-01T03:00:00Z',
};
const book = makeRunbook(productionPlan, FACTS);
const stepsOf = (id: string, runbook = book) =>
  runbook.scenarios.find((each) => each.id === id)?.phases.flatMap(({ steps }) => steps) ?? [];

test('every step of every scenario stands in it, numbered through', () => {
  for (const scenario of productionPlan.scenarios) {
    const wanted = [scenario.immediate, scenario.recovery, scenario.validation].flatMap(({ steps }) => steps);
    const found = stepsOf(scenario.id);
    expect(found.map(({ text }) => text)).toEqual(wanted.map(({ text }) => text));
    expect(found.map(({ number }) => number)).toEqual(wanted.map((_, n) => n + 1));
  }
});

test('each command says what is good, when to stop and how to go back', () => {
  const lines = productionPlan.scenarios.flatMap((scenario) =>
    [scenario.immediate, scenario.recovery, scenario.validation].flatMap(({ steps }) =>
      steps.flatMap(({ run = [] }) => run),
    ),
  );
  expect(lines.filter((line) => knowledgeOf(line) === undefined)).toEqual([]);
  expect(knowledgeOf('dr restore --emergency-dump')?.back).toContain('only reads');
});

test('a host has the commands of a host, a cluster those of a cluster', () => {
  const restore = (runsOn: 'host' | 'cluster') =>
    stepsOf('complete-failure', makeRunbook(productionPlan, { ...FACTS, runsOn }))
      .find(({ text }) => text === 'Restore infrastructure')
      ?.commands.map(({ line }) => line);
  expect(restore('host')).toEqual(['dr restore --to latest --from local']);
  expect(restore('cluster')).toEqual(['dr rebuild --stack recovered --to latest --from local --like production']);
  const isolate = stepsOf('security-breach').find(({ text }) => text === 'Isolate affected systems');
  expect(isolate?.commands.map(({ line }) => line)).toEqual(['dr isolate']);
  const secrets = stepsOf('security-breach').find(({ text }) => text.startsWith('Update all secrets'));
  expect(secrets?.commands.map(({ line }) => line)).toEqual(['dr secrets rotate']);
});

test('examples of the plan are words that must be replaced, and such a line is not run', () => {
  const step = stepsOf('human-error').find(({ text }) => text === 'Restore only what was hit');
  expect(step?.commands[0]?.line).toBe('dr restore --to MOMENT --only uploads');
  expect(step?.commands[0]?.replace[0]).toContain('MOMENT');
  const table = stepsOf('human-error').flatMap(({ commands }) => commands.map(({ line }) => line));
  expect(table).toContain('dr find --what drop,truncate,delete,update');
  expect(table).toContain('dr restore --to MOMENT --table TABLE --compare');
  expect(table).toContain('dr restore --into-database DATABASE --table TABLE --merge changed');
  expect(() => wordsOf('dr restore --into-database DATABASE --table TABLE')).toThrow('DATABASE and TABLE must be');
  // Both need a host.
  const cluster = stepsOf('human-error', makeRunbook(productionPlan, { ...FACTS, runsOn: 'cluster' }));
  expect(cluster.flatMap(({ commands }) => commands.map(({ line }) => line)).join()).not.toMatch(
    /dr find|--compare|--merge/,
  );
  expect(() => wordsOf('dr restore --to MOMENT')).toThrow('MOMENT must be replaced');
  expect(() => wordsOf('kubectl delete namespace x')).toThrow('is no command of dr');
  expect(() => wordsOf('dr points list; rm -rf /')).toThrow('only a shell understands');
  expect(wordsOf('dr restore --to latest')).toEqual(['restore', '--to', 'latest']);
});

test('what the plan changes shows, and text with markup stays text', () => {
  const plan: Plan = {
    ...productionPlan,
    team: [{ role: 'Commander', primary: '<b>Ada</b>', secondary: 'Grace', contact: '+49 1 | 2' }],
    integrations: [{ id: 'cards', title: 'Card *network*', owner: 'Payments', contact: 'portal', byHand: 'take cash' }],
  };
  const changed = makeRunbook(plan, FACTS, ['security-breach']);
  const html = runbookHtml(changed);
  expect(html).toContain('&lt;b&gt;Ada&lt;/b&gt;');
  expect(html).not.toMatch(/<script|<link|src=|https?:\/\/(?!status)/);
  expect(html).toContain('no answer within 15 s');
  const text = runbookMarkdown(changed);
  expect(text).toContain('| Commander | \\<b\\>Ada\\</b\\> | Grace | +49 1 \\| 2 |');
  expect(text).toContain('Card \\*network\\*');
  expect(text).not.toContain('Human Error');
  expect(() => makeRunbook(plan, FACTS, ['security-breech'])).toThrow('Did you mean "security-breach"?');
});

test('a walk goes on where the incident’s steps end, and the clocks run from the declaration', () => {
  const scenario = book.scenarios[0];
  if (scenario === undefined) throw new Error('the plan has scenarios');
  const event = (number: number, state: 'done' | 'failed' | 'assigned' | 'skipped') => ({
    id: `${number}`,
    at: '2026-12-01T02:10:00Z',
    by: 'Ada',
    event: { type: 'step' as const, scenario: scenario.id, phase: 'immediate', number, text: '', state },
  });
  const walk = walkOf(scenario, { steps: [event(1, 'assigned'), event(2, 'done'), event(3, 'failed')] });
  expect(walk.slice(0, 4).map(({ state }) => state)).toEqual(['assigned', 'done', 'failed', 'open']);
  expect(nextStep(walk)?.step.number).toBe(3);
  const clocks = clocksOf(productionPlan, { declaredAt: '2026-12-01T00:00:00Z' }, new Date('2026-12-01T03:00:00Z'));
  expect(clockLine(clocks)).toMatch(/^P1 1 h OVER · P2 1 h left · P3 5 h left/);
});
