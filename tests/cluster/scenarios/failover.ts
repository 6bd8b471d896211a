/** Scenario 4: the standby takes over under load while the first region’s storage is gone, and hands back without loss once it is there. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Load } from '../../../drill/load/load.ts';
import { productionPlan } from '../../../plan/production.ts';
import { planReclone, recloneRefusals } from '../../../recovery/failover/failback/plan.ts';
import { reclone } from '../../../recovery/failover/failback/reclone.ts';
import { switchOver } from '../../../recovery/failover/failback/switchover.ts';
import type { FailoverPorts } from '../../../recovery/failover/ports.ts';
import { attachToStack, planStackAttach } from '../../../recovery/failover/repository.ts';
import { failOver } from '../../../recovery/failover/run.ts';
import type { FailoverReport, OldSite } from '../../../recovery/failover/types.ts';
import { openFailoverPorts } from '../../../recovery/failover/wiring.ts';
import { archived } from '../archive.ts';
import { say } from '../cluster.ts';
import { members, sql } from '../database.ts';
import { type ClusterFixture, lossesOf, PLATFORM, RECOVERY } from '../fixture.ts';
import { place } from '../place.ts';
import { poll } from '../poll.ts';
import { servicesNotReady } from '../services/deploy.ts';
import { STANDBY } from '../stacks.ts';

const PLAN = { ...productionPlan, environment: 'local' };

async function portsOf(fixture: ClusterFixture): Promise<FailoverPorts> {
  const context = {
    progress: ({ title, state, detail }: { title: string; state: string; detail?: string }) =>
      say(`${state} ${title}${detail === undefined ? '' : `: ${detail}`}`),
    now: () => new Date(),
    signal: new AbortController().signal,
    confirm: async () => {},
  };
  return openFailoverPorts(context, join(fixture.folder, 'state'), fixture.engine);
}

const oldSite = (): OldSite => ({
  cluster: { context: 'local', kubeconfig: { path: place().kubeconfig } },
  namespaces: { platform: PLATFORM, recovery: RECOVERY, existing: [] },
});

const agree = async (): Promise<void> => {};

export function failover(fixture: ClusterFixture): void {
  const api = () => fixture.cluster.api;

  describe('4: failover', () => {
    let load: Load;
    let report: FailoverReport;
    // What an earlier scenario has lost, when a leader died without a word, is no loss of this one.
    let since: Date;

    it('under load, the standby takes over; the first region’s storage is gone all along', async () => {
      since = new Date();
      await fixture.cluster.storage.primary.kill();
      load = await fixture.startLoad(PLATFORM);
      await load.more(100);
      const request = { stack: 'dr', old: oldSite(), allowUnfenced: false };
      report = await failOver(await portsOf(fixture), PLAN, request, agree);
      expect(report.verification.filter(({ ok }) => !ok)).toEqual([]);
      expect(report).toMatchObject({
        lineage: 'eu-west-1-1',
        fenced: 'cluster',
        rto: { met: true },
        rpo: { met: true },
      });
    });

    it('no commit is lost: the old site was stopped first, and its archive was waited for', async () => {
      expect((await load.ended).died).toBeDefined();
      const comparison = await fixture.compare(STANDBY.platform, new Date(report.declaredAt), { since });
      const inDatabase = comparison.kinds.filter(({ kind }) => kind === 'order' || kind === 'payment');
      expect(lossesOf({ kinds: inDatabase })).toEqual([]);
      // Redis comes from its newest snapshot.
      for (const { kind, lostSeconds } of comparison.kinds) {
        say(`${kind}: ${lostSeconds.toFixed(1)} s`);
        expect(lostSeconds, kind).toBeLessThanOrEqual(900);
      }
    });

    it('its services are active, tier by tier', async () => {
      const tiers = report.timeline.flatMap(({ event, tier }) => (event.endsWith('is back, checked') ? [tier] : []));
      expect(tiers).toEqual(['P1', 'P2', 'P3', 'P4']);
      expect(await servicesNotReady(api(), STANDBY.platform, 120)).toEqual([]);
    });

    it('one leads, and it archives for itself', async () => {
      const found = await members(api(), STANDBY.platform);
      expect(found.map(({ role }) => role)).toContain('leader');
      expect(await members(api(), PLATFORM)).toEqual([]);
      const there = await archived(fixture.cluster, STANDBY.platform, 'eu-west-1-1', ['local', 'secondary']);
      expect(there).toEqual(['local', 'secondary']);
    });

    it('nothing waits for the region that is gone', async () => {
      const full = { name: 'dr-full-eu-west-1-1', namespace: STANDBY.recovery };
      expect((await api().batch.readNamespacedJob(full)).status?.failed ?? 0).toBe(0);
    });

    it('the region is back: it takes part again', async () => {
      await fixture.cluster.storage.primary.start();
      const ports = await portsOf(fixture);
      const primary = { stack: 'dr', repository: 'primary' };
      expect(await planStackAttach(ports, primary)).toMatchObject({ needed: true });
      await attachToStack(ports, primary);
      expect(await archived(fixture.cluster, STANDBY.platform, 'eu-west-1-1')).toContain('primary');
    });
  });

  describe('4: failback', () => {
    const request = { stack: 'local', of: 'dr', deleteClaims: true };
    let load: Load;
    let since: Date;

    it('the old site comes back as a standby, under load', async () => {
      since = new Date();
      load = await fixture.startLoad(STANDBY.platform);
      await load.more(50);
      const ports = await portsOf(fixture);
      const plan = await planReclone(ports, request);
      expect(recloneRefusals(plan, request)).toEqual([]);
      // The first region has been back for a minute, and holds no copy of this leader yet.
      expect(plan.repository).toBe('secondary');
      await reclone(ports, request, plan);
      const found = await members(api(), PLATFORM);
      expect(found.map(({ role }) => role)).toContain('standby_leader');
    });

    it('leads again without loss', async () => {
      const switched = await switchOver(await portsOf(fixture), PLAN, request, agree);
      expect(switched.verification.filter(({ ok }) => !ok)).toEqual([]);
      expect((await load.ended).died).toBeDefined();
      const { kinds } = await fixture.compare(PLATFORM, new Date(), { since });
      const inDatabase = kinds.filter(({ kind }) => kind === 'order' || kind === 'payment');
      expect(lossesOf({ kinds: inDatabase })).toEqual([]);
    });

    it('its services are ready again, and writes resume', async () => {
      const lineage = `local-${Number(fixture.outputs.generation) + 1}`;
      fixture.outputs = await (await fixture.engine.select('local')).outputs();
      expect(fixture.outputs).toMatchObject({ lineage, leads: true });
      fixture.now = { ...fixture.now, lineage, outputs: fixture.outputs };
      expect(await servicesNotReady(api(), PLATFORM, 180)).toEqual([]);
      const after = await fixture.startLoad(PLATFORM);
      await after.more(50);
      expect((await after.stop()).died).toBeUndefined();
      const [row] = await poll(
        60,
        () => sql(api(), PLATFORM, 'SELECT pg_is_in_recovery() AS follows'),
        ([answer]) => answer?.follows === false,
      );
      expect(row).toEqual({ follows: false });
    });
  });
}
