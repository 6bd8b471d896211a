/** Which service and tier a workload of a cluster belongs to. */
import { expect, test } from 'vitest';
import { productionPlan } from '../../plan/production.ts';
import { matchJob, matchService } from '../../plan/service-match.ts';

const NAME = 'app.kubernetes.io/name';
const COMPONENT = 'app.kubernetes.io/component';

test.each([
  ['order-service-cleanup', {}, 'P2'],
  ['nightly', { app: 'order-service' }, 'P2'],
  // The name and the label disagree: the later tier, because too early is too early.
  ['postgres-report', { [NAME]: 'ai-search' }, 'P3'],
  ['ai-search-index', { app: 'postgres' }, 'P3'],
  // What it works on is not whose it is.
  ['reports', { [COMPONENT]: 'postgres' }, undefined],
  ['reports', {}, undefined],
])('the CronJob %s with %j is of %s', (name, labels, tier) => {
  expect(matchJob(productionPlan, { name, labels })?.tier).toBe(tier);
});

test('a workload that serves is of the service that its component names', () => {
  expect(matchService(productionPlan, { name: 'main', labels: { [COMPONENT]: 'postgres' } })?.tier).toBe('P1');
});
