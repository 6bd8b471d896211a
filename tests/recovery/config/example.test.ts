/** The example that the README tells people to copy is one that works. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { isConfigured } from '../../../recovery/config/selection.ts';
import { openSite } from '../../../recovery/config/site.ts';

test('dr.example.yaml opens, and says where every workload of the plan is', async () => {
  const site = await openSite(fileURLToPath(new URL('../../../dr.example.yaml', import.meta.url)));
  const lost = site.plan.workloads.filter((workload) => !isConfigured(site.environment, workload));
  expect(lost.map((workload) => workload.id)).toEqual([]);
  expect([...site.repositories.keys()]).toEqual(['local', 'primary', 'secondary']);
});
