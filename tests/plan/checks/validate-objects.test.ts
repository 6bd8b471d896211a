import { expect, test } from 'vitest';
import { checkPlan } from '../../../plan/checks/validate.ts';
import { type Fault, findsOnly, planWith, workload } from '../plan-fixture.ts';

const FAULTS: readonly Fault[] = [
  [
    'two workloads for one part of the cluster',
    (p) => {
      workload(p, 'uploads').objects = 'access';
    },
    'OBJECTS-DOUBLED',
    'workloads.network-policies.objects',
    '"network-policies" and "uploads" both hold the access of the cluster',
    'keep each part in one workload',
  ],
  [
    'a part that no workload holds',
    (p) => {
      delete workload(p, 'network-policies').objects;
    },
    'OBJECTS-UNHELD',
    'workloads',
    'no workload holds the cluster\'s "access"',
    'write objects: access',
  ],
  [
    'a workload that can hold no objects',
    (p) => {
      delete workload(p, 'network-policies').objects;
      workload(p, 'git').objects = 'access';
    },
    'OBJECTS-TYPE',
    'workloads.git.objects',
    '"git" is of type git',
    'a workload of type files',
  ],
];

test.each(FAULTS)('%s', findsOnly);

test('a plan without a cluster in mind', () => {
  const plan = planWith((p) => {
    for (const each of p.workloads) delete each.objects;
  });
  expect(checkPlan(plan)).toEqual([]);
});
