/** The way back over two sites: a lost leader is emptied and follows, then leads again; nothing is deleted that nobody named. */
import { describe, expect, test } from 'vitest';
import { layout } from '../../../../plan/layout.ts';
import { productionPlan } from '../../../../plan/production.ts';
import { planReseed, reseedRefusals } from '../../../../recovery/failover/failback/plan.ts';
import { reseed } from '../../../../recovery/failover/failback/reseed.ts';
import { lookAtSwitchover, switchOver } from '../../../../recovery/failover/failback/switchover.ts';
import { reseedText } from '../../../../recovery/failover/failback/text.ts';
import type { FailbackRequest, ReseedReport } from '../../../../recovery/failover/failback/types.ts';
import { readFence } from '../../../../recovery/storage/fence.ts';
import { scratch } from '../../../scratch.ts';
import { ENVIRONMENT, makeWorld, type World } from '../world.ts';

const REQUEST: FailbackRequest = { stack: 'production', of: 'dr', deleteClaims: true };
const FORK = '1\t0/5000060\tno recovery target specified\n';

/** `dr` has taken over; the old leader runs on, cut off, and has written two segments that nobody wanted. */
async function afterFailover(): Promise<World> {
  const world = await makeWorld(await scratch());
  await world.dr.setConfig({ role: { value: 'primary' } });
  world.dr.onUp = async () => {
    const leads = { follows: false, timeline: 2, lsn: '0/7000000', history: FORK };
    Object.assign(world.standby.database, leads);
  };
  await world.dr.up();
  world.standby.jobs.set('dr-full-eu-west-1-1', 'done');
  world.old.database.lsn = '0/7000060';
  for (const segment of ['000000010000000000000004', '000000010000000000000005', '000000010000000000000006']) {
    await world.archive('us-east-1-1', segment);
  }
  world.production.onUp = async () => {
    const follows = { follows: true, timeline: 2, lsn: '0/9000000', lineage: 'us-east-1-2' };
    Object.assign(world.old.database, follows, { readOnly: false });
    world.old.replicas.set('postgres', { kind: 'StatefulSet', replicas: 1 });
    world.old.claimNames = [...world.old.claimNames, 'data-postgres-0'];
  };
  world.standby.done.length = 0;
  return world;
}

async function comeBack(world: World, request = REQUEST): Promise<ReseedReport> {
  const plan = await planReseed(world.ports, request);
  const [refusal] = reseedRefusals(plan, request);
  if (refusal !== undefined) throw refusal;
  return reseed(world.ports, request, plan);
}

describe('looking', () => {
  test('shows what the old leader has that nobody else has', async () => {
    const world = await afterFailover();
    const plan = await planReseed(world.ports, REQUEST);
    expect(plan).toMatchObject({
      state: 'to-empty',
      lineage: 'us-east-1-1',
      next: { site: 'us-east-1', generation: 2 },
      leader: { lineage: 'eu-west-1-1' },
      repository: 'secondary',
      claims: ['data-postgres-0', 'data-redis-0'],
      divergence: {
        fork: { lsn: '0/5000060', timeline: 1 },
        segments: [{ repository: 'secondary', names: ['000000010000000000000005', '000000010000000000000006'] }],
        lsn: '0/7000060',
        bytes: 0x2000000,
      },
    });
    expect(reseedText(plan)).toContain('33.6 MB that nobody else has');
    expect(world.old.done).toEqual([]);
  });

  test('no volume is deleted that nobody named: they are listed', async () => {
    const world = await afterFailover();
    await expect(comeBack(world, { ...REQUEST, deleteClaims: false })).rejects.toMatchObject({
      code: 'CLAIMS-HELD',
      exit: 6,
      fact: expect.stringContaining('data-postgres-0, data-redis-0 in go-coffee'),
    });
    expect(world.old.done).toEqual([]);
  });

  test('a leader without a full backup has nothing to lay down', async () => {
    const world = await afterFailover();
    world.standby.jobs.set('dr-full-eu-west-1-1', 'failed');
    await expect(comeBack(world)).rejects.toMatchObject({ code: 'NO-FULL-BACKUP', exit: 6 });
    // One that still runs is waited for, before anything is touched.
    world.standby.jobs.set('dr-full-eu-west-1-1', 'running');
    const ports = { ...world.ports, patience: 0.000_001 };
    await expect(comeBack({ ...world, ports })).rejects.toMatchObject({ code: 'NO-FULL-BACKUP' });
    expect(world.old.done).toEqual([]);
  });

  test('two leaders of which neither took over from the other are two histories', async () => {
    const world = await afterFailover();
    await world.production.setConfig({ generation: { value: 5 } });
    await world.production.up();
    await expect(planReseed(world.ports, REQUEST)).rejects.toMatchObject({ code: 'NOT-RELATED', exit: 6 });
  });

  test('a standby is no leader to follow', async () => {
    const world = await makeWorld(await scratch());
    await expect(planReseed(world.ports, REQUEST)).rejects.toMatchObject({ code: 'NOT-LEADING', exit: 6 });
  });
});

describe('the old site as a standby', () => {
  test('is fenced, stopped, emptied, and begins its next life', async () => {
    const world = await afterFailover();
    const report = await comeBack(world);
    expect(report.followsAt).toBe('0/7000000');
    expect(world.old.done).toEqual([
      'refuse pods in go-coffee',
      'refuse pods in go-coffee-dr',
      'suspend dr-daily',
      'stop orders',
      'stop redis',
      'stop postgres',
      'delete claim data-postgres-0',
      'delete claim data-redis-0',
      'config role, generation, standby of production',
      'admit pods in go-coffee',
      'unsuspend dr-daily',
      'admit pods in go-coffee-dr',
      'up production',
    ]);
    expect(world.old.claimNames).toEqual(['uploads', 'data-postgres-0']);
    expect(world.old.endpoints).toEqual([]);
    expect(world.production.made).toMatchObject({
      role: 'standby',
      lineage: 'us-east-1-2',
      follows: { site: 'eu-west-1', generation: 1, repository: 'secondary' },
    });
    expect(await readFence(world.store, layout(ENVIRONMENT), 'us-east-1-1')).toMatchObject({
      successor: 'eu-west-1-1',
    });
  });

  test('keeps what it has ready of its services', async () => {
    const world = await afterFailover();
    const ready = { services: true, exclude: ['Ingress'] };
    await world.production.setConfig({
      standby: { value: { of: { site: 'eu-west-1', generation: 7 }, repository: 'primary', ...ready } },
    });
    await comeBack(world);
    expect((await world.production.config()).standby?.value).toEqual({
      of: { site: 'eu-west-1', generation: 1 },
      repository: 'secondary',
      ...ready,
    });
  });

  test('a run that died in its up goes on, and deletes nothing of the new life', async () => {
    const world = await afterFailover();
    world.production.before = () => {
      throw new Error('killed');
    };
    await expect(comeBack(world)).rejects.toThrow('killed');
    world.old.claimNames = ['uploads', 'data-postgres-0'];
    world.old.done.length = 0;
    world.production.before = () => {};
    const plan = await planReseed(world.ports, REQUEST);
    expect(plan).toMatchObject({ state: 'to-bring-up', claims: [], next: { generation: 2 } });
    await comeBack(world, { ...REQUEST, deleteClaims: false });
    expect(world.old.done.filter((what) => what.startsWith('delete') || what.startsWith('stop'))).toEqual([]);
    expect((await planReseed(world.ports, REQUEST)).state).toBe('follows');
  });
});

describe('the switchover', () => {
  async function followed(): Promise<World> {
    const world = await afterFailover();
    await comeBack(world);
    for (const log of [world.old.done, world.standby.done]) log.length = 0;
    world.standby.database.lsn = '0/9000060';
    await world.archive('eu-west-1-1', '000000020000000000000008');
    world.standby.onShip = () => world.archive('eu-west-1-1', '000000020000000000000009');
    world.production.onUp = async () => {
      const history = '2\t0/A000000\tno recovery target specified\n';
      Object.assign(world.old.database, { follows: false, timeline: 3, lsn: '0/A000100', history });
    };
    return world;
  }
  const switched = (world: World) => switchOver(world.ports, productionPlan, REQUEST, async () => {});

  test('stops the leader, loses nothing, and starts the services that once were stopped', async () => {
    const world = await followed();
    const report = await switched(world);
    expect(world.standby.done.slice(-3)).toEqual(['stop orders', 'stop redis', 'stop postgres']);
    expect(report).toMatchObject({ fenced: 'cluster', rpo: { measuredSeconds: 0 } });
    expect(report.verification.find(({ id }) => id === 'arrived')).toMatchObject({ ok: true });
    expect(world.old.done).toEqual(['config role of production', 'up production', 'resume orders']);
    expect(await readFence(world.store, layout(ENVIRONMENT), 'eu-west-1-1')).toMatchObject({
      successor: 'us-east-1-2',
    });
  });

  test('then the other one comes back in its turn', async () => {
    const world = await followed();
    await switched(world);
    world.old.jobs.set('dr-full-us-east-1-2', 'done');
    const plan = await planReseed(world.ports, { stack: 'dr', of: 'production', deleteClaims: true });
    expect(plan).toMatchObject({ state: 'to-empty', next: { site: 'eu-west-1', generation: 2 } });
    await expect(planReseed(world.ports, REQUEST)).rejects.toMatchObject({ code: 'ALREADY-LEADS' });
  });

  test('is refused while the standby is behind, and before anything is stopped', async () => {
    const world = await followed();
    world.old.database.lsn = '0/1000000';
    const { refusals } = await lookAtSwitchover(world.ports, productionPlan, REQUEST);
    expect(refusals.map(({ code }) => code)).toEqual(['STANDBY-BEHIND']);
    await expect(switched(world)).rejects.toMatchObject({ code: 'STANDBY-BEHIND', exit: 6 });
    expect(world.standby.done).toEqual([]);
  });

  test('a site that follows nobody, or somebody else, is reseeded first', async () => {
    const world = await afterFailover();
    await expect(switched(world)).rejects.toMatchObject({ code: 'NOT-RESEEDED', exit: 6 });
  });
});
