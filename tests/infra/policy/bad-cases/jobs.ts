/** Schedules that miss an RPO, drills that don't happen, repositories that nobody writes. */
import { type BadCase, change, removal } from '../bad-case.ts';
import { type changed, which } from '../declared.ts';

const job = (
  rule: string,
  title: string,
  id: string,
  edit: Parameters<typeof changed>[2],
  says: string,
  line: string,
) => change(rule, title, which('CronJob', `dr-${id}`), ({ spec }) => edit(spec), says, line);

// biome-ignore lint/suspicious/noExplicitAny: the inputs of a CronJob
const argsOf = (spec: any): string[] => spec.jobTemplate.spec.template.spec.containers[0].args;

export const JOBS: readonly BadCase[] = [
  job(
    'schedules',
    'a schedule that is too rare',
    'hourly',
    (spec) => {
      spec.schedule = '0 */6 * * *';
    },
    'uploads in secondary misses its RPO',
    '42',
  ),
  removal('schedules', 'a schedule that is gone', which('CronJob', 'dr-redis'), 'schedule redis runs nowhere', '62–63'),
  removal(
    'schedules',
    'its RPO that goes with it',
    which('CronJob', 'dr-redis'),
    'redis in secondary misses its RPO',
    '42',
  ),
  job(
    'schedules',
    'a schedule that is suspended',
    'daily',
    (spec) => {
      spec.suspend = true;
    },
    'schedule daily is suspended, and this is not a standby',
    '59–60',
  ),
  change(
    'schedules',
    'all schedules suspended where nothing is followed',
    which('CronJob'),
    ({ spec }) => {
      spec.suspend = true;
    },
    'postgres in local misses its RPO with no schedule',
    '41',
  ),
  job(
    'schedules',
    'a schedule that covers less',
    'hourly',
    (spec) => {
      argsOf(spec).push('--only', 'postgres');
    },
    'uploads in secondary misses its RPO',
    '42',
  ),
  job(
    'schedules',
    'an expression that never runs',
    'weekly-config',
    (spec) => {
      spec.schedule = '0 3 31 2 *';
    },
    'never runs',
    '65–66',
  ),
  job(
    'schedules',
    'another command',
    'daily',
    (spec) => {
      argsOf(spec).splice(0, 1, 'points');
    },
    'runs `dr points --kind full`',
    '59–60',
  ),
  removal('drills', 'a drill that is gone', which('CronJob', 'dr-full-simulation'), 'test full-simulation', '222–225'),
  job(
    'drills',
    'a drill that is too rare',
    'database-restore',
    (spec) => {
      spec.schedule = '0 5 1 1,4,7,10 *';
    },
    'runs every 92 d at worst, wanted monthly',
    '217–220',
  ),
  job(
    'drills',
    'a drill that is suspended',
    'complete-rebuild',
    (spec) => {
      spec.suspend = true;
    },
    'test complete-rebuild (Complete infrastructure rebuild) is suspended',
    '227–230',
  ),
  job(
    'drills',
    'a drill of something else',
    'full-simulation',
    (spec) => {
      argsOf(spec)[2] = 'human-error';
    },
    'wanted `dr drill --scenario complete-failure`',
    '222–225',
  ),
  change(
    'repositories',
    'an export to S3 that no job writes',
    which('ConfigMap', 'recovery-plan'),
    ({ data }) => {
      data['plan.json'] = data['plan.json'].replace('"storage":"drive"', '"storage":"s3"');
    },
    'repository offsite has no CronJob that writes it, wanted dr-offsite at "0 6 * * 0"',
    '109–113',
  ),
  change(
    'repositories',
    'a repository that the jobs don’t know',
    which('ConfigMap', 'dr-environment'),
    ({ data }) => {
      data['dr.yaml'] = data['dr.yaml'].replace(/^ {2}local:$/m, '  lokal:');
    },
    "repository local is not in the jobs' dr.yaml",
    '97–101',
  ),
];
