import { expect, test } from 'vitest';
import { productionPlan } from '../../../plan/production.ts';
import { type Exercise, exerciseOf, scoreOf } from '../../../recovery/exercise/exercise.ts';
import { exerciseKit } from '../../../recovery/exercise/kit.ts';
import { SCRIPTS } from '../../../recovery/exercise/scripts/all.ts';
import { kitPage } from '../../../recovery/exercise/text.ts';
import { planWith } from '../../plan/plan-fixture.ts';

const BEGAN = new Date('2026-11-30T10:00:00Z');
const after = (minutes: number): Date => new Date(BEGAN.getTime() + minutes * 60_000);
const ROLES = [...productionPlan.team.map(({ role }) => role), 'everybody'];

test.each(productionPlan.scenarios.map(({ id }) => id))(
  'the kit of %s: injects in order, to roles of the plan, facts that are kept',
  (id) => {
    const { script, milestones, team } = exerciseKit(productionPlan, id);
    const times = script.injects.map(({ atMinutes }) => atMinutes);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(new Set(times).size).toBe(times.length);
    for (const { to } of script.injects) expect(ROLES).toContain(to);
    expect(script.hidden.length).toBeGreaterThan(1);
    expect(team).toEqual(productionPlan.team);
    expect(milestones.slice(0, 3).map((each) => each.id)).toEqual(['detection', 'declaration', 'first-message']);
    expect(milestones.length).toBeGreaterThan(8);
  },
);

test('each scenario of the plan has a script, and each script a scenario', () => {
  expect(SCRIPTS.map(({ scenario }) => scenario).sort()).toEqual(
    productionPlan.scenarios.map(({ id }) => id as string).sort(),
  );
});

test('the plan’s steps are the expected decisions, with the plan’s times and commands', () => {
  const of = (plan = productionPlan) => exerciseKit(plan, 'complete-failure');
  const find = (id: string, plan = productionPlan) => of(plan).milestones.find((each) => each.id === id);
  expect(find('immediate-2')).toMatchObject({
    title: 'Assess scope of failure',
    run: ['dr assess', 'dr points list'],
    withinSeconds: 1800,
  });
  expect(find('recovery-3')?.withinSeconds).toBe(4 * 3600);
  expect(find('first-message')?.withinSeconds).toBe(1800);
  const changed = planWith((plan) => {
    const [scenario] = plan.scenarios;
    if (scenario) scenario.immediate = { ...scenario.immediate, to: '10m', steps: [{ text: 'Call everybody' }] };
    for (const template of plan.templates) if (template.id === 'initial') template.updateEvery = '15m';
  });
  expect(find('immediate-1', changed)).toMatchObject({ title: 'Call everybody', withinSeconds: 600 });
  expect(find('declaration', changed)?.withinSeconds).toBe(600);
  expect(find('first-message', changed)?.withinSeconds).toBe(900);
  expect(find('immediate-2', changed)).toBeUndefined();
});

test('an unknown scenario names the nearest', () => {
  expect(() => exerciseKit(productionPlan, 'human-eror')).toThrow(/human-error/);
});

test('the kit as a page loads nothing and escapes the plan', () => {
  const nasty = `<script>alert("x")</script>`;
  const html = kitPage(
    exerciseKit(
      planWith((plan) => Object.assign(plan.team[0] ?? {}, { primary: nasty })),
      'human-error',
    ),
  );
  expect(html).not.toMatch(/<(script|link|iframe|img)\b|\b(?:src|href)\s*=|url\(|@import/i);
  expect(html).toContain('&lt;script&gt;');
  for (const text of ['13:37:12', 'immediate-1', 'Stop whatever still deletes or changes', 'INCIDENT ALERT'])
    expect(html).toContain(text);
});

const kit = exerciseKit(productionPlan, 'human-error');
const everybody = productionPlan.team.map(({ primary }) => primary);

function played(changes: Partial<Exercise> = {}): Exercise {
  return {
    id: 'x',
    scenario: 'human-error',
    startedAt: BEGAN,
    by: 'Ada',
    names: everybody,
    injects: new Map(kit.script.injects.map(({ atMinutes }, n) => [n + 1, after(atMinutes)])),
    reached: new Map(kit.milestones.map(({ id }) => [id, { at: after(5) }])),
    ...changes,
  };
}

test('all in time: passed, without follow-ups', () => {
  expect(scoreOf(kit, played())).toMatchObject({ passed: true, missed: [], notGiven: [], followUps: [] });
});

test('what was late or missed, who was absent, and what was not played are follow-ups', () => {
  const reached = new Map([...played().reached, ['first-message', { at: after(31) }]]);
  reached.delete('recovery-2');
  reached.delete('validation-1');
  const score = scoreOf(kit, played({ reached, names: everybody.slice(1), injects: new Map([[1, after(0)]]) }));
  expect(score.passed).toBe(false);
  expect(score.rows.find(({ id }) => id === 'first-message')).toMatchObject({ result: 'late', seconds: 1860 });
  expect(score.notGiven).toEqual([2, 3, 4]);
  expect(score.followUps.join('\n')).toMatch(
    /Practise until it is in time: Initial.*\n.*Lay the tables that were hit[\s\S]*role Incident Commander[\s\S]*Inject 4/,
  );
  const validation = new Map(played().reached);
  validation.delete('validation-1');
  expect(scoreOf(kit, played({ reached: validation })).passed).toBe(true);
});

test('of two records of one decision the earlier counts, whatever was written first', () => {
  const record = (at: Date, event: object) => ({ at: at.toISOString(), by: 'Ada', event }) as never;
  const found = exerciseOf('x', [
    record(after(9), { type: 'exercise-milestone', milestone: 'detection' }),
    record(BEGAN, { type: 'exercise-started', scenario: 'human-error', names: ['CTO'] }),
    record(after(4), { type: 'exercise-milestone', milestone: 'detection', note: 'the phone rang' }),
    record(after(5), { type: 'of a newer version' }),
  ]);
  expect(found?.reached.get('detection')).toEqual({ at: after(4), note: 'the phone rang' });
  expect(found?.finishedAt).toBeUndefined();
  expect(exerciseOf('y', [record(BEGAN, { type: 'declared' })])).toBeUndefined();
});
