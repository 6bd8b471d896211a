import { expect, test } from 'vitest';
import { productionPlan } from '../../../plan/production.ts';
import { checkShare } from '../../../recovery/prune/safeguards.ts';
import type { RepositoryPlan } from '../../../recovery/prune/types.ts';

const DAY_MS = 86_400_000;

/** `of` points, the newest made `daysAgo`; `gone` of them would go. */
function planOf(gone: number, of: number, daysAgo = 0): RepositoryPlan {
  const points = Array.from({ length: of }, (_, n) => ({
    id: `p${n}`,
    endedAt: new Date(Date.now() - (daysAgo + of - n - 1) * DAY_MS).toISOString(),
    keep: n < gone ? [] : (['young'] as const),
  }));
  const remove = points.slice(0, gone).map(({ id }) => id);
  return { repository: 'local', retention: '30d', points, remove, snapshots: [], lineages: [], warnings: [] };
}

const refusal = (plans: readonly RepositoryPlan[], typed?: number) => () => checkShare(plans, productionPlan, typed);

test('a third goes with a name alone; more needs the number', () => {
  expect(refusal([planOf(3, 9)])).not.toThrow();
  expect(refusal([planOf(4, 9)])).toThrow(
    expect.objectContaining({
      code: 'PRUNE-SHARE',
      exit: 7,
      fact: '4 of 9 points in local would go, more than 33%',
      hint: expect.stringContaining('--remove 4'),
    }),
  );
  expect(refusal([planOf(4, 9)], 4)).not.toThrow();
});

test('the number is that of all repositories, and must be right', () => {
  expect(refusal([planOf(4, 9), planOf(1, 9)], 5)).not.toThrow();
  for (const typed of [0, 4, 6, 8640]) expect(refusal([planOf(4, 9), planOf(1, 9)], typed)).toThrow(/which is 5/);
  expect(refusal([planOf(0, 9)])).not.toThrow();
});

test('where no new point came for two weeks, the number is needed for each point', () => {
  expect(refusal([planOf(1, 9, 13)])).not.toThrow();
  expect(refusal([planOf(1, 9, 400)])).toThrow(/the newest point in local is 400 days old by this host's clock/);
  expect(refusal([planOf(1, 9, 400)], 1)).not.toThrow();
});

test('the share is the plan’s', () => {
  const plan = { ...productionPlan, safeguards: { ...productionPlan.safeguards, pruneShare: 0.9 } };
  expect(() => checkShare([planOf(8, 9)], plan, undefined)).not.toThrow();
});
