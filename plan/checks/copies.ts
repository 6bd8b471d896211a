/** The plan's copy rule (3-2-1-1-0), checked for each workload: copies, kinds of storage, off site, immutable, unverified. */
import { selectWorkloads } from '../select.ts';
import type { Plan, PlanRepository, Workload } from '../types.ts';
import { type Finding, fault } from './finding.ts';

interface Count {
  readonly code: string;
  readonly wanted: number;
  readonly found: number;
  readonly what: string;
  readonly hint: string;
}

function counts(plan: Plan, held: readonly PlanRepository[]): Count[] {
  const rule = plan.copyRule;
  return [
    {
      code: 'COPIES-FEW',
      wanted: rule.copies,
      found: held.length,
      what: 'copies',
      hint: 'add repositories to the workload',
    },
    {
      code: 'STORAGE-KINDS-FEW',
      wanted: rule.storageKinds,
      found: new Set(held.map(({ storage }) => storage)).size,
      what: 'kinds of storage',
      hint: 'add a repository of another kind: posix, s3 or drive',
    },
    {
      code: 'OFFSITE-FEW',
      wanted: rule.offsite,
      found: held.filter(({ offsite }) => offsite).length,
      what: 'copies off site',
      hint: 'add a repository with offsite: true',
    },
    {
      code: 'IMMUTABLE-FEW',
      wanted: rule.immutable,
      found: held.filter(({ immutable }) => immutable !== undefined).length,
      what: 'immutable copies',
      hint: 'add a repository with Object Lock (immutable)',
    },
  ];
}

function tooFew(plan: Plan, workload: Workload, index: number): Finding[] {
  const held = plan.repositories.filter(({ id }) => workload.repositories.includes(id));
  const names = held.map(({ id }) => id).join(', ') || 'no repository';
  return counts(plan, held)
    .filter(({ found, wanted }) => found < wanted)
    .map(({ code, found, wanted, what, hint }) =>
      fault(plan, {
        code,
        path: ['workloads', index, 'repositories'],
        fact: `${workload.id} has ${found} ${what} (${names}), and the plan's copy rule requires ${wanted}`,
        hint,
      }),
    );
}

function unverified(plan: Plan): Finding[] {
  const proven = new Set(
    selectWorkloads(
      plan,
      plan.tests.flatMap(({ verifies }) => verifies),
    ).map(({ id }) => id),
  );
  const open = plan.workloads.filter(({ id }) => !proven.has(id)).map(({ id }) => id);
  if (open.length <= plan.copyRule.unverified) return [];
  return [
    fault(plan, {
      code: 'UNVERIFIED',
      path: ['tests'],
      fact: `no test restores ${open.join(', ')}: ${open.length} unverified, and the plan's copy rule allows ${plan.copyRule.unverified}`,
      hint: 'add them to the verifies of a test',
    }),
  ];
}

export function checkCopies(plan: Plan): Finding[] {
  return [...plan.workloads.flatMap((workload, index) => tooFew(plan, workload, index)), ...unverified(plan)];
}
