/**
 * The platform on a real Kubernetes, scenario by scenario on one cluster: what comes later stands on what came before. With Pulumi's engine where
 * it and its plugins are on the PATH, else with the recorded declarations.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KEPT } from './cluster.ts';
import { ClusterFixture } from './fixture.ts';
import { leftovers } from './leftovers.ts';
import { place } from './place.ts';
import { breach } from './scenarios/breach.ts';
import { clusterLost } from './scenarios/cluster-lost.ts';
import { failover } from './scenarios/failover.ts';
import { inPlace } from './scenarios/in-place.ts';
import { leaderKilled } from './scenarios/leader-killed.ts';
import { type Beside, drillBeside, local } from './scenarios/local.ts';
import { manifests } from './scenarios/manifests.ts';
import { namespaceLost } from './scenarios/namespace-lost.ts';
import { quarantine } from './scenarios/quarantine.ts';
import { standby } from './scenarios/standby.ts';

const fixture = new ClusterFixture();
const beside: Beside = {};

beforeAll(() => fixture.start());
afterAll(() => fixture.end());

manifests(fixture);
local(fixture, beside);
leaderKilled(fixture);
quarantine(fixture);
inPlace(fixture);
standby(fixture);
failover(fixture);
namespaceLost(fixture);
breach(fixture);
drillBeside(beside);
clusterLost(fixture);

describe('down', () => {
  it.skipIf(KEPT)('leaves nothing', async () => {
    await fixture.end();
    expect(await leftovers(place())).toEqual([]);
  });
});
