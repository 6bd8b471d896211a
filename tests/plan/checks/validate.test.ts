import { describe, expect, test } from 'vitest';
import { checkMeaning, checkPlan } from '../../../plan/checks/validate.ts';
import type { Plan } from '../../../plan/types.ts';
import { byId, planWith, repository, schedule, workload } from '../plan-fixture.ts';

type Change = (plan: Plan) => void;

test('the shipped plan has nothing to find fault with', () => {
  expect(checkPlan(planWith(() => {}))).toEqual([]);
});

describe('the rule of copies', () => {
  const only = (held: string[]) => {
    const plan = planWith((p) => {
      workload(p, 'git').repositories = held;
    });
    return checkPlan(plan).map(({ code }) => code);
  };

  test('one kind of storage', () => {
    expect(only(['primary', 'secondary'])).toEqual(['COPIES-FEW', 'STORAGE-KINDS-FEW']);
  });

  test('none away, none immutable', () => {
    expect(only(['local'])).toEqual(['COPIES-FEW', 'STORAGE-KINDS-FEW', 'OFFSITE-FEW', 'IMMUTABLE-FEW']);
  });

  test('a workload that no test restores', () => {
    const plan = planWith((p) => {
      for (const held of p.tests) held.verifies = held.verifies.filter((selector) => selector !== 'all');
    });
    expect(checkPlan(plan)).toMatchObject([
      {
        code: 'UNVERIFIED',
        where: 'tests',
        fact: "no test restores redis, event-store, uploads, static-assets, git, images, artifacts: 7 unverified, and the plan's copy rule allows 0",
      },
    ]);
  });
});

test('a transition after the end of the retention is a warning', () => {
  const findings = checkPlan(
    planWith((p) => void repository(p, 'primary').lifecycle.push({ after: '100d', storageClass: 'GLACIER_IR' })),
  );
  expect(findings).toMatchObject([{ severity: 'warning', code: 'LIFECYCLE-LATE' }]);
});

test('tiers out of the order of their RTO are a warning', () => {
  const plan = planWith((p) => {
    byId(p.tiers, 'P3').rto = '3h';
  });
  expect(checkPlan(plan)).toMatchObject([{ severity: 'warning', code: 'TIER-ORDER', where: 'tiers.P3.rto' }]);
});

test('places are compared as places, not as text', () => {
  const codes = (change: Change) => checkPlan(planWith(change)).map(({ code }) => code);
  const asFolder = (location: string) => (p: Plan) => {
    Object.assign(repository(p, 'offsite'), { storage: 'posix', location });
  };
  expect(codes(asFolder('/var//backups/go-coffee'))).toEqual(['PLACE-DOUBLED']);
  expect(codes(asFolder('/mnt/partner'))).toEqual([]);
});

test.each(planWith(() => {}).settlements.map(({ id }) => [id]))(
  'the tension "%s" is found without its settlement',
  (id) => {
    const plan = planWith((p) => {
      p.settlements = p.settlements.filter((settlement) => settlement.id !== id);
    });
    const hint = expect.stringContaining(`"${id}"`);
    expect(checkPlan(plan)).toMatchObject([{ severity: 'error', code: 'TENSION-UNSETTLED', hint }]);
  },
);

test('a tension that is no more wants no settlement', () => {
  const plan = planWith((p) => {
    for (const held of p.repositories) held.compression = 'zstd';
    p.settlements = p.settlements.filter(({ id }) => id !== 'compression');
  });
  expect(checkPlan(plan)).toEqual([]);
});

test('all problems are reported at once; those that nobody can work with are told apart', () => {
  const plan = planWith((p) => {
    schedule(p, 'redis').cron = 'x';
    workload(p, 'git').repositories = ['local', 'primry'];
    repository(p, 'local').retention = '0d';
    p.settlements = [];
  });
  expect(checkPlan(plan).map(({ code }) => code)).toEqual(
    expect.arrayContaining(['CRON-INVALID', 'REPOSITORY-UNKNOWN', 'COPIES-FEW', 'RETENTION-ZERO', 'TENSION-UNSETTLED']),
  );
  expect(checkMeaning(plan).map(({ code }) => code)).toEqual(['REPOSITORY-UNKNOWN', 'CRON-INVALID']);
});
