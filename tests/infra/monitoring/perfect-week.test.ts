/** A platform without a fault is silent: on its first day, and a week later. */
import { expect, test } from 'vitest';
import { alertRules } from '../../../infra/monitoring/rules.ts';
import { productionPlan } from '../../../plan/production.ts';
import { timetable } from '../../../plan/timetable.ts';
import { environmentSchema } from '../../../recovery/config/environment.ts';
import { silentLog } from '../../../recovery/core/log.ts';
import { lastDue } from '../../../recovery/status/monitor/expected-runs.ts';
import type { Observation } from '../../../recovery/status/monitor/observation.ts';
import { type Sample, samplesOf } from '../../../recovery/status/monitor/samples.ts';
import { watchedSince } from '../../../recovery/status/monitor/watched.ts';
import { scratch } from '../../scratch.ts';
import { firing } from './firing.ts';
import { hasPromtool, NO_PROMTOOL } from './promtool.ts';

const DAY = 1440;
/** A Wednesday afternoon: the site comes into being between two backups. */
const START = new Date('2026-11-25T13:07:00Z');
const plan = productionPlan;

const folder = { path: '/data' };
const environment = environmentSchema.parse({
  apiVersion: 'go-coffee-dr/v1',
  kind: 'Environment',
  name: 'production',
  site: 'us-east-1',
  stateDir: '/var/lib/dr',
  signingKeys: [{ name: 'k1', from: { env: 'KEY' } }],
  postgres: { dataDir: '/d', socketDir: '/s' },
  redis: { dataDir: '/r' },
  git: { repositories: [{ name: 'shop', url: 'https://git.example/shop.git' }] },
  kubernetes: { inCluster: true, namespaces: ['go-coffee'] },
  folders: Object.fromEntries(
    ['event-store', 'uploads', 'static-assets', 'images', 'artifacts', 'configuration-files'].map((id) => [id, folder]),
  ),
  repositories: {},
});

/** The end of each run by the plan's timetable, in minutes since `START`, with what it captured and when. */
function runsAfterStart() {
  const week = 7 * 86_400;
  const table = timetable(plan);
  const first = Math.min(...table.map(({ asOf }) => asOf));
  const base = first - (first % 86_400) + week;
  const own = table.filter(({ asOf }) => asOf >= base && asOf < base + week);
  const start = START.getTime() / 1000;
  // The timetable's week begins on a Sunday, as this one does.
  const sunday = Date.UTC(2026, 10, 22) / 1000;
  return [0, 1, 2].flatMap((n) =>
    own
      .map((run) => ({ ...run, asOf: run.asOf - base + sunday + n * week, done: run.done - base + sunday + n * week }))
      .filter(({ asOf }) => asOf >= start),
  );
}

type Missing = 'backups' | 'verifications' | 'exports';

interface Watch {
  readonly days: number;
  /** Minutes between two scrapes. */
  readonly every: number;
  /** What never happens. @default nothing */
  readonly missing?: readonly Missing[];
}

async function scrapes({ days, every, missing = [] }: Watch): Promise<Sample[][]> {
  const stateDir = await scratch();
  const due = lastDue(plan);
  const all = runsAfterStart();
  const found: Sample[][] = [];
  for (let minute = 0; minute <= days * DAY; minute += every) {
    const now = new Date(START.getTime() + minute * 60_000);
    const seconds = now.getTime() / 1000;
    const done = all.filter((run) => run.done <= seconds && !missing.includes('backups'));
    const newest = new Map<string, Date>();
    for (const { workloads, asOf } of done) for (const id of workloads) newest.set(id, new Date(asOf * 1000));
    const fulls = done.filter(({ schedule }) => schedule === 'daily');
    const newestFull = fulls.length === 0 ? {} : { newestFull: new Date((fulls.at(-1)?.asOf ?? 0) * 1000) };
    // A verification follows each full backup, an export each Sunday's.
    const verified = missing.includes('verifications')
      ? undefined
      : fulls.findLast(({ done: end }) => end + 5400 <= seconds);
    const exported = fulls.filter(
      ({ asOf }) =>
        new Date(asOf * 1000).getUTCDay() === 0 && asOf + 16 * 3600 <= seconds && !missing.includes('exports'),
    );
    const carried = new Map(
      exported.length === 0 ? [] : plan.workloads.map(({ id }) => [id, new Date((exported.at(-1)?.asOf ?? 0) * 1000)]),
    );
    const direct = ['local', 'primary', 'secondary'].map((id) => ({
      id,
      reachable: true,
      known: true,
      newest,
      failed: new Set<string>(),
      ...newestFull,
      ...(verified === undefined ? {} : { verifiedAt: new Date((verified.done + 5400) * 1000) }),
      sound: true,
      problems: [],
    }));
    const offsite = { id: 'offsite', reachable: false, away: true, known: true, newest: carried };
    const copies = [...newest].map(([workload, safeUntil]) => ({
      workload,
      repository: 'primary',
      safeUntil,
      basis: '',
    }));
    const lastArchived = new Date(now.getTime() - 40_000);
    const observation: Observation = {
      at: now,
      repositories: [...direct, { ...offsite, failed: new Set(), sound: true, problems: [] }],
      wal: { lastArchived, waiting: 0 },
      volumes: [{ volume: 'local', usedRatio: 0.4 }],
      copies: [
        ...copies,
        ...(newest.has('postgres')
          ? [{ workload: 'postgres', repository: 'primary', safeUntil: lastArchived, basis: 'archived WAL' }]
          : []),
      ],
      measurements: [],
      answers: { postgres: true, redis: true, kubernetes: true },
      watchedSince: await watchedSince({ stateDir, plan, now, log: silentLog }),
      failedRuns: new Set(),
    };
    found.push(samplesOf({ plan, planDigest: 'd', environment, lastDue: due, observation, now }));
  }
  return found;
}

const rules = alertRules(plan, { role: 'primary', namespace: 'go-coffee-dr' });
/** Alerts with the instance that they are about, each once. */
async function rung(watch: Watch): Promise<string[]> {
  const all = await firing({ rules, every: watch.every, scrapes: await scrapes(watch), start: START });
  return [...new Set([...all.values()].flat())].sort();
}

test.skipIf(!hasPromtool)(
  hasPromtool ? 'nothing rings on the first day, or in the first ten' : NO_PROMTOOL,
  async () => {
    expect(await rung({ days: 1, every: 15 })).toEqual([]);
    expect(await rung({ days: 10, every: 60 })).toEqual([]);
  },
);

test.skipIf(!hasPromtool)('what never happens rings when its time is over', async () => {
  expect(await rung({ days: 10, every: 60, missing: ['verifications', 'exports'] })).toEqual([
    'DrExportOverdue offsite',
    'DrVerificationOverdue local',
    'DrVerificationOverdue primary',
    'DrVerificationOverdue secondary',
  ]);
  const never = ['DrBackupFailed daily', 'DrBackupFailed redis', 'DrNoNewPoint redis', 'DrObjectiveMissed rpo'];
  expect(await rung({ days: 2, every: 60, missing: ['backups'] })).toEqual(expect.arrayContaining(never));
});
