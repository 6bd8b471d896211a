/** The plan of a PostgreSQL that stays where it is: its dumps carry the objective, and what they can't keep is a number. */
import { expect, test } from 'vitest';
import { checkExternalPlan } from '../../plan/checks/external.ts';
import { withExternalPostgres } from '../../plan/declared/external.ts';
import { worstCaseRpo } from '../../plan/objectives.ts';
import { productionPlan } from '../../plan/production.ts';
import { selectWorkloads } from '../../plan/select.ts';

test.each([
  ['hourly', '2 h 40 min'],
  ['daily', '25 h 40 min'],
] as const)('%s dumps: the RPO of P1 is missed by a number, as a warning alone', (dumps, number) => {
  const findings = checkExternalPlan(productionPlan, { dumps, wal: false });
  expect(findings.map(({ code, severity }) => [code, severity])).toEqual([['RPO-UNMET', 'warning']]);
  expect(findings[0]?.fact).toMatch(new RegExp(`\\(P1, secondary\\): .* = ${number} > 1 h$`));
  expect(findings[0]?.hint.includes('dumps: hourly')).toBe(dumps === 'daily');
});

test('the dump stands for the server: no copy of its files is planned, and each run takes what is left of it', () => {
  const plan = withExternalPostgres(productionPlan, { dumps: 'hourly', wal: false });
  expect(
    plan.workloads.filter(({ type }) => type.startsWith('postgres')).map(({ id, services }) => [id, services[0]]),
  ).toEqual([['postgres-dump', 'postgres']]);
  const covered = (id: string) =>
    selectWorkloads(plan, plan.schedules.find((each) => each.id === id)?.workloads ?? []).map((each) => each.id);
  expect(covered('hourly')).toContain('postgres-dump');
  expect(covered('weekly-config')).not.toContain('postgres-dump');
  expect(worstCaseRpo(plan).map(({ workload }) => workload)).toContain('postgres-dump');
  expect(withExternalPostgres(plan, { dumps: 'hourly', wal: false })).toEqual(plan);
});

test('received WAL keeps the RPO of P1: it takes the place of the server’s files, and the dump is its second form', () => {
  const copies = { dumps: 'daily', wal: true } as const;
  expect(checkExternalPlan(productionPlan, copies)).toEqual([]);
  const plan = withExternalPostgres(productionPlan, copies);
  expect(
    plan.workloads.filter(({ type }) => type.startsWith('postgres')).map(({ id, secondFormOf }) => [id, secondFormOf]),
  ).toEqual([
    ['postgres-wal', undefined],
    ['postgres-dump', 'postgres-wal'],
  ]);
  const row = worstCaseRpo(plan).find(({ workload }) => workload === 'postgres-wal');
  expect(row?.arithmetic).toBe('15 min interval + 10 min longest run + 10 min copy = 35 min ≤ 1 h');
  expect(plan.workloads.find(({ id }) => id === 'postgres-wal')?.services).toContain('payment-service');
  expect(withExternalPostgres(plan, copies)).toEqual(plan);
});
