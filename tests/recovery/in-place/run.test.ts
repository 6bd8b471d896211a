/** A running stack goes back to a point where it is: in this order, with everything kept, and resumed wherever it was killed. */
import { describe, expect, test } from 'vitest';
import { layout } from '../../../plan/layout.ts';
import { productionPlan } from '../../../plan/production.ts';
import { type InPlaceOutcome, inPlaceReport } from '../../../recovery/in-place/outcome.ts';
import { planInPlace } from '../../../recovery/in-place/plan.ts';
import { restoreInPlace } from '../../../recovery/in-place/run.ts';
import { planText } from '../../../recovery/in-place/text.ts';
import { readFence } from '../../../recovery/points/fence.ts';
import { scratch } from '../../scratch.ts';
import { ENVIRONMENT, SIGNING_KEY } from '../failover/two-sites.ts';
import { type InPlace, makeInPlace, REQUEST } from './in-place-fixture.ts';

const agree = async (): Promise<void> => {};
const restore = ({ ports }: InPlace, request = REQUEST): Promise<InPlaceOutcome> =>
  restoreInPlace(ports, productionPlan, request, agree);
const changes = ({ site }: InPlace): string[] => site.done.filter((what) => !what.startsWith('config'));

/** In the whole run, in this order. */
const WHOLE = [
  'refuse pods in go-coffee',
  'refuse pods in go-coffee-dr',
  'suspend dr-daily',
  'stop orders',
  'stop redis',
  'stop postgres',
  'keep pv-data-postgres-0-1',
  'keep pv-data-redis-0-1',
  'delete claim data-postgres-0',
  'delete claim data-redis-0',
  'admit pods in go-coffee',
  'admit pods in go-coffee-dr',
  'up production',
  'resume postgres',
  'resume redis',
  'resume orders',
  'unsuspend dr-daily',
];

describe('the plan', () => {
  test('shows what stops, what is kept and what is lost, and changes nothing', async () => {
    const made = await makeInPlace(await scratch());
    const plan = await planInPlace(made.ports, productionPlan, REQUEST);
    expect(plan).toMatchObject({
      lineage: 'us-east-1-1',
      next: { generation: 2, lineage: 'us-east-1-2' },
      repository: 'secondary',
      claims: [
        { claim: 'data-postgres-0', volume: 'pv-data-postgres-0-1' },
        { claim: 'data-redis-0', volume: 'pv-data-redis-0-1' },
      ],
      followers: ['dr'],
      leader: 'answers',
    });
    const text = planText(plan);
    expect(text).toContain('us-east-1-1 ends, us-east-1-2 begins');
    expect(text).toContain('stack dr follows us-east-1-1: it must be re-cloned afterwards');
    expect(made.site.done).toEqual([]);
  });

  test('takes a generation that nobody has begun', async () => {
    const made = await makeInPlace(await scratch());
    made.ports.resolve = async () => ({ pin: made.pin, notes: [], generations: [1, 2, 4] });
    const plan = await planInPlace(made.ports, productionPlan, REQUEST);
    expect(plan.next.lineage).toBe('us-east-1-5');
  });

  test.each([
    ['a standby', { stack: 'dr' }, 'STACK-FOLLOWS'],
    ['a store without a copy', {}, 'TARGET-UNREACHABLE'],
  ])('refuses %s', async (_, change, code) => {
    const made = await makeInPlace(await scratch());
    const { redis: _redis, ...pin } = made.pin;
    made.pin = pin;
    const planned = planInPlace(made.ports, productionPlan, { ...REQUEST, ...change });
    await expect(planned).rejects.toMatchObject({ code, exit: 6 });
  });

  test.each([
    [
      'what began as a standby',
      { standby: { of: { site: 'fra1', generation: 1 }, repository: 'secondary' } },
      'NOT-IN-PLACE',
    ],
    ['an external database', { external: { postgres: {} } }, 'STORE-EXTERNAL'],
    ['a config that is ahead', { generation: 2 }, 'STACK-CHANGING'],
  ])('refuses %s', async (_, config, code) => {
    const made = await makeInPlace(await scratch());
    if ('standby' in config) made.stack.made.follows = { ...config.standby.of, repository: 'secondary' };
    for (const [key, value] of Object.entries(config)) made.stack.values[key] = { value };
    await expect(restore(made)).rejects.toMatchObject({ code, exit: 6 });
    expect(changes(made)).toEqual([]);
  });
});

describe('a restore', () => {
  test('keeps the volumes, begins the next generation, and starts the services behind its checks', async () => {
    const made = await makeInPlace(await scratch());
    const outcome = await restore(made);
    expect(outcome.rebuilt.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(outcome).toMatchObject({ woken: true, rebuilt: { exit: 0 } });
    expect(changes(made)).toEqual(WHOLE);
    expect(made.stack.values.inPlace?.value).toMatchObject({ generation: 2, from: 'latest', resolved: made.pin });
    const { policy, labels } = made.volumes.get('pv-data-postgres-0-1') ?? {};
    expect(policy).toBe('Retain');
    expect(labels).toMatchObject({ 'go-coffee-dr/kept-lineage': 'us-east-1-1' });
    const of = { lineage: 'us-east-1-1', keys: [SIGNING_KEY] };
    expect(await readFence(made.sites.store, layout(ENVIRONMENT), of)).toMatchObject({ successor: 'us-east-1-2' });
    const report = inPlaceReport(productionPlan, outcome, { platform: 'test' } as never);
    expect(report.tiers.map(({ rto }) => rto.met)).toEqual([true, true, true, true]);
  });

  test('leaves Redis as it is where it is not named', async () => {
    const made = await makeInPlace(await scratch());
    await restore(made, { ...REQUEST, stores: ['postgres'] });
    expect(changes(made).filter((what) => what.includes('redis'))).toEqual(['resume redis']);
    expect(made.bound.get('data-redis-0')).toBe('pv-data-redis-0-1');
  });

  test('stops the monitor, which would make the new database read-only', async () => {
    const made = await makeInPlace(await scratch());
    made.site.elsewhere.set('go-coffee-dr', new Set(['dr-monitor']));
    await restore(made);
    const { done } = made.site;
    expect(done).toContain('stop go-coffee-dr/dr-monitor');
    expect(done.indexOf('stop go-coffee-dr/dr-monitor')).toBeLessThan(done.indexOf('keep pv-data-postgres-0-1'));
  });

  test('deletes nothing where a volume can’t be kept', async () => {
    const made = await makeInPlace(await scratch());
    const { openVolumes } = made.ports;
    made.ports.openVolumes = async (place) => {
      const volumes = await openVolumes(place);
      return { ...volumes, keep: async () => {} };
    };
    await expect(restore(made)).rejects.toMatchObject({
      code: 'VOLUME-NOT-KEPT',
      fact: expect.stringContaining('Delete'),
    });
    expect(made.site.done.filter((what) => what.startsWith('delete') || what.startsWith('up'))).toEqual([]);
    made.ports.openVolumes = openVolumes;
    expect((await restore(made)).rebuilt).toMatchObject({ resumed: true, exit: 0 });
  });

  test('stops nothing where the preview fails, and gives the config back', async () => {
    const made = await makeInPlace(await scratch());
    made.stack.outcome = {
      succeeded: false,
      changes: {},
      failed: [],
      diagnostics: [{ severity: 'error', message: 'no' }],
    };
    await expect(restore(made)).rejects.toMatchObject({ code: 'PREVIEW-FAILED', fact: 'no' });
    expect(changes(made)).toEqual([]);
    expect(made.stack.values).toMatchObject({ generation: { value: 1 } });
    expect(made.stack.values).not.toHaveProperty('inPlace');
  });

  test('stops nothing where its up would take more away', async () => {
    const made = await makeInPlace(await scratch());
    made.stack.preview = async (options?: { onEvent?: (event: never) => void }) => {
      options?.onEvent?.({
        state: 'done',
        op: 'replace',
        urn: 'x',
        type: 'kubernetes:apps/v1:StatefulSet',
        name: 'redis',
      } as never);
      return made.stack.outcome;
    };
    await expect(restore(made)).rejects.toMatchObject({
      code: 'UP-REPLACES',
      exit: 6,
      fact: expect.stringContaining('redis'),
    });
    expect(changes(made)).toEqual([]);
    expect(made.stack.values).not.toHaveProperty('inPlace');
  });

  test('waits for the last WAL where every commit counts', async () => {
    const made = await makeInPlace(await scratch());
    made.site.onShip = async () => {};
    await expect(restore(made)).rejects.toMatchObject({ code: 'WAL-NOT-ARCHIVED', exit: 6 });
    expect(made.site.replicas.get('postgres')?.replicas).toBe(1);
  });

  test('leaves the services stopped where a check does not pass, until somebody says otherwise', async () => {
    const made = await makeInPlace(await scratch());
    made.held.tables = [];
    const outcome = await restore(made);
    expect(outcome).toMatchObject({ woken: false, rebuilt: { exit: 5 } });
    expect(made.site.replicas.get('orders')?.replicas).toBe(0);
    const again = await restore(made, { ...REQUEST, keepGoing: true });
    expect(again).toMatchObject({ woken: true, rebuilt: { exit: 5, resumed: true } });
    expect(made.site.replicas.get('orders')?.replicas).toBe(2);
    expect(made.stack.ups).toBe(1);
  });
});

describe('a run that was killed', () => {
  const POINTS = WHOLE.filter((what) => !what.startsWith('refuse'));

  test.each(POINTS)('before “%s” resumes, and does nothing twice that takes away', async (point) => {
    const made = await makeInPlace(await scratch());
    const { push } = made.site.done;
    let killed = false;
    made.site.done.push = (...items: string[]) => {
      if (!killed && items.includes(point)) {
        killed = true;
        throw new Error('killed');
      }
      return push.apply(made.site.done, items);
    };
    await expect(restore(made)).rejects.toThrow('killed');
    const outcome = await restore(made);
    expect(outcome.rebuilt).toMatchObject({ exit: 0, resumed: true });
    expect(changes(made).filter((what) => what.startsWith('delete'))).toEqual([
      'delete claim data-postgres-0',
      'delete claim data-redis-0',
    ]);
    expect(made.bound.get('data-postgres-0')).toBe('pv-data-postgres-0-2');
    expect(made.site.replicas.get('orders')).toMatchObject({ replicas: 2 });
    expect(made.site.crons.get('dr-daily')).toMatchObject({ suspended: false });
  });

  test('is finished before another target', async () => {
    const made = await makeInPlace(await scratch());
    made.onKeep = () => {
      throw new Error('killed');
    };
    await expect(restore(made)).rejects.toThrow('killed');
    const other = { ...REQUEST, target: '2026-11-25T19:00:00Z' };
    await expect(restore(made, other)).rejects.toMatchObject({ code: 'IN-PLACE-UNFINISHED', exit: 6 });
  });
});
