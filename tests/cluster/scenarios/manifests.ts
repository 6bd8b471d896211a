/** What the other shipped stacks declare, as the server sees it: for AWS they can't come up here. */
import { beforeAll, describe, expect, it } from 'vitest';
import { defineOperatorKinds, refusals } from '../dry-run.ts';
import type { ClusterFixture } from '../fixture.ts';
import { declared, shippedStack } from '../stacks.ts';

export function manifests(fixture: ClusterFixture): void {
  describe('manifests', () => {
    beforeAll(() => defineOperatorKinds(fixture.cluster.api));

    it.each([
      ['production', 'production', {}],
      ['dr-standby', 'dr', {}],
      ['dr-promoted', 'dr', { role: 'primary' }],
    ] as const)('of %s are what the server takes', async (name, stack, config) => {
      const objects = await declared(shippedStack(stack, name, config));
      expect(await refusals(fixture.cluster.api, objects)).toEqual([]);
    });
  });
}
