/** Facts about the CronJobs that run `dr`: when they run, whether they are suspended, and how long they may take. */
import { cronProblem } from '../../../plan/cron.ts';
import { CRON_JOB, type DrJob, drJobOf, longestInterval } from '../../../plan/declared/jobs.ts';
import { at } from '../../../plan/declared/values.ts';
import type { DeclaredResource } from '../declared.ts';
import type { Area, Fact } from '../fact.ts';
import { factOf, type Meaning, more, ranked, read } from '../settings/meaning.ts';

function drJob({ type, inputs }: DeclaredResource): DrJob | undefined {
  return type === CRON_JOB ? drJobOf(inputs) : undefined;
}

/**
 * The expressions of the backups that run, by the schedule's id. Where an expression is wrong, the plan's own counts. Undefined: a backup
 * that is suspended beside others that run. Where none runs the site follows another, and the plan's counts.
 */
export function cronsOf(resources: readonly DeclaredResource[]): ReadonlyMap<string, string | undefined> {
  const backups = resources.flatMap((resource) => drJob(resource) ?? []).filter(({ args }) => args[0] === 'backup');
  const some = backups.some(({ suspended }) => !suspended);
  const right = backups.filter(({ suspended, cron }) => (suspended ? some : !cronProblem(cron)));
  return new Map(right.map(({ name, cron, suspended }) => [name.replace(/^dr-/, ''), suspended ? undefined : cron]));
}

const PROVING = ['drill', 'health'];

const HARMS: readonly (readonly [RegExp, string])[] = [
  [/^backup/, 'copies are taken more rarely, or not at all'],
  [/^verify/, 'a damaged copy is noticed later, or only when it is needed'],
  [/^prune/, 'copies are kept for longer than planned, and the storage fills up'],
  [/^(drill|health)/, 'nobody proves any more that a recovery works'],
  [/^offsite/, 'the off-site copy is older, or there is none'],
];

/** Settings of every job, under `spec` or `spec.jobTemplate.spec`. */
function limits(inputs: unknown, what: string, area: Area): Fact[] {
  const about = (harm: string, absent?: unknown) => ({ area, harm, absent }) as const;
  const settings: readonly (readonly [string, readonly string[], Meaning])[] = [
    [
      'overlapping runs',
      ['concurrencyPolicy'],
      ranked(['Allow', 'Replace', 'Forbid'], about('two runs write at once, or a run ends the one before', 'Allow')),
    ],
    [
      'late starts',
      ['startingDeadlineSeconds'],
      more(about('a run that starts late is left out', Number.POSITIVE_INFINITY)),
    ],
    [
      'time limit',
      ['jobTemplate', 'spec', 'activeDeadlineSeconds'],
      more(about('a run is ended before it can finish', Number.POSITIVE_INFINITY)),
    ],
    ['retries', ['jobTemplate', 'spec', 'backoffLimit'], more(about('a single failure ends the run', 6))],
    ['time zone', ['timeZone'], read(about('', 'Etc/UTC'))],
  ];
  return settings.map(([name, path, meaning]) =>
    factOf(`${name} of ${what}`, meaning, at(inputs, 'spec', ...path), { of: what }),
  );
}

export function jobFacts(resource: DeclaredResource): Fact[] {
  const job = drJob(resource);
  if (job === undefined) return [];
  const { name, cron, suspended, args } = job;
  const area: Area = PROVING.includes(args[0] ?? '') ? 'drills' : 'schedules';
  const what = `CronJob ${name}`;
  const says =
    HARMS.find(([words]) => words.test(args.join(' ')))?.[1] ?? 'a job of the plan runs more rarely, or not at all';
  return [
    {
      area,
      what,
      value: suspended ? `${cron}, suspended` : cron,
      // A getter, because it counts years of runs: it is read only where the value differs.
      get worth() {
        const never = suspended || cronProblem(cron) !== undefined;
        return never ? Number.NEGATIVE_INFINITY : -longestInterval(cron);
      },
      harm: { store: 'all', says },
    },
    { area, what: `command of ${what}`, value: ['dr', ...args].join(' '), unclear: true, of: what },
    ...limits(resource.inputs, what, area),
  ];
}
