/** A drill beside the live platform, from its newest point; verified by its data, and gone afterwards. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runClusterDrill } from '../../../drill/cluster/run.ts';
import { productionPlan } from '../../../plan/production.ts';
import { silentLog } from '../../../recovery/core/log.ts';
import { readPoints, resolveRecoveryPoint } from '../../../recovery/points/resolved/resolved-point.ts';
import { openRebuiltCluster } from '../../../recovery/rebuild/data/cluster.ts';
import type { DrillReport } from '../../../recovery/report/types.ts';
import { rowCounts } from '../checks.ts';
import { say } from '../cluster.ts';
import { type ClusterFixture, PLATFORM } from '../fixture.ts';
import { whyNotEnforced } from '../network-policies.ts';
import { databaseOf, KUBERNETES_API, OBJECT_STORAGE, reachOf } from '../reach.ts';

const STACK = 'drill-scenario';

/** Of the drill's own platform, and of the one that lives. */
const DRILLED = `go-coffee-${STACK}`;
const [OWN, LIVING] = [databaseOf(DRILLED), databaseOf(PLATFORM)];

export function quarantine(fixture: ClusterFixture): void {
  const api = () => fixture.cluster.api;

  describe('F37: a drill in quarantine', () => {
    let report: DrillReport;
    let before: Record<string, number>;
    const reached: Record<string, 'open' | 'shut'>[] = [];

    it('is rebuilt beside the live platform', async () => {
      before = await rowCounts(api(), PLATFORM);
      const request = { stack: STACK, like: 'local', repository: 'secondary', target: 'latest', set: {}, keep: false };
      const result = await runClusterDrill(
        { ...request, reportFolder: join(fixture.folder, STACK) },
        {
          engine: fixture.engine,
          stateDir: join(fixture.folder, 'state'),
          plan: { ...productionPlan, environment: 'local' },
          resolve: resolveRecoveryPoint,
          readPoints,
          openCluster: async (place) => {
            // First when its platform is up, and once more when it is gone.
            if (reached.length === 0) {
              const targets = [OWN, LIVING, OBJECT_STORAGE, KUBERNETES_API];
              reached.push(await reachOf(api(), DRILLED, 'order-service', targets));
              reached.push(await reachOf(api(), PLATFORM, 'order-service', [LIVING, OWN]));
            }
            return openRebuiltCluster(place);
          },
          approve: async ({ namespaces }) => say(`${STACK}: ${Object.values(namespaces).join(', ')}`),
          progress: ({ title, state, detail = '' }) => say(`${STACK}: ${state} ${title} ${detail}`),
          log: silentLog,
          now: () => new Date(),
        },
      );
      report = result.report;
      for (const { title, expected, actual, ok } of report.verification) say(`${ok} ${title}: ${expected}: ${actual}`);
      expect(report.verification.filter(({ ok }) => !ok)).toEqual([]);
      expect(report.exit).toBe(0);
    });

    it('is asked for its rows, keys and objects, and for what it must not have', () => {
      const asked = report.verification.map(({ title }) => title);
      for (const title of [
        'canary rows',
        'tables hold their rows',
        'Redis holds its keys',
        'captured objects exist',
        'a drill archives nothing',
        'no CronJob of a drill runs',
        'nothing leads into a drill',
        'nothing leads out of a drill by default',
        'what the drill made is gone',
      ]) {
        expect(asked).toContain(title);
      }
      say(report.tiers.map(({ id, rto }) => `${id} ${Math.round(rto.measuredSeconds ?? 0)} s`).join(', '));
    });

    it('nobody in it reaches anything outside, and nobody outside reaches it', async ({ skip }) => {
      const why = await whyNotEnforced();
      skip(why !== undefined, why);
      const [inside, outside] = reached;
      expect(inside).toEqual({
        [OWN]: 'open',
        [LIVING]: 'shut',
        [OBJECT_STORAGE]: 'shut',
        [KUBERNETES_API]: 'shut',
      });
      expect(outside).toEqual({ [LIVING]: 'open', [OWN]: 'shut' });
    });

    it('leaves the live platform as it was', async () => {
      expect(await fixture.engine.list()).not.toContain(STACK);
      const { items } = await api().core.listNamespace();
      expect(items.map(({ metadata }) => metadata?.name).filter((name) => name?.includes('drill'))).toEqual([]);
      const after = await rowCounts(api(), PLATFORM);
      for (const [table, rows] of Object.entries(before)) expect(after[table], table).toBeGreaterThanOrEqual(rows);
    });
  });
}
