/** What the plan says about people acts: each of these fails when the data changes and nothing follows. */
import { expect, test } from 'vitest';
import { commandProblem } from '../../../cli/command-problem.ts';
import { incidentRules } from '../../../infra/monitoring/rules/incidents.ts';
import { seconds } from '../../../plan/duration.ts';
import { productionPlan as plan } from '../../../plan/production.ts';
import type { Plan } from '../../../plan/types.ts';
import { channelsOf } from '../../../recovery/incident/channels/channels.ts';
import { clocksOf } from '../../../recovery/incident/clocks.ts';
import { etaNow, expectedBack } from '../../../recovery/incident/eta.ts';
import {
  actionItem,
  followUpOf,
  followUpsCsv,
  missingFollowUps,
  planFollowUps,
} from '../../../recovery/incident/follow-ups.ts';
import { fillTemplate, templateOf } from '../../../recovery/incident/messages/template.ts';
import { platformName, updateText } from '../../../recovery/incident/messages/update.ts';
import { overdueOf } from '../../../recovery/incident/overdue.ts';
import { documentHtml, markdownOf } from '../../../recovery/incident/post-mortem/document.ts';
import { writePostMortem } from '../../../recovery/incident/post-mortem/write.ts';
import { assignment, firstRoles } from '../../../recovery/incident/roles.ts';
import { DECLARED, incidentFrom, later, NOW } from './incident-fixture.ts';

const RESOLVED = { type: 'resolved', services: 'all', rootCause: 'a disk', resolution: 'restored' } as const;

const edited = (change: (plan: Plan) => void): Plan => {
  const copy = structuredClone(plan);
  change(copy);
  return copy;
};

test('team: every role is held by its primary, then by its secondary, and by nobody else by mistake', () => {
  expect(firstRoles(plan)).toHaveLength(plan.team.length);
  for (const { role, primary, secondary } of plan.team) {
    expect(firstRoles(plan)).toContainEqual({ type: 'assigned', role, person: primary, as: 'primary' });
    expect(assignment(plan, role.toUpperCase())).toEqual({
      type: 'assigned',
      role,
      person: secondary,
      as: 'secondary',
    });
    expect(assignment(plan, role, 'primary').person).toBe(primary);
    expect(assignment(plan, role, 'Ada')).toMatchObject({ person: 'Ada', as: 'other' });
  }
  expect(() => assignment(plan, 'Incident Comander')).toThrow(
    expect.objectContaining({ code: 'ROLE-UNKNOWN', exit: 2 }),
  );
  const held = incidentFrom([
    [0, DECLARED],
    ...firstRoles(plan).map((each) => [0, each] as const),
    [5, assignment(plan, 'Technical Lead')],
  ]);
  expect(held.roles.find(({ role }) => role === 'Technical Lead')).toMatchObject({ person: 'Platform Engineer' });
});

test('channels: each one of the plan is told, by hand where dr.yaml does not say how; an exercise tells none by hand', () => {
  const all = [...plan.channels.internal, ...plan.channels.external];
  const byHand = channelsOf(plan, {}, false);
  expect(byHand.map(({ address }) => address)).toEqual(all.map(({ address }) => address));
  expect(byHand.every(({ settings }) => settings === undefined)).toBe(true);
  expect(channelsOf(plan, {}, true)).toEqual([]);
  const two = edited(({ channels }) =>
    channels.internal.push({ kind: 'phone', title: 'Second bridge', address: '+1' }),
  );
  expect(channelsOf(two, {}, false).map(({ id }) => id)).toContain('phone-2');
});

test('templates: the commands know every field of every template, and none is sent as its placeholder', () => {
  const fields = Object.fromEntries(plan.templates.map(({ id, fields: own }) => [id, own.map(({ name }) => name)]));
  // What `declare`, `resolve` and the post-mortem fill.
  expect(fields).toEqual({
    initial: ['severity', 'status', 'impact', 'eta', 'issue'],
    resolved: ['services', 'root-cause', 'resolution', 'duration'],
    'post-mortem': ['date', 'title', 'summary', 'time', 'event', 'root-cause', 'resolution', 'lessons', 'action'],
  });
  const initial = templateOf(plan, 'initial');
  const values = { severity: 'P1', status: 'Identified', impact: '[issue description]', eta: 'soon', issue: 'a fire' };
  const text = fillTemplate(initial, values, (field) => `--${field}`);
  expect(text).toContain('Severity: P1\nStatus: Identified\nImpact: [issue description]\nETA: soon');
  expect(text).toContain('reports of a fire.');
  expect(() => fillTemplate(initial, { ...values, impact: ' ', eta: undefined }, (field) => `--${field}`)).toThrow(
    expect.objectContaining({ code: 'FIELDS-UNFILLED', exit: 2, fact: expect.stringContaining('--impact, --eta') }),
  );
  expect(() => fillTemplate(initial, { ...values, severity: 'P9' }, (field) => `--${field}`)).toThrow(
    expect.objectContaining({ code: 'FIELD-VALUE', hint: expect.stringContaining('P1, P2, P3, P4') }),
  );
});

test('the update takes the platform and the status page from the first message', () => {
  const initial = templateOf(plan, 'initial');
  expect(platformName(initial)).toBe('Go Coffee Platform');
  const facts = { severity: 'P1', status: 'Identified', impact: 'none', eta: 'soon', text: 'News', tiersBack: ['P1'] };
  const text = updateText(initial, { ...facts, nextUpdate: later(30) });
  expect(text).toContain('INCIDENT UPDATE - Go Coffee Platform');
  expect(text).toContain('Back and verified: P1.\nThe next update follows by 2026-11-23 02:30:00 UTC.');
  expect(text).toContain('Status page: https://status.go-coffee.com');
});

test('updateEvery and dueWithin are clocks, and each message and the post-mortem reset them', () => {
  const message = { type: 'message', template: 'update', title: 't', text: 't' } as const;
  const heard = { type: 'delivery', message: 'e1', channel: 'slack', state: 'delivered' } as const;
  const open = incidentFrom([
    [0, DECLARED],
    [10, message],
    [10, heard],
    // Nobody has got this one.
    [20, message],
    [20, { ...heard, message: 'e3', state: 'failed' }],
  ]);
  expect(clocksOf(open, plan, later(45)).update).toEqual({ at: later(40), overdueSeconds: 300 });
  expect(overdueOf([open], plan, later(45))).toEqual({
    open: 1,
    updateSeconds: 300,
    postMortemSeconds: 0,
    followUps: 0,
  });
  const rarely = edited(({ templates }) => Object.assign(templates[0] ?? {}, { updateEvery: '2h' }));
  expect(clocksOf(open, rarely, later(45)).update).toEqual({ at: later(130), overdueSeconds: 0 });
  const over = incidentFrom([
    [0, DECLARED],
    [60, RESOLVED],
  ]);
  expect(clocksOf(over, plan, later(60 + 49 * 60))).toMatchObject({
    postMortem: { at: later(60 + 48 * 60), overdueSeconds: 3600 },
  });
  const soon = edited(({ templates }) => Object.assign(templates[1] ?? {}, { dueWithin: '1h' }));
  expect(clocksOf(over, soon, later(120)).postMortem?.at).toEqual(later(120));
  const written = incidentFrom([
    [0, DECLARED],
    [60, RESOLVED],
    [90, { type: 'post-mortem', digest: 'x' }],
  ]);
  expect(clocksOf(written, plan, later(60 + 49 * 60)).postMortem).toBeUndefined();
  expect(incidentRules(plan)[0]?.annotations.description).toContain('every 30m');
  expect(incidentRules(rarely)[0]?.annotations.description).toContain('every 2h');
  const exercise = incidentFrom([[0, { ...DECLARED, exercise: true } as typeof DECLARED]]);
  expect(overdueOf([exercise], plan, later(60)).open).toBe(0);
});

test('each tier has its RTO as a clock, and stops when a command has brought it back', () => {
  const back = { type: 'command', run: 'r', phase: 'tier', line: 'dr restore', tier: 'P1' } as const;
  const incident = incidentFrom([
    [0, DECLARED],
    [30, back],
  ]);
  const { tiers, sinceDeclaredSeconds } = clocksOf(incident, plan, later(180));
  expect(sinceDeclaredSeconds).toBe(180 * 60);
  expect(tiers).toEqual(
    plan.tiers.map(({ id, rto }) => {
      const objectiveSeconds = seconds(rto);
      const clock = { tier: id, objectiveSeconds };
      return id === 'P1'
        ? { ...clock, leftSeconds: objectiveSeconds - 1800, backAfterSeconds: 1800 }
        : { ...clock, leftSeconds: objectiveSeconds - 180 * 60 };
    }),
  );
});

test('postRecovery: every action is a follow-up with an owner of the team and the end of its time', () => {
  const over = incidentFrom([[0, DECLARED], ...firstRoles(plan).map((each) => [0, each] as const), [60, RESOLVED]]);
  const all = planFollowUps(plan, over);
  expect(all.map(({ title }) => title)).toEqual(plan.postRecovery.flatMap(({ actions }) => actions));
  const people = plan.team.map(({ primary }) => primary);
  for (const { owner } of all) expect(people).toContain(owner);
  for (const { id, to } of plan.postRecovery)
    expect(all.find((each) => each.id === `${id}-1`)?.dueAt).toBe(later(60 + seconds(to) / 60).toISOString());
  const [first, second] = all;
  const half = incidentFrom([
    [0, DECLARED],
    [60, RESOLVED],
    [61, first as never],
  ]);
  expect(missingFollowUps(plan, half).map(({ id }) => id)).toEqual(all.slice(1).map(({ id }) => id));
  const done = { type: 'follow-up-done', id: first?.id ?? '', person: 'Ada' } as const;
  const both = incidentFrom([
    [0, DECLARED],
    [60, RESOLVED],
    [61, first as never],
    [62, second as never],
    [70, done],
  ]);
  expect(overdueOf([both], plan, later(60 + 25 * 60)).followUps).toBe(1);
  expect(followUpOf(both, '1')).toMatchObject({ id: first?.id, done: { person: 'Ada' } });
  expect(() => followUpOf(both, 'imediate-2')).toThrow(
    expect.objectContaining({ fact: expect.stringContaining('"immediate-2"') }),
  );
});

test('the commands of follow-ups are commands of this program', async () => {
  const over = incidentFrom([
    [0, DECLARED],
    [60, RESOLVED],
  ]);
  const commands = planFollowUps(plan, over).flatMap(({ command }) => command ?? []);
  expect(commands).toContain('dr verify --deep');
  for (const command of commands.filter((each) => each !== 'dr incident post-mortem'))
    expect([command, await commandProblem(command)]).toEqual([command, undefined]);
});

test('an action item has an owner and a date; a cell of the CSV is never a formula', () => {
  const incident = incidentFrom([[0, DECLARED]]);
  const item = actionItem('=HYPERLINK("x"); Ada; 2026-12-31', incident);
  expect(item).toMatchObject({ id: 'action-1', owner: 'Ada', dueAt: '2026-12-31T00:00:00.000Z' });
  expect(() => actionItem('no owner', incident)).toThrow(expect.objectContaining({ code: 'ACTION-ITEM', exit: 2 }));
  expect(followUpsCsv([{ ...item, incident: 'i', overdueSeconds: 0 }])).toContain(`"'=HYPERLINK(""x"")"`);
});

test('the ETA is the last measured recovery of the tier, longer with more data', () => {
  const measured = {
    at: NOW.toISOString(),
    what: 'restore',
    tier: 'P1',
    rtoSeconds: 600,
    source: 'restore',
    bytes: 100,
  } as const;
  const facts = { plan, measurements: [measured], severity: 'P1', declaredAt: NOW } as const;
  expect(expectedBack({ ...facts, bytesNow: 300 })).toMatch(
    /^2026-11-23 02:30:00 UTC \(the last recovery of P1 took 10 min/,
  );
  expect(expectedBack({ ...facts, bytesNow: 10 })).toMatch(/^2026-11-23 02:10:00 UTC/);
  expect(expectedBack({ ...facts, measurements: [], bytesNow: 300 })).toMatch(
    /^2026-11-23 04:00:00 UTC \(the objective of P1/,
  );
  const after = (hours: number) => ({ ...facts, bytesNow: 10, now: new Date(NOW.getTime() + hours * 3_600_000) });
  expect(expectedBack(after(1))).toMatch(/^2026-11-23 04:00:00 UTC \(the objective of P1; this takes longer/);
  expect(expectedBack(after(3))).toBe('not known: the objective of P1 (2h) has passed');
  const eta = expectedBack({ ...facts, bytesNow: 10 });
  expect([etaNow(eta, NOW), etaNow('soon', NOW), etaNow(undefined, NOW)]).toEqual([eta, 'soon', 'not known yet']);
  expect(etaNow(eta, after(1).now)).toBe('not known: the time that was expected has passed');
});

test('post-mortem: the template’s parts, the facts of the events, and what is missing by name', () => {
  const incident = incidentFrom([
    [0, DECLARED],
    [1, { type: 'note', text: 'saw <b>smoke</b> & *fire*\n# not a heading' }],
    [60, RESOLVED],
  ]);
  const draft = writePostMortem(incident, plan, later(90));
  expect(draft.missing).toEqual(['summary', 'lessons', 'action']);
  const markdown = markdownOf(draft.blocks);
  for (const heading of templateOf(plan, 'post-mortem').text.match(/^## .*$/gm) ?? [])
    expect(markdown).toContain(heading);
  expect(markdown).toContain('# Incident Post-Mortem: 2026-11-23 - Complete Infrastructure Failure');
  expect(markdown).toContain('saw \\<b\\>smoke\\</b\\> \\& \\*fire\\* # not a heading');
  expect(markdown).toContain('1 h from the declaration');
  expect(markdown).not.toMatch(/\[(Date|Time|Event description|Brief)/);
  expect(documentHtml(draft.title, draft.blocks)).toContain('saw &lt;b&gt;smoke&lt;/b&gt; &amp; *fire*');
  const answers = ['summary', 'lessons'].map((field) => [70, { type: 'answered', field, value: 'x' }] as const);
  const whole = incidentFrom([
    [0, DECLARED],
    [60, RESOLVED],
    ...answers,
    [71, actionItem('a; b; 2026-12-31', incident)],
  ]);
  expect(writePostMortem(whole, plan, later(90)).missing).toEqual([]);
});
