import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { productionPlan } from '../../../../plan/production.ts';
import { environmentSchema } from '../../../../recovery/config/environment.ts';
import { readRuns, recordRun, rememberBackup, scheduleOf } from '../../../../recovery/report/runs.ts';
import { lastDue } from '../../../../recovery/status/monitor/expected-runs.ts';
import type { Observation, RepositoryObservation } from '../../../../recovery/status/monitor/observation.ts';
import { describeRepository } from '../../../../recovery/status/monitor/observe-repository.ts';
import { type MetricName, samplesOf } from '../../../../recovery/status/monitor/samples.ts';
import { scratch } from '../../../scratch.ts';
import { entryAt } from '../../points/entry-fixture.ts';
import { resticCapture } from '../../points/point-fixture.ts';

const NOW = new Date('2026-11-24T12:50:00Z');
const ago = (minutes: number): Date => new Date(NOW.getTime() - minutes * 60_000);
const NEVER = Number.POSITIVE_INFINITY;

const environment = environmentSchema.parse({
  apiVersion: 'go-coffee-dr/v1',
  kind: 'Environment',
  name: 'production',
  site: 'main',
  stateDir: '/var/lib/dr',
  signingKeys: [{ name: 'k1', from: { env: 'KEY' } }],
  postgres: { dataDir: '/d', socketDir: '/s' },
  redis: { dataDir: '/r' },
  folders: { uploads: { path: '/u' } },
  repositories: {},
});

function repository(id: string, facts: Partial<RepositoryObservation> = {}): RepositoryObservation {
  const newest = new Map([
    ['postgres', ago(50)],
    ['postgres-dump', ago(640)],
    ['postgres-config', ago(50)],
    ['redis', ago(20)],
    ['uploads', ago(49)],
  ]);
  const failed = new Set<string>();
  return {
    id,
    reachable: true,
    known: true,
    newest,
    failed,
    newestFull: ago(650),
    sound: true,
    problems: [],
    ...facts,
  };
}

function values(
  observation: Partial<Observation>,
  now = NOW,
  of = environment,
): (metric: MetricName) => Record<string, number> {
  const repositories = observation.repositories ?? [repository('primary'), repository('local')];
  const copies = repositories.flatMap(({ id, newest, reachable }) =>
    reachable ? [...newest].map(([workload, safeUntil]) => ({ workload, repository: id, safeUntil, basis: '' })) : [],
  );
  const seen = {
    at: NOW,
    volumes: [],
    copies,
    measurements: [],
    failedRuns: new Set<string>(),
    ...observation,
    repositories,
  };
  const question = { plan: productionPlan, planDigest: 'd', environment: of, lastDue: lastDue(productionPlan), now };
  const samples = samplesOf({ ...question, observation: seen });
  return (metric) =>
    Object.fromEntries(
      samples
        .filter((each) => each.metric === metric)
        .map(({ labels, value }) => [Object.values(labels).join(' '), value]),
    );
}

test('a healthy site: ages of copies, no failed run, objectives met', () => {
  const of = values({ wal: { lastArchived: ago(1), waiting: 0 } });
  expect(of('go_coffee_dr_last_point_age_seconds')).toMatchObject({ 'redis primary': 1200, 'uploads local': 2940 });
  expect(of('go_coffee_dr_backup_last_run_failed')).toEqual({ daily: 0, hourly: 0, redis: 0, 'weekly-config': 0 });
  expect(of('go_coffee_dr_objective_met')).toEqual({ 'rpo P1': 1, 'rpo P2': 1 });
  expect(of('go_coffee_dr_wal_lag_seconds')).toEqual({ '': 60 });
  expect(of('go_coffee_dr_repository_reachable')).toEqual({ primary: 1, local: 1 });
});

test('a workload that the newest run could not copy, by repository', () => {
  const tried = (...captures: string[]) => captures.map((id) => resticCapture(id, '2026-11-25T02:00:00Z'));
  const failing = (at: string, held: string[], failed: string[]) => {
    const entry = entryAt(at, tried(...held));
    const reasons = failed.map((workload) => ({ workload, code: 'FOLDER-MISSING', fact: 'x' }));
    return { ...entry, point: { ...entry.point, failed: reasons } };
  };
  const points = [
    failing('2026-11-25T02:00:00Z', ['uploads'], ['redis']),
    failing('2026-11-25T03:00:00Z', ['redis'], ['uploads']),
    // It did not try the uploads.
    entryAt('2026-11-25T04:00:00Z', tried('redis')),
  ];
  const { failed } = describeRepository('local', { kind: 'read', points, problems: [] }, [], undefined);
  expect([...failed]).toEqual(['uploads']);
  const of = values({ repositories: [repository('local', { failed }), repository('primary')] });
  expect(of('go_coffee_dr_workload_backup_failed')).toMatchObject({
    'uploads local': 1,
    'uploads primary': 0,
    'redis local': 0,
  });
});

test('a workload without a copy is never backed up, not fresh; one that is not this host’s is left out', () => {
  const bare = repository('primary', { newest: new Map([['uploads', ago(5)]]) });
  const of = values({ repositories: [bare] });
  const ages = of('go_coffee_dr_last_point_age_seconds');
  expect(ages).toMatchObject({ 'redis primary': NEVER, 'uploads primary': 300 });
  expect(Object.keys(ages)).not.toContain('git primary');
  expect(of('go_coffee_dr_objective_met')).toMatchObject({ 'rpo P1': 0, 'rpo P2': 1 });
  expect(of('go_coffee_dr_rpo_seconds')).toEqual({ P1: NEVER, P2: 300 });
});

test('a tier’s RPO is for its data: configuration that is older spoils nothing until its own is missed', () => {
  const newest = new Map([...repository('x').newest, ['postgres-config', ago(23 * 60)] as const]);
  const of = values({ repositories: [repository('primary', { newest })] });
  expect(of('go_coffee_dr_rpo_seconds')).toMatchObject({ P1: 3000 });
  expect(of('go_coffee_dr_objective_met')).toMatchObject({ 'rpo P1': 1 });
});

test('a repository that is away keeps its ages, and they grow; one that was never reached has none', () => {
  const away = { ...repository('primary'), reachable: false, fact: 'gone' };
  const unknown = repository('local', { reachable: false, known: false, newest: new Map() });
  const later = new Date(NOW.getTime() + 600_000);
  const of = values({ repositories: [away, unknown] }, later);
  expect(of('go_coffee_dr_repository_reachable')).toEqual({ primary: 0, local: 0 });
  const ages = of('go_coffee_dr_last_point_age_seconds');
  expect(ages).toMatchObject({ 'redis primary': 1800 });
  expect(Object.keys(ages).filter((key) => key.endsWith('local'))).toEqual([]);
});

test.each<[string, Partial<RepositoryObservation>, Record<string, number>]>([
  ['no full since yesterday', { newestFull: ago(24 * 60 + 700) }, { daily: 1, hourly: 0 }],
  ['no full at all', {}, { daily: 1 }],
  ['Redis not captured at 12:30', { newest: new Map([['redis', ago(21)]]) }, { redis: 1 }],
])('a run that left no point in time has failed: %s', (_, facts, failed) => {
  const { newestFull: _full, ...without } = repository('primary');
  const of = values({ repositories: [{ ...without, ...facts }] });
  expect(of('go_coffee_dr_backup_last_run_failed')).toMatchObject(failed);
});

test('a run that says that it failed has failed at once', () => {
  const of = values({ failedRuns: new Set(['hourly']) });
  expect(of('go_coffee_dr_backup_last_run_failed')).toMatchObject({ hourly: 1, redis: 0 });
});

test('drills and measured recoveries; what never was is no success', () => {
  const drill = { at: ago(60).toISOString(), what: 'drill database-corruption', source: 'drill' } as const;
  const restore = { at: ago(30).toISOString(), what: 'restore to latest from primary', source: 'restore' } as const;
  const measurements = [
    { ...drill, tier: 'P1', rtoSeconds: 40 },
    { ...restore, tier: 'P2', rtoSeconds: 5 * 3600 },
  ];
  const of = values({ measurements });
  expect(of('go_coffee_dr_drill_age_seconds')).toEqual({
    'complete-failure': NEVER,
    'database-corruption': 3600,
    'application-failure': NEVER,
    'security-breach': NEVER,
    'human-error': NEVER,
  });
  expect(of('go_coffee_dr_rto_seconds')).toEqual({ P1: 40, P2: 18_000 });
  expect(of('go_coffee_dr_objective_met')).toMatchObject({ 'rto P1': 1, 'rto P2': 0 });
  expect(of('go_coffee_dr_objective_met')).not.toHaveProperty('rto P3');
});

test('a standby that is up to date stays so; a lag grows while nobody answers', () => {
  const later = new Date(NOW.getTime() + 30_000);
  const lag = (seconds: number) =>
    values({ wal: { standbyLag: { seconds, at: NOW } } }, later)('go_coffee_dr_standby_lag_seconds');
  expect(lag(0)).toEqual({ '': 0 });
  expect(lag(5)).toEqual({ '': 35 });
});

test('an altered catalog or a failed verification is unsound until the next good verification', () => {
  const reading = { kind: 'read', points: [], problems: [] } as const;
  const tampered = { kind: 'tampered', key: 'k', fact: 'p was altered', hint: '' } as const;
  const verify = (ok: boolean) => ({ at: NOW.toISOString(), what: 'verify', repository: 'primary', ok }) as const;
  const sound = (...args: Parameters<typeof describeRepository>) => describeRepository(...args).sound;
  expect(sound('primary', { ...reading, problems: [tampered] }, [], undefined)).toBe(false);
  expect(sound('primary', reading, [verify(true), verify(false)], undefined)).toBe(false);
  expect(sound('primary', reading, [verify(false), verify(true)], undefined)).toBe(true);
  expect(sound('secondary', reading, [verify(false)], undefined)).toBe(true);
});

test('runs are kept by schedule; a torn line spoils no other', async () => {
  const state = join(await scratch(), 'state');
  expect(await readRuns(state)).toEqual([]);
  const run = { at: NOW.toISOString(), what: 'backup', schedule: 'hourly', ok: true } as const;
  await recordRun(state, run);
  await appendFile(join(state, 'runs.jsonl'), '{"at":"2026-');
  await recordRun(state, { ...run, ok: false });
  expect(await readRuns(state)).toEqual([run, { ...run, ok: false }]);
  expect(scheduleOf(productionPlan, 'full', [])).toBe('daily');
  expect(scheduleOf(productionPlan, 'incremental', [])).toBe('hourly');
  expect(scheduleOf(productionPlan, 'incremental', ['redis'])).toBe('redis');
  expect(scheduleOf(productionPlan, 'incremental', ['uploads'])).toBeUndefined();
});

test('a backup that throws, or ends partial, is kept as failed; one that no schedule makes is not kept', async () => {
  const stateDir = await scratch();
  const run = (only: string[], backup: () => Promise<{ exit?: number }>) =>
    rememberBackup({ plan: productionPlan, stateDir, kind: 'incremental', only, now: () => NOW }, backup);
  await run([], async () => ({}));
  await run(['redis'], async () => ({ exit: 3 }));
  await run(['uploads'], async () => ({}));
  await expect(run([], () => Promise.reject(new Error('no disk')))).rejects.toThrow('no disk');
  expect((await readRuns(stateDir)).map((each) => ('schedule' in each ? [each.schedule, each.ok] : []))).toEqual([
    ['hourly', true],
    ['redis', false],
    ['hourly', false],
  ]);
});

test('a slot counts only while nobody is connected to it', () => {
  const slots = [
    { slot: 'dr_adopt_shop', active: false, keptBytes: 5 },
    { slot: 'postgres_1', active: true, keptBytes: 7 },
  ];
  expect(values({ wal: { slots } })('go_coffee_dr_unused_slot_bytes')).toEqual({
    dr_adopt_shop: 5,
    postgres_1: 0,
  });
});

test('a volume of its own for the WAL is as full as the server says, and nothing is said of one that holds more', () => {
  const ratio = (size: object, bytes: number | undefined) => {
    const { postgres } = environment;
    const own = { ...environment, postgres: postgres && { ...postgres, ...size } };
    return values({ wal: bytes === undefined ? {} : { bytes } }, NOW, own)('go_coffee_dr_storage_used_ratio');
  };
  const size = { walVolumeBytes: 20 * 2 ** 30 };
  expect(ratio(size, 0.92 * 10 * 2 ** 30)).toEqual({ 'postgres-wal': 0.5 });
  // A file system keeps a part for itself: it is full before the last byte.
  expect(ratio(size, 20 * 2 ** 30)).toEqual({ 'postgres-wal': 1 });
  expect([ratio({}, 2 ** 30), ratio(size, undefined)]).toEqual([{}, {}]);
});

test('a certificate is reported by the time that is left, and 0 for one that has expired or can’t be read', () => {
  const certificates = [
    { name: 'postgres', expires: new Date(NOW.getTime() + 90_000) },
    { name: 'jobs', expires: ago(1) },
    { name: 'repository' },
  ];
  const left = values({ certificates })('go_coffee_dr_certificate_seconds');
  expect(Object.values(left)).toEqual([90, 0, 0]);
});
