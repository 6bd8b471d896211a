/**
 * The platform on a real Kubernetes, story by story on one cluster: what comes later stands on what came before. With Pulumi's engine where
 * it and its plugins are on the PATH, else with the recorded declarations.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KEPT } from './cluster.ts';
import { leftovers } from './leftovers.ts';
import { place } from './place.ts';
import { breach } from './stories/breach.ts';
import { clusterLost } from './stories/cluster-lost.ts';
import { failover } from './stories/failover.ts';
import { leaderKilled } from './stories/leader-killed.ts';
import { type Beside, drillBeside, local } from './stories/local.ts';
import { manifests } from './stories/manifests.ts';
import { namespaceLost } from './stories/namespace-lost.ts';
import { quarantine } from './stories/quarantine.ts';
import { standby } from './stories/standby.ts';
import { World } from './world.ts';

const world = new World();
const beside: Beside = {};

beforeAll(() => world.start());
afterAll(() => world.end());

manifests(world);
local(world, beside);
leaderKilled(world);
quarantine(world);
standby(world);
failover(world);
namespaceLost(world);
breach(world);
drillBeside(beside);
clusterLost(world);

describe('down', () => {
  it.skipIf(KEPT)('leaves nothing', async () => {
    await world.end();
    expect(await leftovers(place())).toEqual([]);
  });
});
