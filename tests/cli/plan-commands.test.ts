/** Command lines in data: those of the plan, and those that alerts tell people to type. */
import { expect, test } from 'vitest';
import { commandProblem } from '../../cli/command-problem.ts';
import { commandFindings } from '../../cli/plan-commands.ts';
import { alertRules } from '../../infra/monitoring/rules.ts';
import { plannedCommands } from '../../plan/checks/planned-commands.ts';
import { productionPlan } from '../../plan/production.ts';
import { planWith } from '../plan/plan-fixture.ts';

test('each command of the shipped plan exists, with its flags', async () => {
  expect(plannedCommands(productionPlan).length).toBeGreaterThan(40);
  expect(await commandFindings(productionPlan, commandProblem)).toEqual([]);
});

test('each command of an alert exists, with its flags', async () => {
  const settings = [{ namespace: 'go-coffee-dr' }, { role: 'standby', namespace: 'go-coffee-dr' }] as const;
  const rules = settings.flatMap((each) => alertRules(productionPlan, each).groups.flatMap((group) => group.rules));
  const lines = new Set(rules.flatMap(({ annotations }) => annotations.runbook.split('; ')));
  for (const line of lines) {
    expect(await commandProblem(line.replaceAll(/\{\{.*?\}\}/g, 'primary')), line).toBeUndefined();
  }
});

test('a command that does not exist, a flag that it lacks and a scenario that nobody drills are errors of the plan', async () => {
  const plan = planWith((each) => {
    for (const test of each.tests.slice(0, 1)) test.run = 'dr drill --scenarios all';
    for (const check of each.checks.slice(0, 1)) check.command = 'dr point list';
    for (const script of each.scripts.slice(0, 1)) script.run = 'dr backup';
  });
  expect(await commandFindings(plan, commandProblem)).toMatchObject([
    { code: 'COMMAND-UNKNOWN', where: 'checks.completion.command', fact: expect.stringContaining('dr point list') },
    { where: 'tests.database-restore.run', fact: expect.stringContaining('--scenarios') },
    { where: 'scripts.[0].run', fact: expect.stringContaining('--kind') },
  ]);
});
