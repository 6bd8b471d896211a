/** Alarms on a real site: each fault is made, rings in Prometheus by the exporter's own samples, and stops when it is over. */
import { cp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { alertRules } from '../../infra/monitoring/rules.ts';
import type { Plan } from '../../plan/types.ts';
import { ownLineage } from '../../recovery/config/lineage.ts';
import { isConfigured } from '../../recovery/config/selection.ts';
import { openSite, type Site } from '../../recovery/config/site.ts';
import { raiseFence } from '../../recovery/points/fence.ts';
import { drillsFolder, recordMeasurements } from '../../recovery/report/measurements.ts';
import { makeExporter } from '../../recovery/status/monitor/exporter.ts';
import { makeObserver } from '../../recovery/status/monitor/observe.ts';
import { firing } from '../infra/monitoring/firing.ts';
import { hasPromtool } from '../infra/monitoring/promtool.ts';
import { drEnds, withGolden } from './golden.ts';
import { makeDrive, withOffsite } from './offsite-site.ts';
import { flipByte } from './verify-dr.ts';

const HOLD_MINUTES = 8;
const DAY_MS = 86_400_000;

/** The rules of a plan with the golden site's repositories only: it is no production. */
function rulesOf(site: Site) {
  const { plan, environment } = site;
  const known = [...site.repositories.keys(), 'offsite'];
  const own: Plan = { ...plan, repositories: plan.repositories.filter(({ id }) => known.includes(id)) };
  return alertRules(own, { workloads: plan.workloads.filter((w) => isConfigured(environment, w)).map(({ id }) => id) });
}

/** Alerts that fire after some minutes of what the exporter sees, at once or `later` (milliseconds). */
async function ringing(site: Site, later = 0): Promise<readonly string[]> {
  const exporter = makeExporter(site);
  const now = new Date(Date.now() + later);
  exporter.update({ ...(await makeObserver(site, 30).observe(new Date())), at: now });
  const scrape = exporter.samples(now).filter(({ metric }) => metric !== 'go_coffee_dr_refreshed_timestamp_seconds');
  const scrapes = Array.from({ length: HOLD_MINUTES }, () => scrape);
  const last = HOLD_MINUTES - 1;
  return (await firing({ rules: rulesOf(site), every: 1, scrapes, at: [last], start: now })).get(last) ?? [];
}

const about = (alerts: readonly string[], ...names: string[]): string[] =>
  alerts.filter((alert) => names.some((name) => alert.startsWith(name)));

test.skipIf(!hasPromtool)('a healthy site is silent; damage, absence, silence and a fence ring, and stop', async () => {
  await withGolden(async ({ startSource, repositories }) => {
    const platform = await startSource();
    const { envFile } = platform;
    const site = await openSite(envFile);
    await drEnds(0, envFile, ['verify']);
    expect(await ringing(site)).toEqual([]);

    // Damage that a verification finds.
    const packs = join(repositories, 'local', 'drill/restic/data');
    const [name = ''] = (await readdir(packs, { recursive: true })).filter((path) => path.length > 60);
    const pack = join(packs, name);
    await cp(pack, `${packs}.good`);
    await flipByte(pack);
    await drEnds(5, envFile, ['verify', '--read-data', '100']);
    expect(await ringing(site)).toEqual(['DrIntegrityFailed local']);
    await rename(`${packs}.good`, pack);
    await drEnds(0, envFile, ['verify']);
    expect(await ringing(site)).toEqual([]);

    // A failed run, and the repository that made it fail.
    await rename(join(repositories, 'secondary'), join(repositories, 'away'));
    await drEnds(3, envFile, ['backup', '--kind', 'incremental', '--only', 'redis']);
    const gone = await ringing(site);
    expect(about(gone, 'DrRepositoryUnreachable', 'DrBackupFailed')).toEqual([
      'DrBackupFailed redis',
      'DrRepositoryUnreachable secondary',
    ]);
    await rename(join(repositories, 'local'), join(repositories, 'away-too'));
    expect(await ringing(site)).toContain('DrAllRepositoriesUnreachable');
    await rename(join(repositories, 'away'), join(repositories, 'secondary'));
    await rename(join(repositories, 'away-too'), join(repositories, 'local'));
    await drEnds(0, envFile, ['backup', '--kind', 'incremental', '--only', 'redis']);
    expect(await ringing(site)).toEqual([]);

    // Another site leads.
    const local = site.repository('local');
    const store = await local.store('restorer');
    const lineage = (await ownLineage(site)) ?? '';
    const fence = { lineage, successor: 'other-1', what: 'dr failover --stack dr', now: new Date() };
    await raiseFence(store, local.layout, fence);
    expect(await ringing(site)).toEqual(['DrFenced']);
    await store.delete(local.layout.fence(lineage));
    expect(await ringing(site)).toEqual([]);

    // Nothing for hours, and then for weeks.
    const hours = await ringing(site, 5 * 3_600_000);
    expect(hours).toEqual(
      expect.arrayContaining([
        'DrBackupFailed hourly',
        'DrNoNewPoint redis',
        'DrObjectiveMissed rpo',
        'DrWalRpoMissed',
      ]),
    );
    const weeks = await ringing(site, 40 * DAY_MS);
    expect(about(weeks, 'DrDrillOverdue', 'DrVerificationOverdue', 'DrExportOverdue')).toEqual([
      'DrDrillOverdue application-failure',
      'DrDrillOverdue database-corruption',
      'DrExportOverdue offsite',
      'DrVerificationOverdue local',
      'DrVerificationOverdue secondary',
    ]);
    // A drill of the cluster keeps its result in its own folder of the state.
    const drilled = { at: new Date().toISOString(), what: 'drill database-corruption', source: 'drill' } as const;
    const slow = { ...drilled, tier: 'P1', rtoSeconds: 5 * 3600 };
    await recordMeasurements(drillsFolder(site.environment.stateDir), [slow]);
    expect(await ringing(site)).toEqual(['DrObjectiveMissed rto']);
    await recordMeasurements(drillsFolder(site.environment.stateDir), [
      { ...slow, at: new Date().toISOString(), rtoSeconds: 40 },
    ]);
    expect(await ringing(site)).toEqual([]);

    // The exporter asks nobody any more.
    await platform.stop();
    expect(about(await ringing(site), 'DrNoAnswer')).toEqual(['DrNoAnswer postgres', 'DrNoAnswer redis']);
  });
});

test.skipIf(!hasPromtool)('an off-site copy is known where its drive is not, and a missed one rings', async () => {
  await withGolden(async (golden) => {
    const offsite = await makeDrive(golden);
    const carrier = await golden.emptySite('carrier', { edit: withOffsite(offsite) });
    const other = await openSite((await golden.emptySite('other')).envFile);
    const week = 9 * DAY_MS;
    expect(about(await ringing(other), 'DrExportOverdue')).toEqual([]);
    expect(about(await ringing(other, week), 'DrExportOverdue')).toEqual(['DrExportOverdue offsite']);
    await drEnds(0, carrier.envFile, ['offsite', 'export']);
    const known = (site: Site, later: number) =>
      ringing(site, later).then((all) => about(all, 'DrExport', 'DrRepositoryUn'));
    const carrying = await openSite(carrier.envFile);
    expect(await known(carrying, week - 2 * DAY_MS)).toEqual([]);
    // In the safe.
    await rm(join(golden.folder, 'drive', 'drill'), { recursive: true });
    for (const site of [carrying, other]) {
      expect(await known(site, week - 2 * DAY_MS)).toEqual([]);
      expect(await known(site, week)).toEqual(['DrExportOverdue offsite']);
    }
  });
});
