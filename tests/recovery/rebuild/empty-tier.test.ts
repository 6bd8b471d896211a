/** A tier of the plan that the point holds nothing of. */
import { expect, test } from 'vitest';
import { EXIT } from '../../../recovery/core/errors.ts';
import { rebuild } from '../../../recovery/rebuild/rebuild.ts';
import { endText, planText } from '../../../recovery/rebuild/text.ts';
import { newBackend } from './fake-engine.ts';
import { portsOf, REQUEST, RESOURCES, scratch } from './rebuild-fixture.ts';

test('a tier of which nothing is captured is not ready', async () => {
  await using at = await scratch();
  const without = RESOURCES.filter(({ name }) => !['ai-search', 'recovery-check-p3'].includes(name));
  const resources = without.map((each) =>
    each.after?.includes('Job/recovery-check-p3') ? { ...each, after: [] } : each,
  );
  const outcome = await rebuild(REQUEST, portsOf(newBackend(resources), at.stateDir));
  expect(outcome.exit).toBe(EXIT.partial);
  expect(outcome.tiers.map(({ tier, nothing, readyAt }) => [tier, nothing, readyAt !== undefined])).toEqual([
    ['P1', undefined, true],
    ['P2', undefined, true],
    ['P3', true, false],
    ['P4', undefined, true],
  ]);
  const named = 'P3: nothing of it is captured, so it is not up (AI Search, Analytics';
  expect(endText(outcome, 'journal')).toContain(named);
  expect(endText(outcome, 'journal')).toContain('PARTIAL: stack fresh is up');
  expect(planText(outcome.plan)).toMatch(/^P3 .* nothing of it is captured$/m);
});
