/** Under whose key a pod without a state writes: that of whoever writes for the site, in the pod's own generation. */
import { expect, test } from 'vitest';
import { withVolumes } from '../../../plan/declared/volumes.ts';
import { productionPlan } from '../../../plan/production.ts';
import { originForMover } from '../../../recovery/backup/mover.ts';
import { selectForBackup } from '../../../recovery/backup/select.ts';
import type { Environment } from '../../../recovery/config/environment.ts';
import { isConfigured, isConfiguredHere } from '../../../recovery/config/selection.ts';
import type { CatalogEntry } from '../../../recovery/points/catalog/types.ts';
import { entryAt } from '../points/entry-fixture.ts';
import { postgresCapture, resticCapture } from '../points/point-fixture.ts';

const siteOf = (generation?: number) =>
  ({ environment: { site: 'main', ...(generation === undefined ? {} : { generation }) } }) as {
    readonly environment: Environment;
  };

function by(id: string, entry: CatalogEntry, adopts: readonly string[] = []): CatalogEntry {
  const origin = { id, adopts: [...adopts], machine: '', host: 'pod' };
  const facts = { site: 'main', origin };
  return { ...entry, point: { ...entry.point, ...facts }, outline: { ...entry.outline, ...facts } };
}

const at = (day: number) => `2026-11-0${day}T02:00:00Z`;
const database = (day: number, generation: number) =>
  entryAt(at(day), [postgresCapture(at(day), { lineage: `main-${generation}` })]);
const files = (day: number) => entryAt(at(day), [resticCapture('uploads', at(day))]);

test('of the newest point, in whichever repository; one that was away may name an earlier key', () => {
  const old = [by('a', database(1, 1))];
  const young = [by('a', database(1, 1)), by('b', database(2, 1), ['a']), by('b', files(3), ['a'])];
  const catalogs = new Map([
    ['primary', old],
    ['secondary', young],
  ]);
  expect(originForMover(siteOf(1), catalogs)).toMatchObject({ id: 'b', adopts: ['a'] });
});

test('never beside another generation than its own', () => {
  const catalogs = new Map([['primary', [by('a', database(1, 1)), by('b', database(2, 2), ['a'])]]]);
  expect(() => originForMover(siteOf(1), catalogs)).toThrow(/SITE-STRANGER.*generation 2 writes for "main"/s);
  expect(() => originForMover(siteOf(3), catalogs)).toThrow(/MOVER-TOO-EARLY.*are of generation 2.*generation 3/s);
  // Beside an external server there is none.
  const external = new Map([['primary', [by('a', files(1))]]]);
  expect(originForMover(siteOf(), external)).toMatchObject({ id: 'a' });
});

test('not before the stack itself has written, and an altered point tells nothing', () => {
  expect(() => originForMover(siteOf(1), new Map([['primary', []]]))).toThrow(/MOVER-TOO-EARLY.*no point says/s);
  const altered = { ...by('a', database(1, 1)), trust: 'tampered' as const };
  expect(() => originForMover(siteOf(1), new Map([['primary', [altered]]]))).toThrow(/MOVER-TOO-EARLY/);
});

test('the stack counts the volume among what it protects, and copies and restores it nowhere itself', () => {
  const plan = withVolumes(productionPlan, [{ id: 'orders', claim: 'shop/data-orders-0', tier: 'P2' }]);
  const orders = plan.workloads.find(({ id }) => id === 'orders') ?? plan.workloads[0];
  if (orders === undefined) throw new Error('the plan has workloads');
  const environment = {
    folders: { uploads: { path: '/data/uploads' } },
    volumes: { orders: { namespace: 'shop', claim: 'data-orders-0' } },
  } as unknown as Environment;
  expect([isConfigured(environment, orders), isConfiguredHere(environment, orders)]).toEqual([true, false]);
  const { workloads, unconfigured } = selectForBackup(plan, environment, 'full', []);
  expect(workloads.map(({ id }) => id)).toEqual(['uploads']);
  expect(unconfigured).not.toContain('orders');
  expect(() => selectForBackup(plan, environment, 'full', ['orders'])).toThrow(
    /WORKLOAD-ELSEWHERE.*the claim data-orders-0 of shop/,
  );
  expect(withVolumes(plan, [{ id: 'orders', claim: 'shop/data-orders-0', tier: 'P2' }])).toEqual(plan);
});
