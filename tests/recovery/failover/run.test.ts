/** The failover from end to end over two sites: what is done, in which order, what refuses it, and how it goes on. */
import { describe, expect, test } from 'vitest';
import { layout } from '../../../plan/layout.ts';
import { productionPlan } from '../../../plan/production.ts';
import type { FailoverPorts } from '../../../recovery/failover/ports.ts';
import { failOver, previewFailover } from '../../../recovery/failover/run.ts';
import { planText, reportText } from '../../../recovery/failover/text.ts';
import type { FailoverReport, FailoverRequest } from '../../../recovery/failover/types.ts';
import { openCluster } from '../../../recovery/kubernetes/cluster.ts';
import { openClusterAccess } from '../../../recovery/kubernetes/location.ts';
import { raiseFence, readFence } from '../../../recovery/points/fence.ts';
import { scratch } from '../../scratch.ts';
import { owned, startStackCluster } from '../kubernetes/stack-cluster.ts';
import { ENVIRONMENT, makeTwoSites, SIGNING_KEY, type TwoSites } from './two-sites.ts';

const OLD = {
  cluster: { context: 'us' },
  namespaces: { platform: 'go-coffee', recovery: 'go-coffee-dr', existing: [] },
};
const REQUEST: FailoverRequest = { stack: 'dr', old: OLD, allowUnfenced: false };
const SEGMENT = '000000010000000000000005';
const PROMOTED = '1\t0/6000000\tno recovery target specified\n';

/** The old leader is in segment 5, of which nothing is archived; what it finishes arrives. */
async function twoSites(): Promise<TwoSites> {
  const sites = await makeTwoSites(await scratch());
  await sites.archive('us-east-1-1', '000000010000000000000004');
  sites.old.onShip = () => sites.archive('us-east-1-1', SEGMENT);
  sites.dr.onUp = async () => {
    Object.assign(sites.standby.database, { follows: false, timeline: 2, lsn: '0/6000100', history: PROMOTED });
    sites.standby.jobs.set('dr-full-eu-west-1-1', 'running');
  };
  return sites;
}

const run = (sites: TwoSites, request: FailoverRequest = REQUEST): Promise<FailoverReport> =>
  failOver(sites.ports, productionPlan, request, async (seen) => void sites.confirmed.push(seen.stack));

const checksOf = ({ verification }: FailoverReport) => Object.fromEntries(verification.map(({ id, ok }) => [id, ok]));

describe('a preview', () => {
  test('shows the expected loss and changes nothing', async () => {
    const sites = await twoSites();
    const { plan, refusals } = await previewFailover(sites.ports, productionPlan, REQUEST);
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
    expect([...sites.old.done, ...sites.standby.done]).toEqual([]);
    expect(JSON.stringify(plan)).not.toContain('secret of');
    expect(planText(plan)).toContain('takes over from');
  });

  test('an unreachable old site loses its unarchived commits: from the last segment to the declared moment', async () => {
    const sites = await twoSites();
    sites.old.away = true;
    sites.now = new Date(Date.now() + 600_000);
    const declaredAt = new Date(Date.now() + 30_000);
    const { plan, refusals } = await previewFailover(sites.ports, productionPlan, { ...REQUEST, declaredAt });
    expect(plan.oldCluster).toMatchObject({ state: 'away', fact: expect.stringContaining('ECONNREFUSED') });
    expect(plan.loss.seconds).toBeGreaterThan(25);
    expect(plan.loss.seconds).toBeLessThanOrEqual(31);
    expect(plan.oldSiteWrites).toBe(false);
    expect(refusals.map(({ code }) => code)).toEqual(['UNFENCED']);
  });
});

describe('a failover', () => {
  test('says why a pod of the standby does not start, while the promotion still waits for it', async () => {
    const sites = await twoSites();
    const cluster = await startStackCluster();
    const message = '0/2 nodes are available: 2 Insufficient memory.';
    const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }];
    cluster.put(owned('Pod', 'redis-0', undefined, { status: { phase: 'Pending', conditions } }));
    const told = Promise.withResolvers<string>();
    const promote = sites.dr.onUp;
    sites.dr.onUp = async (...args) => {
      expect(await told.promise).toBe(`Unschedulable: ${message}`);
      await promote(...args);
    };
    const place = { context: 'production', kubeconfig: { path: cluster.kubeconfig } };
    const ports: FailoverPorts = {
      ...sites.ports,
      openPods: async () => openCluster(await openClusterAccess(place)),
      progress: ({ step, detail = '' }) => void (step === 'waits/pod go-coffee-dr/redis-0' && told.resolve(detail)),
    };
    await run({ ...sites, ports });
  });

  test('fences, stops services before the database, promotes, and proves that nothing is lost', async () => {
    const sites = await twoSites();
    const report = await run(sites);
    expect(sites.old.done).toEqual([
      'refuse pods in go-coffee',
      'refuse pods in go-coffee-dr',
      'suspend dr-daily',
      'stop orders',
      'stop redis',
      'stop postgres',
    ]);
    expect(sites.old.database.readOnly).toBe(true);
    expect(sites.standby.done).toEqual(['config role, standby of dr', 'up dr']);
    const end = { lineage: 'us-east-1-1', lsn: '0/5000060' };
    expect(sites.dr.values.standby?.value).toMatchObject({ of: { site: 'us-east-1' }, end });
    expect(sites.confirmed).toEqual(['dr']);
    expect(checksOf(report)).toEqual({ leader: true, writes: true, lineage: true, arrived: true });
    expect(report).toMatchObject({ fenced: 'cluster', fullBackup: 'running', rpo: { measuredSeconds: 0, met: true } });
    const fence = await readFence(sites.store, layout(ENVIRONMENT), { lineage: 'us-east-1-1', keys: [SIGNING_KEY] });
    expect(fence).toMatchObject({ successor: 'eu-west-1-1', what: 'dr failover --stack dr' });
    expect(reportText(report)).toContain('eu-west-1-1 leads since');
    // A promotion moves no user: it says what does.
    expect(reportText(report)).toContain('next: lead the users to the standby’s entrance: move-the-users 1');
  });

  test('a leader whose sessions are read-only by their default does not take writes', async () => {
    const sites = await twoSites();
    const promote = sites.dr.onUp;
    sites.dr.onUp = async (options) => {
      await promote?.(options);
      sites.standby.database.readOnly = true;
    };
    const report = await run(sites);
    expect(checksOf(report)).toMatchObject({ leader: true, writes: false });
    expect(report.verification.find(({ id }) => id === 'writes')?.actual).toContain('sessions may not write');
  });

  test('stops the services of every namespace of the old site, a PostgreSQL of their own too, before its database', async () => {
    const sites = await twoSites();
    sites.old.elsewhere.set('shop', new Set(['web', 'postgres']));
    await run(sites, { ...REQUEST, old: { ...OLD, namespaces: { ...OLD.namespaces, existing: ['shop'] } } });
    const { done } = sites.old;
    expect(done.slice(0, 3)).toEqual([
      'refuse pods in go-coffee',
      'refuse pods in go-coffee-dr',
      'refuse pods in shop',
    ]);
    expect(done).toEqual(expect.arrayContaining(['stop shop/web', 'stop shop/postgres']));
    expect(done.at(-1)).toBe('stop postgres');
  });

  test('a namespace of the old site that is not there: refused, nothing is stopped', async () => {
    const sites = await twoSites();
    const old = { ...OLD, namespaces: { ...OLD.namespaces, existing: ['shp'] } };
    await expect(run(sites, { ...REQUEST, old })).rejects.toMatchObject({
      code: 'UNFENCED',
      fact: expect.stringContaining('has no namespace "shp"'),
    });
    expect(sites.old.done).toEqual([]);
  });

  test('with services in the stack: reports when each tier was checked; the RTO is that of the first', async () => {
    const sites = await twoSites();
    const type = 'kubernetes:batch/v1:Job';
    const promote = sites.dr.onUp;
    sites.dr.onUp = async (options) => {
      await promote();
      for (const check of ['stores', 'p1', 'p4']) {
        const name = `platform-recovery-check-${check}`;
        for (const state of ['start', 'done'] as const)
          options?.onEvent?.({ state, op: 'create', urn: name, type, name });
      }
      sites.now = new Date(sites.now.getTime() + 3_600_000);
    };
    const { timeline, rto } = await run(sites);
    const tiers = timeline.filter(({ event }) => event.endsWith('is back, checked'));
    expect(tiers.map(({ tier }) => tier)).toEqual(['P1', 'P4']);
    expect(rto.measuredSeconds).toBe(tiers[0]?.offsetSeconds);
    expect(timeline.at(-1)?.offsetSeconds).toBeGreaterThanOrEqual(3600);
    expect(timeline.map(({ at }) => at)).toEqual(timeline.map(({ at }) => at).toSorted());
  });

  test('missing WAL of the old leader is a failed check, with its bytes', async () => {
    const sites = await twoSites();
    sites.dr.onUp = async () => {
      const history = '1\t0/5000000\tno recovery target specified\n';
      Object.assign(sites.standby.database, { follows: false, timeline: 2, history });
    };
    const report = await run(sites);
    expect(checksOf(report)).toMatchObject({ arrived: false });
    expect(report.verification.find(({ id }) => id === 'arrived')?.actual).toContain('96 B are missing');
  });

  test('without the old cluster it is refused, and runs with --allow-unfenced', async () => {
    const sites = await twoSites();
    sites.old.away = true;
    await expect(run(sites)).rejects.toMatchObject({ code: 'UNFENCED', exit: 6 });
    expect(sites.confirmed).toEqual([]);
    sites.standby.database.lastCommit = new Date(sites.now.getTime() - 20_000);
    const report = await run(sites, { ...REQUEST, allowUnfenced: true, declaredAt: sites.now });
    // Nobody knows where it ends: the promotion waits for archive silence.
    expect(sites.dr.values.standby?.value).not.toHaveProperty('end');
    expect(report).toMatchObject({ fenced: 'object only', rpo: { measuredSeconds: 20 } });
    expect(report.next.join()).toContain('was not stopped');
    expect(
      await readFence(sites.store, layout(ENVIRONMENT), { lineage: 'us-east-1-1', keys: [SIGNING_KEY] }),
    ).toBeDefined();
  });

  test('WAL that never arrives is a refusal', async () => {
    const sites = await twoSites();
    sites.old.onShip = async () => {};
    const short = { ...REQUEST, maxLossSeconds: 0 };
    sites.now = new Date(Date.now() + 60_000);
    await expect(run({ ...sites, ports: { ...sites.ports, timeoutFactor: 0.01 } }, short)).rejects.toMatchObject({
      code: 'LOSS-TOO-GREAT',
      exit: 6,
    });
    expect(sites.dr.ups).toBe(0);
    // Stopped it would ship nothing more: the same command can wait on.
    expect(sites.old.done).not.toContain('stop postgres');
  });

  test('after an accepted loss no end of the old leader is claimed', async () => {
    const sites = await twoSites();
    sites.old.onShip = async () => {};
    const report = await run({ ...sites, ports: { ...sites.ports, timeoutFactor: 0.01 } });
    expect(report.fenced).toBe('cluster');
    expect(sites.dr.values.standby?.value).not.toHaveProperty('end');
  });

  test('a leader is not promoted again', async () => {
    const sites = await twoSites();
    await run(sites);
    await expect(run(sites)).rejects.toMatchObject({ code: 'ALREADY-LEADS', exit: 6 });
    expect(sites.dr.ups).toBe(1);
  });

  test('another site’s fence ends it before anything is stopped', async () => {
    const sites = await twoSites();
    const other = {
      lineage: 'us-east-1-1',
      successor: 'ap-south-1-1',
      what: 'dr failover --stack ap',
      now: sites.now,
      key: SIGNING_KEY,
    };
    await raiseFence(sites.store, layout(ENVIRONMENT), other);
    await expect(run(sites)).rejects.toMatchObject({ code: 'FENCE-TAKEN', exit: 6 });
    expect(sites.old.done).toEqual([]);
  });
});

describe('a resumed run', () => {
  test('after a failed up: asks and stops nothing again, and keeps the first clock', async () => {
    const sites = await twoSites();
    sites.dr.before = () => {
      throw new Error('killed');
    };
    await expect(run(sites)).rejects.toThrow('killed');
    const stopped = [...sites.old.done];
    sites.dr.before = () => {};
    const first = sites.now;
    sites.now = new Date(first.getTime() + 90_000);
    const report = await run(sites);
    expect(sites.confirmed).toEqual(['dr']);
    expect(sites.old.done).toEqual(stopped);
    expect(report.declaredAt).toBe(first.toISOString());
    expect(report.rto.measuredSeconds).toBe(90);
    expect(checksOf(report)).toMatchObject({ arrived: true });
  });

  test('after a node kept its pod: with --allow-unfenced the fence alone suffices', async () => {
    const sites = await twoSites();
    sites.old.stuck = ['orders-1'];
    const short = { ...sites, ports: { ...sites.ports, timeoutFactor: 0.001 } };
    await expect(run(short)).rejects.toMatchObject({
      code: 'FENCE-INCOMPLETE',
      fact: expect.stringContaining('orders-1'),
    });
    expect(sites.dr.ups).toBe(0);
    const report = await run(short, { ...REQUEST, allowUnfenced: true });
    expect(report.fenced).toBe('object only');
    expect(sites.dr.ups).toBe(1);
  });
});
