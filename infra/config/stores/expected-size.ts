/**
 * Whether volumes, deadlines and schedules fit the size that the config states. Pure.
 *
 * Times are estimates on the careful side, and `backups.rate` replaces them by what a real backup has shown.
 */
import { gigabytes } from '../../../plan/cost/amounts.ts';
import { keptIn, writtenADay } from '../../../plan/cost/volumes.ts';
import { DAY_SECONDS, formatDuration, seconds } from '../../../plan/duration.ts';
import { fullInterval, runDeadline } from '../../../plan/limits.ts';
import type { Plan } from '../../../plan/types.ts';
import type { ConfigProblem } from '../problems.ts';

/** Of one process of pgBackRest, MB a second: two were measured with 160 to 250 together (docs/performance.md). */
const PROCESS_RATE = 60;
/** Of a gp3 volume, where nobody has bought more: https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html */
const VOLUME_RATE = 125;
/** Beside the tables: WAL while a repository is away, temporary files, bloat. */
const ROOM = 1.2;
/** Of the database changes in a day, where nobody says more. */
const CHANGED_A_DAY = 0.1;

interface Given {
  readonly postgres?: { readonly expectedSize?: string | undefined; readonly storage: string } | undefined;
  readonly backups?:
    | {
        readonly processes: number;
        readonly rate?: number | undefined;
        readonly storage: string;
        readonly state: string;
      }
    | undefined;
  readonly storageClasses?: { readonly ebs?: { readonly throughput?: number | undefined } | undefined } | undefined;
}

interface Facts {
  readonly plan: Plan;
  /** GB. */
  readonly size: number;
  /** MB a second. */
  readonly rate: number;
}

const text = (gb: number): string => `${Math.ceil(gb)} GB`;
const time = (count: number): string => formatDuration(Math.ceil(count / 60) * 60);

const ownRepositories = ({ repositories }: Plan) => repositories.filter(({ written }) => written.by === 'engines');

/** Each repository is written by a run of its own, one after the other. */
function backupProblems({ plan, size, rate }: Facts): ConfigProblem[] {
  const full = plan.schedules.find(({ kind }) => kind === 'full');
  const repositories = ownRepositories(plan).length;
  if (full === undefined || repositories === 0) return [];
  const path = ['postgres', 'expectedSize'];
  const takes = (size * 1000 * repositories) / rate;
  const how = `at ${rate} MB/s`;
  const hint =
    'raise backups.processes or the throughput of the class, set backups.rate to what a real backup shows, or give the schedule more time (plan: longestRun)';
  const problems: ConfigProblem[] = [];
  const every = fullInterval(plan);
  const ends = runDeadline(plan, full);
  if (takes > every) {
    const fact = `a full backup of ${text(size)} to ${repositories} repositories takes ${time(takes)} ${how}, and the next one begins after ${time(every)}`;
    problems.push({ path, fact, hint });
  } else if (takes > ends) {
    const fact = `a full backup of ${text(size)} to ${repositories} repositories takes ${time(takes)} ${how}, and its job is ended after ${time(ends)}`;
    problems.push({ path, fact, hint });
  }
  // A night reads what is new, and the part of the rest that lets the whole be read in time.
  const nights = seconds(plan.safeguards.readAll) / DAY_SECONDS;
  const { backups } = writtenADay(plan, { size, wal: size * CHANGED_A_DAY, files: 0 }, 'blocks');
  const read = ownRepositories(plan).map(({ retention }) => backups * (1 + seconds(retention) / DAY_SECONDS / nights));
  const reads = (read.reduce((sum, gb) => sum + gb, 0) * 1000) / rate;
  const verification = 2 * seconds(full.longestRun);
  if (reads > verification) {
    const fact = `a night’s verification of ${text(size)} reads ${time(reads)} ${how}, and its job is ended after ${time(verification)}`;
    problems.push({ path, fact, hint: `${hint}; or read the whole less often (plan: safeguards.readAll)` });
  }
  return problems;
}

export function expectedSizeProblems({ postgres, backups, storageClasses }: Given, plan: Plan): ConfigProblem[] {
  const size = gigabytes(postgres?.expectedSize ?? '');
  if (postgres === undefined || backups === undefined || size === undefined) return [];
  const problems: ConfigProblem[] = [];
  const check = (path: readonly string[], storage: string, least: number, what: string): void => {
    if ((gigabytes(storage) ?? 0) >= least) return;
    const needed = `${Math.ceil((least * 1e9) / 1024 ** 3 - 1e-6)}Gi`;
    problems.push({ path: [...path], fact: `${storage} is too small for ${what}`, hint: `write ${needed} or more` });
  };
  const { expectedSize } = postgres;
  check(['postgres', 'storage'], postgres.storage, size * ROOM, `a database of ${expectedSize} with its WAL`);
  check(['backups', 'state'], backups.state, size, `a dump or a trial restore of ${expectedSize}`);
  const local = plan.repositories.find(({ storage, written }) => storage === 'posix' && written.by === 'engines');
  if (local !== undefined) {
    const written = writtenADay(plan, { size, wal: size * CHANGED_A_DAY, files: 0 }, 'blocks');
    const kept = keptIn(local, written, 0).reduce((sum, { gb }) => sum + gb, 0);
    const what = `the copies of ${expectedSize} that ${local.id} keeps for ${local.retention}`;
    check(['backups', 'storage'], backups.storage, kept, what);
  }
  const rate =
    backups.rate ?? Math.min(PROCESS_RATE * backups.processes, storageClasses?.ebs?.throughput ?? VOLUME_RATE);
  return [...problems, ...backupProblems({ plan, size, rate })];
}
