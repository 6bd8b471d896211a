/** CronJobs are the plan's times; what follows them is computed from the plan's durations. */
import { describe, expect, test } from 'vitest';
import { backupArguments, scheduledJobs, startWithin } from '../../../infra/jobs/jobs.ts';
import { onDay, shift } from '../../../infra/jobs/shift.ts';
import { cronProblem } from '../../../plan/cron.ts';
import { runDeadline } from '../../../plan/limits.ts';
import { productionPlan } from '../../../plan/production.ts';
import type { Plan } from '../../../plan/types.ts';
import { kinds, object, podOf, predecessors } from '../objects.ts';
import { record } from '../recording.ts';

interface CronJob {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly schedule: string;
    readonly timeZone: string;
    readonly suspend: boolean;
    readonly concurrencyPolicy: string;
    readonly startingDeadlineSeconds: number;
    readonly successfulJobsHistoryLimit: number;
    readonly failedJobsHistoryLimit: number;
    readonly jobTemplate: { readonly spec: { readonly activeDeadlineSeconds: number; readonly backoffLimit: number } };
  };
}

const recording = await record('production', {
  storage: {
    kind: 'aws',
    deployerRoleArn: 'arn:aws:iam::123456789012:role/go-coffee-deployer',
    breakGlassPrincipals: ['arn:aws:iam::123456789012:user/incident-commander'],
    offsite: { endpoint: 'https://partner.test:9000', region: 'partner', bucket: 'go-coffee-offsite' },
  },
  s3Credentials: {
    offsite: {
      writer: { accessKeyId: 'a', secretAccessKey: 'b' },
      restorer: { accessKeyId: 'c', secretAccessKey: 'd' },
    },
  },
});

test('each schedule of the plan has its CronJob, at the plan’s time, with its command', () => {
  const rows = kinds(recording, 'CronJob').map(({ manifest }) => {
    const { metadata, spec } = manifest as unknown as CronJob;
    const [{ args = [] } = {}] = podOf(recording, `CronJob ${metadata.name}`).spec.containers;
    return [metadata.name, spec.schedule, args.join(' ')];
  });
  const drill = (scenario: string) =>
    `drill --scenario ${scenario} --folder /scratch/drill --report /scratch/report --output json`;
  expect(rows.toSorted()).toEqual(
    [
      ['dr-daily', '0 2 * * *', 'backup --kind full'],
      ['dr-hourly', '0 * * * *', 'backup --kind incremental'],
      ['dr-redis', '*/15 * * * *', 'backup --kind incremental --only redis'],
      ['dr-weekly-config', '0 3 * * 0', 'backup --kind config'],
      // The full may take 90 minutes; then it is checked, and then the old goes.
      ['dr-verify', '30 3 * * *', 'verify --scheduled'],
      // Each workload of each repository has its turn within the month.
      ['dr-verify-deep', '30 6 * * 6', 'verify --deep --scheduled'],
      ['dr-prune', '0 5 * * *', 'prune --confirm production'],
      ['dr-offsite', '0 6 * * 0', 'offsite export'],
      ['dr-objectives', '5,20,35,50 * * * *', 'objectives'],
      ['dr-database-restore', '0 5 1 * *', drill('database-corruption')],
      ['dr-configuration-restore', '0 5 2 * *', drill('application-failure')],
      ['dr-service-startup', '0 5 3 * *', 'health --comprehensive'],
      ['dr-full-simulation', '0 5 4 1,4,7,10 *', drill('complete-failure')],
      ['dr-cross-region-failover', '0 5 5 1,4,7,10 *', drill('complete-failure')],
      ['dr-complete-rebuild', '0 5 6 1 *', drill('complete-failure')],
      ['dr-business-continuity', '0 5 7 1 *', drill('all')],
    ].toSorted(),
  );
});

test.each(kinds(recording, 'CronJob').map(({ manifest }) => [manifest.metadata.name, manifest as unknown as CronJob]))(
  '%s: UTC, one at a time, ended in time, with a history',
  (_, { spec }) => {
    expect(spec).toMatchObject({ timeZone: 'Etc/UTC', concurrencyPolicy: 'Forbid', suspend: false });
    expect(spec).toMatchObject({ successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 5 });
    expect(cronProblem(spec.schedule)).toBeUndefined();
    expect(spec.startingDeadlineSeconds).toBeGreaterThan(60);
    expect(spec.jobTemplate.spec.activeDeadlineSeconds).toBeGreaterThanOrEqual(300);
    // A failing run is an alert at once: no second try hides it.
    expect(spec.jobTemplate.spec.backoffLimit).toBe(0);
  },
);

test('nothing writes copies before the repositories are ready', () => {
  for (const name of ['dr-daily', 'dr-hourly', 'dr-redis', 'dr-weekly-config', 'dr-prune', 'dr-offsite']) {
    expect(predecessors(recording, 'CronJob', name)).toContain('Job dr-init-us-east-1-1');
  }
  const first = predecessors(recording, 'Job', 'dr-init-us-east-1-1');
  for (const each of ['StatefulSet postgres', 'StatefulSet redis', 'Deployment pgbackrest-repository']) {
    expect(first).toContain(each);
  }
  expect(object(recording, 'Job', 'dr-init-us-east-1-1')).not.toHaveProperty('spec.ttlSecondsAfterFinished');
});

describe('jobs follow the plan', () => {
  const other: Plan = {
    ...productionPlan,
    schedules: productionPlan.schedules.map((schedule) =>
      schedule.id === 'daily' ? { ...schedule, cron: '30 22 * * *', longestRun: '2h' } : schedule,
    ),
  };
  const cronOf = (plan: Plan, id: string) => scheduledJobs(plan, ['offsite'], []).find((job) => job.id === id)?.cron;

  test('another time of the full backup moves what comes after it', () => {
    const ids = ['daily', 'verify', 'prune', 'verify-deep'];
    const times = ['30 22 * * *', '30 0 * * *', '30 2 * * *', '30 4 * * 6'];
    expect(ids.map((id) => cronOf(other, id))).toEqual(times);
  });

  test('what goes onto a drive is exported by hand', () => {
    expect(scheduledJobs(productionPlan, ['local', 'primary'], []).map(({ id }) => id)).not.toContain('offsite');
  });

  test('a run may wait for another with its lock, and take twice what the plan thinks', () => {
    const [daily, hourly, , redis] = productionPlan.schedules;
    if (!daily || !hourly || !redis) throw new Error('the plan has changed');
    expect(runDeadline(productionPlan, hourly)).toBe(5400 + 2 * 900);
    expect(runDeadline(productionPlan, daily)).toBe(900 + 2 * 5400);
    expect(runDeadline(productionPlan, redis)).toBe(2 * 300);
    expect(backupArguments(productionPlan, daily, [])).toEqual(['backup', '--kind', 'full']);
  });

  test('of a schedule that covers less than its kind only what is in the pod is named', () => {
    const [daily] = productionPlan.schedules;
    if (!daily) throw new Error('the plan has changed');
    const some = { ...daily, workloads: ['postgres', 'redis', 'uploads', 'event-store', 'git', 'manifests'] };
    const only = (folders: string[]) => backupArguments(productionPlan, some, folders).at(-1);
    expect(only([])).toBe('postgres,redis,manifests');
    expect(only(['uploads'])).toBe('postgres,redis,uploads,manifests');
  });

  test('a late start is worth it until half-way to the next', () => {
    expect(startWithin('*/15 * * * *')).toBe(450);
    expect(startWithin('0 * * * *')).toBe(1800);
    expect(startWithin('0 2 * * *')).toBe(4 * 3600);
  });

  test.each([
    ['0 2 * * *', 90, '30 3 * * *'],
    ['30 23 * * 6', 60, '30 0 * * 0'],
    ['0 3 * * 0', 15, '15 3 * * 0'],
    ['*/15 * * * *', 20, '5,20,35,50 * * * *'],
  ])('%s + %i min = %s', (cron, minutes, later) => {
    expect(shift(cron, minutes)).toBe(later);
  });

  test('what can’t be shifted is refused', () => {
    expect(() => shift('0 23 1 * *', 120)).toThrow(RangeError);
    expect(() => shift('0 0-6 * * *', 5)).toThrow("can't be shifted by 5 minutes");
    expect(onDay('30 3 * * *', 4, '1,4,7,10')).toBe('30 3 4 1,4,7,10 *');
  });
});

test('no jobs where the plan has no full backup', () => {
  expect(() => scheduledJobs({ ...productionPlan, schedules: [] }, [], [])).toThrow('the plan has no full backup');
});
