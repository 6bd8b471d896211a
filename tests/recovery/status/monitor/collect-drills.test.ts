/** A drill's pod reaches nothing of the site; its result is the termination message of its container. */
import { expect, test } from 'vitest';
import { allMeasurements, measurementLines } from '../../../../recovery/report/measurements.ts';
import { collectDrills } from '../../../../recovery/status/monitor/collect-drills.ts';
import { scratch } from '../../../scratch.ts';
import { refuse } from '../../kubernetes/server-fixture.ts';
import { served } from '../../workloads/objects/make-object.ts';
import { clusterSite, SHOP } from '../health/cluster-fixture.ts';

const measured = {
  at: '2026-12-01T05:10:00.000Z',
  what: 'drill database-corruption',
  tier: 'P1',
  rtoSeconds: 40,
  source: 'drill',
} as const;

const pod = (name: string, command: string, message: string) =>
  served('v1', 'Pod', name, {
    spec: { containers: [{ name: 'dr', command: ['dr'], args: [command] }] },
    status: { containerStatuses: [{ name: 'dr', state: { terminated: { exitCode: 0, message } } }] },
  });

test('is kept once, from drills alone', async () => {
  const lines = measurementLines([measured]);
  const stateDir = await scratch();
  const { site } = await clusterSite([SHOP, pod('a', 'drill', lines), pod('b', 'backup', lines)], { stateDir });
  expect(await collectDrills(site, 'shop')).toBe(true);
  expect(await collectDrills(site, 'shop')).toBe(true);
  expect(await allMeasurements(site.environment.stateDir)).toEqual([measured]);
});

test('an account that may not read the pods gets no answer', async () => {
  const stateDir = await scratch();
  const { site } = await clusterSite([SHOP], { stateDir }, (path) =>
    path.endsWith('/pods') ? refuse(403, 'Forbidden') : undefined,
  );
  expect(await collectDrills(site, 'shop')).toBe(false);
});
