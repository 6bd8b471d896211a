/** Alarms on a real site: each fault is made, rings in Prometheus by the exporter's own samples, and stops when it is over. */
import { cp, readdir, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import pg from 'pg';
import { expect, test } from 'vitest';
import type { Platform } from '../../drill/platform/platform.ts';
import { type AlertRule, alertRules, type RuleSettings } from '../../infra/monitoring/rules.ts';
import type { Plan } from '../../plan/types.ts';
import { ownLineage } from '../../recovery/config/lineage.ts';
import { isConfigured } from '../../recovery/config/selection.ts';
import { openSite, type Site } from '../../recovery/config/site.ts';
import { silentLog } from '../../recovery/core/log.ts';
import { makeRun } from '../../recovery/core/process.ts';
import { findPostgresBin } from '../../recovery/engines/find.ts';
import { readKeyring } from '../../recovery/points/catalog/keyring.ts';
import { raiseFence } from '../../recovery/points/fence.ts';
import { readinessJudge, summaryOf } from '../../recovery/readiness/readiness.ts';
import { drillsFolder, recordMeasurements } from '../../recovery/report/measurements.ts';
import { makeExporter } from '../../recovery/status/monitor/exporter.ts';
import { makeObserver } from '../../recovery/status/monitor/observe.ts';
import type { Sample } from '../../recovery/status/monitor/samples.ts';
import { firing } from '../infra/monitoring/firing.ts';
import { hasPromtool } from '../infra/monitoring/promtool.ts';
import { unwritten } from '../infra/monitoring/selectors.ts';
import { drEnds, editEnvironment, withGolden } from './golden.ts';
import { makeDrive, withOffsite } from './offsite-site.ts';
import { flipByte } from './verify-dr.ts';

const HOLD_MINUTES = 8;
const DAY_MS = 86_400_000;

/** The rules of a plan with the golden site's repositories only: it is no production. */
function rulesOf(site: Site, role?: RuleSettings['role']) {
  const { plan } = site;
  const known = [...site.repositories.keys(), 'offsite'];
  const own: Plan = { ...plan, repositories: plan.repositories.filter(({ id }) => known.includes(id)) };
  return alertRules(own, { ...settingsOf(site), ...(role && { role }) });
}

const settingsOf = ({ plan, environment }: Site): RuleSettings => ({
  workloads: plan.workloads.filter((workload) => isConfigured(environment, workload)).map(({ id }) => id),
});

/** Every sample that an exporter has written here, one for each series. */
const written = new Map<string, Sample>();

/** Alerts that fire after some minutes of what the exporter sees, at once or `later` (milliseconds). */
async function ringing(site: Site, later = 0, role?: RuleSettings['role']): Promise<readonly string[]> {
  const exporter = makeExporter(site);
  const now = new Date(Date.now() + later);
  exporter.update({ ...(await makeObserver(site, 30).observe(new Date())), at: now });
  for (const sample of exporter.samples(now)) written.set(JSON.stringify([sample.metric, sample.labels]), sample);
  const scrape = exporter.samples(now).filter(({ metric }) => metric !== 'go_coffee_dr_refreshed_timestamp_seconds');
  const scrapes = Array.from({ length: HOLD_MINUTES }, () => scrape);
  const last = HOLD_MINUTES - 1;
  return (await firing({ rules: rulesOf(site, role), every: 1, scrapes, at: [last], start: now })).get(last) ?? [];
}

/** The monitor judges the readiness beside the refresh: its samples are those that a site without people and drills has. */
async function writeReadiness(site: Site): Promise<void> {
  const exporter = makeExporter(site);
  const now = new Date();
  const observation = await makeObserver(site, 30).observe(now);
  const report = await readinessJudge(site)(observation, now);
  exporter.update({ ...observation, readiness: summaryOf(site.plan, report, now) });
  for (const sample of exporter.samples(now)) written.set(JSON.stringify([sample.metric, sample.labels]), sample);
}

/** One that nobody can read rings, a good one does not. */
async function watchCertificate(envFile: string, path: string): Promise<void> {
  await editEnvironment(envFile, (environment) => ({ ...environment, certificates: { server: path } }));
  const site = await openSite(envFile);
  const ring = async () => about(await ringing(site), 'DrCertificate').length > 0;
  expect(await ring()).toBe(true);
  await writeFile(path, rootCertificates[0] ?? '');
  expect(await ring()).toBe(false);
  await editEnvironment(envFile, ({ certificates: _, ...environment }) => environment);
}

const about = (alerts: readonly string[], ...names: string[]): string[] =>
  alerts.filter((alert) => names.some((name) => alert.startsWith(name)));

const run = makeRun(silentLog);

/** The disk of a repository becomes full, and has room again. Only root may mount one; whoever runs the tests without is told nothing. */
async function fillDisk(site: Site, path: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const kept = `${path}.kept`;
  await rename(path, kept);
  await run(['cp', '-a', kept, path]);
  const { stdout } = await run(['du', '-sm', path]);
  const size = (Number.parseInt(stdout, 10) + 20) * 5;
  await rm(path, { recursive: true });
  await run(['mkdir', path]);
  await run(['mount', '-t', 'tmpfs', '-o', `size=${size}m,mode=755`, 'tmpfs', path]);
  try {
    await run(['cp', '-a', `${kept}/.`, path]);
    const { blocks, bsize } = await statfs(path);
    const ballast = join(path, 'ballast');
    const upTo = async (share: number): Promise<void> => {
      await rm(ballast, { force: true });
      const { bfree } = await statfs(path);
      await run(['fallocate', '-l', String(Math.floor((bfree - blocks * (1 - share)) * bsize)), ballast]);
    };
    await upTo(0.85);
    expect(about(await ringing(site), 'DrStorage')).toEqual(['DrStorageFillingUp secondary']);
    await upTo(0.97);
    expect(about(await ringing(site), 'DrStorage')).toEqual(['DrStorageFull secondary']);
    await rm(ballast);
    expect(about(await ringing(site), 'DrStorage')).toEqual([]);
  } finally {
    await run(['umount', '-l', path]);
    await rm(path, { recursive: true });
    await rename(kept, path);
  }
}

/** A standby of the platform's database stops replaying, and goes on. */
async function followBehind(platform: Platform): Promise<void> {
  const { paths, runAs, environment } = platform;
  const { postgres } = environment;
  if (postgres === undefined) throw new Error('the golden site has a database');
  const bin = await findPostgresBin(postgres.binDir);
  const as = { as: runAs, cwd: '/' };
  const dataDir = join(paths.run, 'standby');
  const port = 5433;
  const slot = ['-C', '-S', 'follower'];
  const from = ['-h', paths.run, '-p', String(postgres.port), '-U', 'postgres'];
  const copy = [...from, '-c', 'fast', '-R', ...slot, '-D', dataDir];
  await run([join(bin, 'pg_basebackup'), ...copy], as);
  const options = `-k ${paths.run} -p ${port} -c archive_mode=off`;
  const log = join(paths.run, 'standby.log');
  await run([join(bin, 'pg_ctl'), 'start', '-D', dataDir, '-o', options, '-l', log, '-w', '-t', '60'], as);
  try {
    const leading = await openSite(platform.envFile);
    const stateDir = join(paths.run, 'standby-state');
    await editEnvironment(platform.envFile, (e) => ({ ...e, stateDir, postgres: { ...postgres, port, dataDir } }));
    const standby = await openSite(platform.envFile);
    const lagging = async (later: number) => about(await ringing(standby, later, 'standby'), 'DrStandby');
    const leader = await platform.postgres();
    const follower = new pg.Client({ host: paths.run, port, user: 'postgres', database: postgres.database });
    await follower.connect();
    try {
      const until = async (condition: string): Promise<void> => {
        const sql = `SELECT ${condition} AS done, pg_sleep(0.1)`;
        for (let tries = 0; tries < 100; tries += 1)
          if ((await follower.query<{ done: boolean | null }>(sql)).rows[0]?.done === true) return;
        throw new Error(`not within 10 s: ${condition}`);
      };
      const replayed = 'pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()';
      await leader.query("INSERT INTO golden_rows (phase, note) VALUES ('followed', 'x')");
      await until(`${replayed} AND pg_last_xact_replay_timestamp() IS NOT NULL`);
      await follower.query('SELECT pg_wal_replay_pause()');
      await until("pg_get_wal_replay_pause_state() = 'paused'");
      await leader.query("INSERT INTO golden_rows (phase, note) VALUES ('not followed', 'x')");
      await until(`NOT ${replayed}`);
      const hour = 3_600_000;
      expect(await lagging(hour)).toEqual(['DrStandbyRpoMissed']);
      await follower.query('SELECT pg_wal_replay_resume()');
      await until(replayed);
      expect(await lagging(hour)).toEqual([]);
      // A stream that is broken knows nothing of what it lacks.
      await follower.query("ALTER SYSTEM SET primary_conninfo = ''");
      await follower.query('SELECT pg_reload_conf()');
      await until('NOT EXISTS (SELECT FROM pg_stat_wal_receiver)');
      expect(await lagging(hour)).toEqual(['DrStandbyRpoMissed']);
      expect(about(await ringing(leading), 'DrSlot')).toEqual([]);
      expect([...written.keys()]).toContain('["go_coffee_dr_unused_slot_bytes",{"slot":"follower"}]');
      await leader.query("SELECT pg_drop_replication_slot('follower')");
    } finally {
      await leader.end();
      await follower.end();
    }
  } finally {
    await run([join(bin, 'pg_ctl'), 'stop', '-D', dataDir, '-m', 'immediate'], as);
    await editEnvironment(platform.envFile, () => environment);
  }
}

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
    const key = (await readKeyring(site)).signingKey();
    const fence = { lineage, successor: 'other-1', what: 'dr failover --stack dr', now: new Date(), key };
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

    await fillDisk(site, join(repositories, 'secondary'));
    await followBehind(platform);

    // Whatever a rule reads was written by an exporter in this test: of each workload that the site has.
    const { workloads = [] } = settingsOf(site);
    const rules: AlertRule[] = [
      ...rulesOf(site).groups.flatMap((group) => group.rules),
      ...rulesOf(site, 'standby').groups.flatMap((group) => group.rules),
    ];
    await writeReadiness(site);
    await watchCertificate(envFile, join(site.environment.stateDir, 'server.crt'));
    const own = rules.filter(({ labels: { workload } }) => workload === undefined || workloads.includes(workload));
    expect(unwritten(own, [...written.values()])).toEqual([]);

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
