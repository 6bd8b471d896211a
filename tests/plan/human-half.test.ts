/**
 * Each value of the plan's human half, changed alone: something that acts on it does something else. What only prints the plan
 * (`dr plan show`) does not count, and the rendered documents don't either.
 */
import { expect, test } from 'vitest';
import { commandProblem } from '../../cli/command-problem.ts';
import { incidentRules } from '../../infra/monitoring/rules/incidents.ts';
import { checkHuman } from '../../plan/checks/human.ts';
import { plannedCommands } from '../../plan/checks/planned-commands.ts';
import { checkMeaning } from '../../plan/checks/validate.ts';
import type { Plan } from '../../plan/types.ts';
import type { Site } from '../../recovery/config/site.ts';
import { continuityTests, tryFlows } from '../../recovery/exercise/flows.ts';
import { exerciseKit } from '../../recovery/exercise/kit.ts';
import { kitPage } from '../../recovery/exercise/text.ts';
import { channelsOf } from '../../recovery/incident/channels/channels.ts';
import { clocksOf } from '../../recovery/incident/clocks.ts';
import { planFollowUps } from '../../recovery/incident/follow-ups.ts';
import { fillTemplate } from '../../recovery/incident/messages/template.ts';
import { writePostMortem } from '../../recovery/incident/post-mortem/write.ts';
import { firstRoles } from '../../recovery/incident/roles.ts';
import { reviewCalendar, testCalendar } from '../../recovery/readiness/calendar.ts';
import { runbookHtml } from '../../recovery/runbook/html.ts';
import { makeRunbook } from '../../recovery/runbook/model.ts';
import { DECLARED, NOW as DECLARED_AT, incidentFrom, later } from '../recovery/incident/incident-fixture.ts';
import { aSite, NOW, openChecks, reachablePlan } from '../recovery/readiness/facts-fixture.ts';

const SITE = {
  environment: 'production',
  site: 'fra1',
  file: '/etc/dr.yaml',
  lineage: 'fra1-1',
  repositories: [],
  at: NOW.toISOString(),
} as const;

const incident = (end: 'open' | 'resolved') =>
  incidentFrom([
    [0, DECLARED],
    ...(end === 'open'
      ? []
      : ([[60, { type: 'resolved', services: 'all', rootCause: 'a disk', resolution: 'restored' }]] as const)),
  ]);

const FIELDS = 'impact eta issue services root-cause resolution duration date title summary time event lessons action';
const FILLED = Object.fromEntries(FIELDS.split(' ').map((name) => [name, `<${name}>`]));
const SEVERITIES = ['P1', 'P2', 'P3', 'P4'];
const STATES = ['Investigating', 'Identified', 'Monitoring', 'Resolved'];

/** What the commands fill, by the names that they know; `choice` is the number of the value where a template has several. */
function messageOf(template: Plan['templates'][number], choice: number): string {
  const severity = SEVERITIES[choice] ?? '';
  const status = STATES[choice] ?? '';
  return fillTemplate(template, { ...FILLED, severity, status }, (field) => field);
}

/** What does something by the plan: an error counts as something else. */
const ACTORS: Readonly<Record<string, (plan: Plan) => unknown>> = {
  runbookOfAHost: (plan) => runbookHtml(makeRunbook(plan, { ...SITE, runsOn: 'host' })),
  runbookOfACluster: (plan) => runbookHtml(makeRunbook(plan, { ...SITE, runsOn: 'cluster' })),
  roles: firstRoles,
  channels: (plan) => channelsOf(plan, {}, false),
  messages: (plan) =>
    Promise.all(plan.templates.flatMap((each) => each.fields.map((_, n) => said(() => messageOf(each, n))))),
  clocks: (plan) => [clocksOf(incident('open'), plan, later(45)), clocksOf(incident('resolved'), plan, later(90))],
  alerts: incidentRules,
  followUps: (plan) => planFollowUps(plan, incident('resolved')),
  postMortem: (plan) => writePostMortem(incident('resolved'), plan, later(90)),
  kits: (plan) => plan.scenarios.map(({ id }) => kitPage(exerciseKit(plan, id))),
  continuity: continuityTests,
  flows: (plan) => tryFlows({ plan, environment: { services: {} } } as unknown as Site),
  calendar: (plan) => {
    const facts = { plan, now: NOW, measurements: [], runs: [], records: [] };
    return [testCalendar(facts), reviewCalendar(facts)];
  },
  readiness: (plan) => openChecks(aSite({ plan })),
  check: (plan) => [checkMeaning(plan), checkHuman(plan, DECLARED_AT)],
};

/** An error is something else too, each by itself. */
async function said(act: () => unknown): Promise<string> {
  try {
    return JSON.stringify(await act());
  } catch (error) {
    return String(error);
  }
}

type Path = readonly (string | number)[];

/** Every value below, with where it is. */
function leaves(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, each]) =>
    leaves(each, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

const CADENCES = ['monthly', 'quarterly', 'annual'];

/** Another value that the schema would take, as far as it is an enumeration or a duration. */
function other(value: unknown): unknown {
  if (typeof value !== 'string') return value === true ? false : Number(value) + 1;
  if (CADENCES.includes(value)) return CADENCES.find((each) => each !== value);
  if (/^\d{4}-\d\d-\d\d$/.test(value)) return value < '2026-07' ? '2099-01-01' : '2020-01-01';
  if (/^\d+[mhdw]$/.test(value)) return '99d';
  return `${value} changed`;
}

function changed(plan: Plan, path: Path): Plan {
  const copy = structuredClone(plan);
  const last = path.at(-1) as string;
  const parent = path
    .slice(0, -1)
    .reduce<Record<string | number, unknown>>(
      (at, key) => at[key] as Record<string | number, unknown>,
      copy as unknown as Record<string, unknown>,
    );
  parent[last] = other(parent[last]);
  return copy;
}

/** What the shipped plan leaves open, filled. */
const FULL = reachablePlan((plan) => {
  Object.assign(plan.maintenance, { lastUpdated: '2026-01-01', nextReview: '2027-01-01' });
  plan.integrations.push({ id: 'cards', title: 'Cards', owner: 'Payments', contact: 'portal', byHand: 'cash' });
});

const SECTIONS = [
  'scenarios',
  'checks',
  'tests',
  'team',
  'integrations',
  'channels',
  'templates',
  'postRecovery',
  'flows',
  'scripts',
  'resources',
  'maintenance',
] as const;

/**
 * What only says where a value is from: the shell lines of the written plan that a command replaces, and `source`. And names by which `dr.yaml`
 * or a record refers to an entry.
 */
function isHistory(plan: Plan, path: Path): boolean {
  const [section] = path;
  const key = path.findLast((each) => typeof each === 'string');
  if (key === 'source') return section === 'scenarios';
  if (key === 'id') return section === 'checks' || section === 'integrations';
  if (key !== 'shell') return false;
  const owner = path
    .slice(0, path.indexOf('shell'))
    .reduce<unknown>((at, each) => (at as Record<string, unknown>)[each], plan);
  return (owner as { run?: unknown }).run !== undefined;
}

const before = new Map<string, string>();
for (const [name, act] of Object.entries(ACTORS)) before.set(name, await said(() => act(FULL)));

async function anythingActs(plan: Plan): Promise<boolean> {
  for (const [name, act] of Object.entries(ACTORS)) {
    if ((await said(() => act(plan))) !== before.get(name)) return true;
  }
  return false;
}

test.each(SECTIONS)('plan.%s: every value acts', async (section) => {
  const silent: string[] = [];
  for (const path of leaves(FULL[section], [section])) {
    const plan = changed(FULL, path);
    if (await anythingActs(plan)) continue;
    if (isHistory(FULL, path)) continue;
    // A command of the plan is one of this program, or `dr plan check` refuses it.
    const lines = plannedCommands(plan).filter(({ path: at }) => at.join('.') === path.join('.'));
    const problems = await Promise.all(lines.map(({ line }) => commandProblem(line)));
    if (problems.every((problem) => problem === undefined)) silent.push(path.join('.'));
  }
  expect(silent).toEqual([]);
});
