/** Which type answers for a workload, and what happens where plan, copy and registered types don't agree. */
import { describe, expect, test } from 'vitest';
import { productionPlan } from '../../../plan/production.ts';
import { type Workload, workloadSchema } from '../../../plan/types.ts';
import type { Environment } from '../../../recovery/config/environment.ts';
import type { Site } from '../../../recovery/config/site.ts';
import { oncePerRun } from '../../../recovery/workloads/capture.ts';
import { enginesOf, registerWorkloadType, typeOf, typeOfItem } from '../../../recovery/workloads/registry.ts';
import {
  restorePlanSchema,
  type SnapshotItem,
  setTypeOf,
  snapshotTypeOf,
} from '../../../recovery/workloads/restore-plan.ts';
import { postgresCapture, resticCapture } from '../points/point-fixture.ts';

const AT = '2026-11-23T02:00:00Z';
const environment = { folders: {}, services: {} } as unknown as Environment;
const withCluster = { ...environment, kubernetes: { context: 'c', namespaces: ['n'] } } as Environment;

function workload(id: string): Workload {
  return productionPlan.workloads.find((each) => each.id === id) ?? expect.unreachable(id);
}

const item = (id: string, facts: Record<string, number> = {}): SnapshotItem => ({
  ...{ workload: id, title: id, tier: 'P2', point: '20261123T020000Z-full-7f3a', skewSeconds: 0 },
  ...{ destination: `/srv/${id}`, state: 'absent', type: snapshotTypeOf(workload(id)) },
  capture: resticCapture(id, AT, { facts }),
});

describe('a shipped type', () => {
  test('answers for each workload of the shipped plan', () => {
    const types = productionPlan.workloads.map((each) => typeOf(environment, each));
    expect(enginesOf(types)).toEqual(['pgbackrest', 'restic', 'redis-server', 'git']);
    // pgBackRest copies from the live server: nothing is staged for it alone.
    const direct = productionPlan.workloads.filter((each) => typeOf(environment, each).capture === undefined);
    expect(direct.map(({ id }) => id)).toEqual(['postgres']);
  });

  test('objects come from the cluster where the environment file names one, and else are a folder', () => {
    const manifests = workload('manifests');
    expect(typeOf(withCluster, manifests)).not.toBe(typeOf(environment, manifests));
    expect(typeOf(withCluster, workload('uploads'))).toBe(typeOf(environment, workload('uploads')));
  });

  test('of an item the copy says whether it holds objects, whatever the environment file names now', async () => {
    const site = { plan: productionPlan, environment } as Site;
    const missing = (facts: Record<string, number>) => typeOfItem(item('manifests', facts)).checks(site);
    await expect(missing({})).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(missing({ objects: 3 })).rejects.toMatchObject({ code: 'CAPTURE-DAMAGED', exit: 5 });
  });
});

describe('a type from outside', () => {
  const shop: Workload = { ...workload('uploads'), id: 'shop', type: 'x-shop' };

  test('is refused until a module registers it', () => {
    expect(() => typeOf(environment, shop)).toThrow(
      expect.objectContaining({ code: 'WORKLOAD-TYPE-UNKNOWN', exit: 2, fact: expect.stringContaining('"x-shop"') }),
    );
    const files = typeOf(environment, workload('redis'));
    registerWorkloadType('x-shop', { ...files, engines: ['git'] } as Parameters<typeof registerWorkloadType>[1]);
    expect(enginesOf([typeOf(environment, shop)])).toEqual(['git']);
  });

  test.each([
    ['x-mysql', true],
    ['mysql', false],
    ['x-', false],
    ['x-My', false],
    ['postgress', false],
  ])('a plan may say %s: %s', (type, valid) => {
    expect(workloadSchema.safeParse({ ...shop, type }).success).toBe(valid);
  });
});

describe('an item of a restore plan', () => {
  test('is of the engine that its type names', () => {
    const refusal = expect.objectContaining({ code: 'CAPTURE-TYPE', exit: 2 });
    expect(setTypeOf(workload('postgres'))).toBe('postgres');
    expect(() => setTypeOf(workload('redis'))).toThrow(refusal);
    expect(() => snapshotTypeOf(workload('postgres'))).toThrow(refusal);
  });

  test('of a journal of an earlier version is still read', () => {
    const { type: _, capture: __, ...common } = item('uploads');
    const set = {
      ...common,
      ...{ workload: 'postgres', type: 'postgres', capture: postgresCapture(AT) },
      ...{ end: { kind: 'end-of-wal', timeline: 1 }, walLast: '000000010000000000000005' },
    };
    const items = restorePlanSchema.shape.items;
    expect(items.parse([set, item('uploads')])).toHaveLength(2);
    expect(items.safeParse([{ ...set, type: 'redis' }]).success).toBe(false);
    expect(items.safeParse([{ ...item('uploads'), end: set.end }]).success).toBe(false);
  });
});

test('work that a run shares is done once a run, and its failure is shared too', async () => {
  let done = 0;
  const read = oncePerRun(async () => {
    done += 1;
    if (done === 2) throw new Error('the cluster is gone');
    return done;
  });
  const site = {} as Site;
  const [first, second] = [{}, {}];
  expect(await Promise.all([read(site, first), read(site, first)])).toEqual([1, 1]);
  const failures = await Promise.allSettled([read(site, second), read(site, second)]);
  expect(failures.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(done).toBe(2);
});
