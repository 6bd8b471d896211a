/** The way back over two sites: a lost leader is emptied and follows, then leads again; nothing is deleted that nobody named. */
import { describe, expect, test } from 'vitest';
import { layout } from '../../../../plan/layout.ts';
import { productionPlan } from '../../../../plan/production.ts';
import { planReclone, recloneRefusals } from '../../../../recovery/failover/failback/plan.ts';
import { reclone } from '../../../../recovery/failover/failback/reclone.ts';
import { planSwitchover, switchOver } from '../../../../recovery/failover/failback/switchover.ts';
import { reclonePlanText } from '../../../../recovery/failover/failback/text.ts';
import type { FailbackRequest, RecloneReport } from '../../../../recovery/failover/failback/types.ts';
import { readFence } from '../../../../recovery/points/fence.ts';
import { scratch } from '../../../scratch.ts';
import { ENVIRONMENT, makeTwoSites, SIGNING_KEY, type TwoSites } from '../two-sites.ts';

const REQUEST: FailbackRequest = { stack: 'production', of: 'dr', deleteClaims: true };
const FORK = '1\t0/5000060\tno recovery target specified\n';

/** `dr` has taken over; the old leader runs on, cut off, and has written two segments that nobody wanted. */
async function afterFailover(): Promise<TwoSites> {
  const sites = await makeTwoSites(await scratch());
  await sites.dr.setConfig({ role: { value: 'primary' } });
  sites.dr.onUp = async () => {
    const leads = { follows: false, timeline: 2, lsn: '0/7000000', history: FORK };
    Object.assign(sites.standby.database, leads);
  };
  await sites.dr.up();
  sites.standby.jobs.set('dr-full-eu-west-1-1', 'done');
  await sites.backUp('eu-west-1-1');
  sites.old.database.lsn = '0/7000060';
  for (const segment of ['000000010000000000000004', '000000010000000000000005', '000000010000000000000006']) {
    await sites.archive('us-east-1-1', segment);
  }
  sites.production.onUp = async () => {
    const follows = { follows: true, timeline: 2, lsn: '0/9000000', lineage: 'us-east-1-2' };
    Object.assign(sites.old.database, follows, { readOnly: false });
    sites.old.replicas.set('postgres', { kind: 'StatefulSet', replicas: 1 });
    sites.old.claimNames = [...sites.old.claimNames, 'data-postgres-0'];
  };
  sites.standby.done.length = 0;
  return sites;
}

async function comeBack(sites: TwoSites, request = REQUEST): Promise<RecloneReport> {
  const plan = await planReclone(sites.ports, request);
  const [refusal] = recloneRefusals(plan, request);
  if (refusal !== undefined) throw refusal;
  return reclone(sites.ports, request, plan);
}

describe('the plan', () => {
  test('shows what only the old leader has', async () => {
    const sites = await afterFailover();
    const plan = await planReclone(sites.ports, REQUEST);
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
    expect(reclonePlanText(plan)).toContain('33.6 MB that only this site has');
    expect(sites.old.done).toEqual([]);
  });

  test('without --delete-claims no volume is deleted: the refusal lists them', async () => {
    const sites = await afterFailover();
    await expect(comeBack(sites, { ...REQUEST, deleteClaims: false })).rejects.toMatchObject({
      code: 'CLAIMS-HELD',
      exit: 6,
      fact: expect.stringContaining('data-postgres-0, data-redis-0 in go-coffee'),
    });
    expect(sites.old.done).toEqual([]);
  });

  test('a leader without a full backup is refused', async () => {
    const sites = await afterFailover();
    sites.standby.jobs.set('dr-full-eu-west-1-1', 'failed');
    await expect(comeBack(sites)).rejects.toMatchObject({ code: 'NO-FULL-BACKUP', exit: 6 });
    // One that still runs is waited for, before anything is touched.
    sites.standby.jobs.set('dr-full-eu-west-1-1', 'running');
    const ports = { ...sites.ports, timeoutFactor: 0.000_001 };
    await expect(comeBack({ ...sites, ports })).rejects.toMatchObject({ code: 'NO-FULL-BACKUP' });
    expect(sites.old.done).toEqual([]);
  });

  test('a repository without a copy of the leader is never taken unasked, and refused when it is named', async () => {
    const sites = await afterFailover();
    const first = sites.addFirst();
    expect((await planReclone(sites.ports, REQUEST)).repository).toBe('secondary');
    const named = { ...REQUEST, repository: 'primary' };
    await expect(comeBack(sites, named)).rejects.toMatchObject({
      code: 'NO-FULL-BACKUP',
      exit: 6,
      fact: expect.stringContaining('no full backup of eu-west-1-1'),
      hint: expect.stringContaining('--repository secondary'),
    });
    first.answers = false;
    await expect(comeBack(sites, named)).rejects.toMatchObject({ fact: expect.stringContaining('does not answer') });
    expect(sites.old.done).toEqual([]);
  });

  test('a first full backup that has ended without a copy there stops it before anything is touched', async () => {
    const sites = await afterFailover();
    sites.addFirst();
    sites.standby.jobs.set('dr-full-eu-west-1-1', 'running');
    const plan = await planReclone(sites.ports, { ...REQUEST, repository: 'primary' });
    expect(recloneRefusals(plan, REQUEST)).toEqual([]);
    sites.standby.jobs.set('dr-full-eu-west-1-1', 'done');
    await expect(reclone(sites.ports, REQUEST, plan)).rejects.toMatchObject({ code: 'NO-FULL-BACKUP' });
    expect(sites.old.done).toEqual([]);
  });

  test('two leaders with unrelated histories are refused', async () => {
    const sites = await afterFailover();
    await sites.production.setConfig({ generation: { value: 5 } });
    await sites.production.up();
    await expect(planReclone(sites.ports, REQUEST)).rejects.toMatchObject({ code: 'NOT-RELATED', exit: 6 });
  });

  test('a standby can’t be followed', async () => {
    const sites = await makeTwoSites(await scratch());
    await expect(planReclone(sites.ports, REQUEST)).rejects.toMatchObject({ code: 'NOT-LEADING', exit: 6 });
  });
});

describe('the old site as a standby', () => {
  test('is fenced, stopped, emptied, and begins its next generation', async () => {
    const sites = await afterFailover();
    const report = await comeBack(sites);
    expect(report.followsAt).toBe('0/7000000');
    expect(sites.old.done).toEqual([
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
    expect(sites.old.claimNames).toEqual(['uploads', 'data-postgres-0']);
    expect(sites.old.endpoints).toEqual([]);
    expect(sites.production.made).toMatchObject({
      role: 'standby',
      lineage: 'us-east-1-2',
      follows: { site: 'eu-west-1', generation: 1, repository: 'secondary' },
    });
    expect(
      await readFence(sites.store, layout(ENVIRONMENT), { lineage: 'us-east-1-1', keys: [SIGNING_KEY] }),
    ).toMatchObject({
      successor: 'eu-west-1-1',
    });
  });

  test('keeps its own settings for services', async () => {
    const sites = await afterFailover();
    const ready = { services: true, exclude: ['Ingress'] };
    await sites.production.setConfig({
      standby: {
        value: {
          of: { site: 'eu-west-1', generation: 7 },
          repository: 'primary',
          end: { lineage: 'eu-west-1-7', lsn: '0/1' },
          ...ready,
        },
      },
    });
    await comeBack(sites);
    expect((await sites.production.config()).standby?.value).toEqual({
      of: { site: 'eu-west-1', generation: 1 },
      repository: 'secondary',
      ...ready,
    });
  });

  test('a run that was killed in its up resumes, and deletes nothing of the new generation', async () => {
    const sites = await afterFailover();
    sites.production.before = () => {
      throw new Error('killed');
    };
    await expect(comeBack(sites)).rejects.toThrow('killed');
    sites.old.claimNames = ['uploads', 'data-postgres-0'];
    sites.old.done.length = 0;
    sites.production.before = () => {};
    const plan = await planReclone(sites.ports, REQUEST);
    expect(plan).toMatchObject({ state: 'to-bring-up', claims: [], next: { generation: 2 } });
    await comeBack(sites, { ...REQUEST, deleteClaims: false });
    expect(sites.old.done.filter((what) => what.startsWith('delete') || what.startsWith('stop'))).toEqual([]);
    expect((await planReclone(sites.ports, REQUEST)).state).toBe('follows');
  });
});

describe('the switchover', () => {
  async function followed(): Promise<TwoSites> {
    const sites = await afterFailover();
    await comeBack(sites);
    for (const log of [sites.old.done, sites.standby.done]) log.length = 0;
    sites.standby.database.lsn = '0/9000060';
    await sites.archive('eu-west-1-1', '000000020000000000000008');
    sites.standby.onShip = () => sites.archive('eu-west-1-1', '000000020000000000000009');
    sites.production.onUp = async () => {
      const history = '2\t0/A000000\tno recovery target specified\n';
      Object.assign(sites.old.database, { follows: false, timeline: 3, lsn: '0/A000100', history });
    };
    return sites;
  }
  const switched = (sites: TwoSites) => switchOver(sites.ports, productionPlan, REQUEST, async () => {});

  test('stops the leader, loses nothing, and starts the services that were stopped', async () => {
    const sites = await followed();
    const report = await switched(sites);
    expect(sites.standby.done.slice(-3)).toEqual(['stop orders', 'stop redis', 'stop postgres']);
    expect(report).toMatchObject({ fenced: 'cluster', rpo: { measuredSeconds: 0 } });
    // The users are where the failover has led them until somebody moves them.
    expect(report.next).toEqual(['lead the users to the first site’s entrance: move-the-users 0']);
    expect(report.verification.find(({ id }) => id === 'arrived')).toMatchObject({ ok: true });
    expect(sites.old.done).toEqual(['config role, standby of production', 'up production', 'resume orders']);
    expect(
      await readFence(sites.store, layout(ENVIRONMENT), { lineage: 'eu-west-1-1', keys: [SIGNING_KEY] }),
    ).toMatchObject({
      successor: 'us-east-1-2',
    });
  });

  test('CronJobs of the platform wait until the site leads; one that was suspended before stays suspended', async () => {
    const sites = await afterFailover();
    sites.old.ownCrons.set('orders-report', { suspended: false, stopped: false });
    sites.old.ownCrons.set('orders-import', { suspended: true, stopped: false });
    await comeBack(sites);
    expect(sites.old.crons.get('dr-daily')).toMatchObject({ suspended: false });
    expect(sites.old.ownCrons.get('orders-report')).toEqual({ suspended: true, stopped: true });
    sites.standby.database.lsn = '0/9000060';
    await sites.archive('eu-west-1-1', '000000020000000000000008');
    sites.standby.onShip = () => sites.archive('eu-west-1-1', '000000020000000000000009');
    sites.production.onUp = async () => {
      expect(sites.old.ownCrons.get('orders-report')).toMatchObject({ suspended: true });
      const history = '2\t0/A000000\tno recovery target specified\n';
      Object.assign(sites.old.database, { follows: false, timeline: 3, lsn: '0/A000100', history });
    };
    await switched(sites);
    expect(sites.old.ownCrons.get('orders-report')).toEqual({ suspended: false, stopped: false });
    expect(sites.old.ownCrons.get('orders-import')).toEqual({ suspended: true, stopped: false });
  });

  test('then the other site can come back', async () => {
    const sites = await followed();
    await switched(sites);
    sites.old.jobs.set('dr-full-us-east-1-2', 'done');
    const plan = await planReclone(sites.ports, { stack: 'dr', of: 'production', deleteClaims: true });
    expect(plan).toMatchObject({ state: 'to-empty', next: { site: 'eu-west-1', generation: 2 } });
    await expect(planReclone(sites.ports, REQUEST)).rejects.toMatchObject({ code: 'ALREADY-LEADS' });
  });

  test('is refused, before anything is stopped, while the standby is behind', async () => {
    const sites = await followed();
    sites.old.database.lsn = '0/1000000';
    const { refusals } = await planSwitchover(sites.ports, productionPlan, REQUEST);
    expect(refusals.map(({ code }) => code)).toEqual(['STANDBY-BEHIND']);
    await expect(switched(sites)).rejects.toMatchObject({ code: 'STANDBY-BEHIND', exit: 6 });
    expect(sites.standby.done).toEqual([]);
  });

  test('a site that does not follow the leader must be re-cloned first', async () => {
    const sites = await afterFailover();
    await expect(switched(sites)).rejects.toMatchObject({ code: 'NOT-RESEEDED', exit: 6 });
  });
});
