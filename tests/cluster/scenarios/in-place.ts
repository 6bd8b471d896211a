/** Scenario 2, where the cluster is well: under load somebody empties tables, and the stack goes back to just before, where it runs. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { productionPlan } from '../../../plan/production.ts';
import type { InPlaceOutcome } from '../../../recovery/in-place/outcome.ts';
import { restoreInPlace } from '../../../recovery/in-place/run.ts';
import type { InPlacePorts } from '../../../recovery/in-place/types.ts';
import { KEPT } from '../../../recovery/in-place/volumes.ts';
import { openInPlacePorts } from '../../../recovery/in-place/wiring.ts';
import { archived } from '../archive.ts';
import { brokenCanaries } from '../checks.ts';
import { say } from '../cluster.ts';
import { sql } from '../database.ts';
import { type ClusterFixture, lossesOf, PLATFORM } from '../fixture.ts';
import { poll } from '../poll.ts';
import { servicesNotReady } from '../services/deploy.ts';

const PLAN = { ...productionPlan, environment: 'local' };

/** As a process that dies when this step begins: nothing of it runs any more, and the journal is as it was. */
class Killed extends Error {}

async function portsOf(fixture: ClusterFixture, killAt?: string): Promise<InPlacePorts> {
  const context = {
    progress: ({ title, state, detail }: { title: string; state: string; detail?: string }) => {
      say(`${state} ${title}${detail === undefined ? '' : `: ${detail}`}`);
      if (killAt !== undefined && title.startsWith(killAt)) throw new Killed(title);
    },
    now: () => new Date(),
    signal: new AbortController().signal,
    confirm: async () => {},
  };
  return openInPlacePorts(context, join(fixture.folder, 'state'), fixture.engine);
}

export function inPlace(fixture: ClusterFixture): void {
  const api = () => fixture.cluster.api;
  const agree = async (): Promise<void> => {};

  describe('2: the data is lost, and the cluster is well', () => {
    let goodUntil: Date;
    let since: Date;
    let outcome: InPlaceOutcome;
    const request = () => ({
      stack: 'local',
      target: goodUntil.toISOString(),
      stores: ['postgres'] as const,
      keepGoing: false,
    });

    it('somebody empties tables, and the restore is killed when the old claims are gone', async () => {
      since = new Date();
      const load = await fixture.startLoad(PLATFORM);
      await load.more(50);
      await load.stop();
      // A commit after the moment that is asked for: else PostgreSQL could not tell that it was reached.
      const [row] = await sql(api(), PLATFORM, 'SELECT clock_timestamp() AS now');
      goodUntil = new Date(String(row?.now));
      await sql(api(), PLATFORM, 'TRUNCATE orders CASCADE');
      const ports = await portsOf(fixture, 'delete the claim data-postgres-1');
      await expect(restoreInPlace(ports, PLAN, request(), agree)).rejects.toThrow(Killed);
    });

    it('the same command ends well, and the next generation leads', async () => {
      outcome = await restoreInPlace(await portsOf(fixture), PLAN, request(), agree);
      expect(outcome.rebuilt.checks.filter(({ ok }) => !ok)).toEqual([]);
      expect(outcome).toMatchObject({ woken: true, rebuilt: { resumed: true } });
      const { lineage } = outcome.plan.next;
      fixture.outputs = await (await fixture.engine.select('local')).outputs();
      fixture.now = { ...fixture.now, lineage, outputs: fixture.outputs };
      expect(fixture.outputs).toMatchObject({ lineage, leads: true });
    });

    it('nothing that was acknowledged before is lost; the services are as they were', async () => {
      const { kinds } = await fixture.compare(PLATFORM, goodUntil, { since, upTo: goodUntil });
      const inDatabase = kinds.filter(({ kind }) => kind === 'order' || kind === 'payment');
      expect(lossesOf({ kinds: inDatabase })).toEqual([]);
      expect(await brokenCanaries(api(), PLATFORM)).toBe(0);
      expect(await servicesNotReady(api(), PLATFORM, 60)).toEqual([]);
    });

    it('the old volumes are kept, and the new lineage is archived', async () => {
      const { items } = await api().core.listPersistentVolume({
        labelSelector: `${KEPT.lineage}=${outcome.plan.lineage}`,
      });
      const kept = items.map(({ metadata, spec, status }) => [
        metadata?.name,
        spec?.persistentVolumeReclaimPolicy,
        status?.phase,
      ]);
      const wanted = outcome.kept.map(({ volume }) => [volume, 'Retain', 'Released']);
      expect(kept.toSorted()).toEqual(wanted.toSorted());
      expect(await archived(fixture.cluster, PLATFORM, fixture.now.lineage)).toContain('primary');
    });

    it('a full backup begins the new lineage', async () => {
      const job = { name: `dr-full-${fixture.now.lineage}`, namespace: fixture.now.recovery };
      const { status } = await poll(
        300,
        () => api().batch.readNamespacedJob(job),
        ({ status }) =>
          (status?.succeeded ?? 0) > 0 || (status?.conditions ?? []).some(({ type }) => type === 'Failed'),
      );
      expect(status?.succeeded).toBe(1);
    });

    it('writes go on: the fence of the ended lineage has not reached the new database', async () => {
      const after = await fixture.startLoad(PLATFORM);
      await after.more(20);
      expect((await after.stop()).died).toBeUndefined();
    });
  });
}
