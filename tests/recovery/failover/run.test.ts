/** The failover from end to end over two sites: what is done, in which order, what refuses it, and how it goes on. */
import { describe, expect, test } from 'vitest';
import { layout } from '../../../plan/layout.ts';
import { productionPlan } from '../../../plan/production.ts';
import { failOver, lookAtFailover } from '../../../recovery/failover/run.ts';
import { planText, reportText } from '../../../recovery/failover/text.ts';
import type { FailoverReport, FailoverRequest } from '../../../recovery/failover/types.ts';
import { raiseFence, readFence } from '../../../recovery/storage/fence.ts';
import { scratch } from '../../scratch.ts';
import { ENVIRONMENT, makeWorld, type World } from './world.ts';

const OLD = { cluster: { context: 'us' }, platform: 'go-coffee', recovery: 'go-coffee-dr' };
const REQUEST: FailoverRequest = { stack: 'dr', old: OLD, allowUnfenced: false };
const SEGMENT = '000000010000000000000005';
const PROMOTED = '1\t0/6000000\tno recovery target specified\n';

/** The old leader is in segment 5, of which nothing is archived; what it finishes arrives. */
async function twoSites(): Promise<World> {
  const world = await makeWorld(await scratch());
  await world.archive('us-east-1-1', '000000010000000000000004');
  world.old.onShip = () => world.archive('us-east-1-1', SEGMENT);
  world.dr.onUp = async () => {
    Object.assign(world.standby.database, { follows: false, timeline: 2, lsn: '0/6000100', history: PROMOTED });
    world.standby.jobs.set('dr-full-eu-west-1-1', 'running');
  };
  return world;
}

const run = (world: World, request: FailoverRequest = REQUEST): Promise<FailoverReport> =>
  failOver(world.ports, productionPlan, request, async (seen) => void world.confirmed.push(seen.stack));

const checksOf = ({ verification }: FailoverReport) => Object.fromEntries(verification.map(({ id, ok }) => [id, ok]));

describe('looking', () => {
  test('says what would be lost, and changes nothing', async () => {
    const world = await twoSites();
    const { plan, refusals } = await lookAtFailover(world.ports, productionPlan, REQUEST);
    expect(refusals).toEqual([]);
    expect(plan).toMatchObject({
      lineage: 'eu-west-1-1',
      follows: { lineage: 'us-east-1-1', repository: 'secondary' },
      newestWal: { segment: '000000010000000000000004' },
      oldSiteWrites: true,
      standby: { state: 'reached', found: { replayed: '0/5000000', behindBytes: 0 } },
      oldCluster: { state: 'reached', found: { lsn: '0/5000060', unarchivedBytes: 96 } },
      fence: { secondary: { state: 'reached', found: 'open' } },
      loss: { seconds: 0 },
    });
    expect([...world.old.done, ...world.standby.done]).toEqual([]);
    expect(JSON.stringify(plan)).not.toContain('secret of');
    expect(planText(plan)).toContain('takes over from');
  });

  test('an old site that can’t be reached leaves its unarchived commits: from the last segment to the declared moment', async () => {
    const world = await twoSites();
    world.old.away = true;
    world.now = new Date(Date.now() + 600_000);
    const declaredAt = new Date(Date.now() + 30_000);
    const { plan, refusals } = await lookAtFailover(world.ports, productionPlan, { ...REQUEST, declaredAt });
    expect(plan.oldCluster).toMatchObject({ state: 'away', fact: expect.stringContaining('ECONNREFUSED') });
    expect(plan.loss.seconds).toBeGreaterThan(25);
    expect(plan.loss.seconds).toBeLessThanOrEqual(31);
    expect(plan.oldSiteWrites).toBe(false);
    expect(refusals.map(({ code }) => code)).toEqual(['UNFENCED']);
  });
});

describe('failing over', () => {
  test('fences, stops services before the database, promotes, and proves that nothing is lost', async () => {
    const world = await twoSites();
    const report = await run(world);
    expect(world.old.done).toEqual([
      'refuse pods in go-coffee',
      'refuse pods in go-coffee-dr',
      'suspend dr-daily',
      'stop orders',
      'stop redis',
      'stop postgres',
    ]);
    expect(world.old.database.readOnly).toBe(true);
    expect(world.standby.done).toEqual(['config role of dr', 'up dr']);
    expect(world.confirmed).toEqual(['dr']);
    expect(checksOf(report)).toEqual({ leader: true, writes: true, lineage: true, arrived: true });
    expect(report).toMatchObject({ fenced: 'cluster', fullBackup: 'running', rpo: { measuredSeconds: 0, met: true } });
    const fence = await readFence(world.store, layout(ENVIRONMENT), 'us-east-1-1');
    expect(fence).toMatchObject({ successor: 'eu-west-1-1', what: 'dr failover --stack dr' });
    expect(reportText(report)).toContain('eu-west-1-1 leads since');
  });

  test('with services in the stack: when each tier was checked, and the RTO is that of the first', async () => {
    const world = await twoSites();
    const type = 'kubernetes:batch/v1:Job';
    const promote = world.dr.onUp;
    world.dr.onUp = async (options) => {
      await promote();
      for (const check of ['stores', 'p1', 'p4']) {
        const name = `platform-recovery-check-${check}`;
        for (const state of ['start', 'done'] as const)
          options?.onEvent?.({ state, op: 'create', urn: name, type, name });
      }
      world.now = new Date(world.now.getTime() + 3_600_000);
    };
    const { timeline, rto } = await run(world);
    const tiers = timeline.filter(({ event }) => event.endsWith('is back, checked'));
    expect(tiers.map(({ tier }) => tier)).toEqual(['P1', 'P4']);
    expect(rto.measuredSeconds).toBe(tiers[0]?.offsetSeconds);
    expect(timeline.at(-1)?.offsetSeconds).toBeGreaterThanOrEqual(3600);
    expect(timeline.map(({ at }) => at)).toEqual(timeline.map(({ at }) => at).toSorted());
  });

  test('what is missing of the old leader’s WAL is a failed check, with its bytes', async () => {
    const world = await twoSites();
    world.dr.onUp = async () => {
      const history = '1\t0/5000000\tno recovery target specified\n';
      Object.assign(world.standby.database, { follows: false, timeline: 2, history });
    };
    const report = await run(world);
    expect(checksOf(report)).toMatchObject({ arrived: false });
    expect(report.verification.find(({ id }) => id === 'arrived')?.actual).toContain('96 B are missing');
  });

  test('without the old cluster it is refused, and goes on when that is typed', async () => {
    const world = await twoSites();
    world.old.away = true;
    await expect(run(world)).rejects.toMatchObject({ code: 'UNFENCED', exit: 6 });
    expect(world.confirmed).toEqual([]);
    world.standby.database.lastCommit = new Date(world.now.getTime() - 20_000);
    const report = await run(world, { ...REQUEST, allowUnfenced: true, declaredAt: world.now });
    expect(report).toMatchObject({ fenced: 'object only', rpo: { measuredSeconds: 20 } });
    expect(report.next.join()).toContain('was not stopped');
    expect(await readFence(world.store, layout(ENVIRONMENT), 'us-east-1-1')).toBeDefined();
  });

  test('WAL that never arrives is not left behind in silence', async () => {
    const world = await twoSites();
    world.old.onShip = async () => {};
    const short = { ...REQUEST, maxLossSeconds: 0 };
    world.now = new Date(Date.now() + 60_000);
    await expect(run({ ...world, ports: { ...world.ports, patience: 0.01 } }, short)).rejects.toMatchObject({
      code: 'LOSS-TOO-GREAT',
      exit: 6,
    });
    expect(world.dr.ups).toBe(0);
  });

  test('a leader is not promoted again', async () => {
    const world = await twoSites();
    await run(world);
    await expect(run(world)).rejects.toMatchObject({ code: 'ALREADY-LEADS', exit: 6 });
    expect(world.dr.ups).toBe(1);
  });

  test('a fence of somebody else ends it before anything is stopped', async () => {
    const world = await twoSites();
    const other = { lineage: 'us-east-1-1', successor: 'ap-south-1-1', what: 'dr failover --stack ap', now: world.now };
    await raiseFence(world.store, layout(ENVIRONMENT), other);
    await expect(run(world)).rejects.toMatchObject({ code: 'FENCE-TAKEN', exit: 6 });
    expect(world.old.done).toEqual([]);
  });
});

describe('going on', () => {
  test('after an up that failed: nothing is asked or stopped again, and the clock is the first one', async () => {
    const world = await twoSites();
    world.dr.before = () => {
      throw new Error('killed');
    };
    await expect(run(world)).rejects.toThrow('killed');
    const stopped = [...world.old.done];
    world.dr.before = () => {};
    const first = world.now;
    world.now = new Date(first.getTime() + 90_000);
    const report = await run(world);
    expect(world.confirmed).toEqual(['dr']);
    expect(world.old.done).toEqual(stopped);
    expect(report.declaredAt).toBe(first.toISOString());
    expect(report.rto.measuredSeconds).toBe(90);
    expect(checksOf(report)).toMatchObject({ arrived: true });
  });

  test('after a node that kept its pod: with leave to do without, the fence alone has to do', async () => {
    const world = await twoSites();
    world.old.stuck = ['orders-1'];
    const impatient = { ...world, ports: { ...world.ports, patience: 0.001 } };
    await expect(run(impatient)).rejects.toMatchObject({
      code: 'FENCE-INCOMPLETE',
      fact: expect.stringContaining('orders-1'),
    });
    expect(world.dr.ups).toBe(0);
    const report = await run(impatient, { ...REQUEST, allowUnfenced: true });
    expect(report.fenced).toBe('object only');
    expect(world.dr.ups).toBe(1);
  });
});
