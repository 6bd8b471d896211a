/** The tier of a resource, as the progress of a rebuild shows it: the one that the program declares it with. */
import { expect, test } from 'vitest';
import { productionPlan } from '../../../plan/production.ts';
import { tierOf } from '../../../recovery/pulumi/tiers.ts';

const event = (kind: string, name: string) => ({ name: `platform-${name}`, object: { kind, name, labels: {} } });

test.each([
  ['CronJob', 'order-service-cleanup', 'P2'],
  ['Job', 'loyalty-import', 'P4'],
  ['Deployment', 'order-service', 'P2'],
  ['Deployment', 'order-service-cleanup', 'P4'],
  ['ConfigMap', 'order-service', undefined],
])('%s %s: %s', (kind, name, tier) => {
  expect(tierOf(event(kind, name), productionPlan)).toBe(tier);
});
