/** How much the schedules write, and how much of it is kept: GB of 10⁹ bytes. Pure. */
import { DAY_SECONDS, seconds } from '../duration.ts';
import { timetable } from '../timetable.ts';
import type { Plan, PlanRepository } from '../types.ts';

/** What is stated, and what is assumed where nobody has measured. */
export interface Load {
  /** Size of the database in GB. */
  readonly size: number;
  /** WAL in GB a day. Changed pages are about as much: their first change after a checkpoint writes the whole page. */
  readonly wal: number;
  /** Folders, git mirrors and images in GB; `dr backup` copies them deduplicated. */
  readonly files: number;
}

/** `blocks`: an incremental stores the changed blocks. `files`: the whole of each changed file (1 GB of a table). */
export type Incremental = 'blocks' | 'files';

/** Stored bytes to bytes of the database, by zstd or gzip on a mix of text and numbers. */
export const COMPRESSION = 0.4;
/** A changed file has this many times the bytes that changed in it: changes cluster in few files of a table. */
export const FILE_FACTOR = 8;
/** Of the files' size changes in a day. */
const FILES_CHANGED = 0.01;

/** Runs of each kind in a day, by the plan's own timetable. */
function runsADay(plan: Plan, workload: string): { readonly full: number; readonly incremental: number } {
  const captures = timetable(plan).filter(({ workloads }) => workloads.has(workload));
  if (captures.length === 0) return { full: 0, incremental: 0 };
  const first = Math.min(...captures.map(({ asOf }) => asOf));
  const last = Math.max(...captures.map(({ asOf }) => asOf));
  const days = Math.max(1, (last - first) / DAY_SECONDS);
  const count = (kind: string) =>
    captures.filter(({ schedule }) => plan.schedules.find(({ id }) => id === schedule)?.kind === kind).length / days;
  return { full: count('full'), incremental: count('incremental') };
}

export interface Written {
  /** GB a day that are kept until the retention ends. */
  readonly backups: number;
  readonly wal: number;
  readonly files: number;
  /** Objects a day. */
  readonly objects: number;
}

/** S3's multipart chunks and pgBackRest's bundles are of about this size. */
const PART_GB = 0.0053;
const MINUTES_A_DAY = 1440;

/** To one repository, in a day. */
export function writtenADay(plan: Plan, load: Load, incremental: Incremental): Written {
  const database = plan.workloads.find(({ type }) => type === 'postgres');
  const runs = database === undefined ? { full: 0, incremental: 0 } : runsADay(plan, database.id);
  const changed = Math.min(load.size, load.wal / Math.max(1, runs.incremental + runs.full));
  const one = incremental === 'blocks' ? changed : Math.min(load.size, FILE_FACTOR * changed);
  const backups = COMPRESSION * (runs.full * load.size + runs.incremental * one);
  const wal = COMPRESSION * load.wal;
  const files = load.files * FILES_CHANGED;
  const timeout = database?.continuous === undefined ? DAY_SECONDS : seconds(database.continuous.archiveTimeout);
  // A segment of 16 MB, and one at least in each `archive_timeout`.
  const segments = Math.max(load.wal / 0.0168, DAY_SECONDS / timeout);
  return { backups, wal, files, objects: (backups + files) / PART_GB + segments + MINUTES_A_DAY };
}

export interface Kept {
  readonly storageClass: string;
  readonly gb: number;
}

/** What lies in a repository in the long run, by storage class. Pruned objects stay as noncurrent versions for as long again. */
export function keptIn(repository: PlanRepository, written: Written, files: number): Kept[] {
  const daily = written.backups + written.wal + written.files;
  const days = seconds(repository.retention) / DAY_SECONDS;
  // Versions below a delete marker: `infra/aws/storage/lifecycle.ts` keeps them for the retention, counted from the marker.
  const noncurrent = repository.storage === 's3' && repository.immutable !== undefined ? days : 0;
  const steps = [
    { from: 0, storageClass: 'STANDARD' },
    ...repository.lifecycle.map(({ after, storageClass }) => ({ from: seconds(after) / DAY_SECONDS, storageClass })),
  ];
  const end = days + noncurrent;
  return steps.map(({ from, storageClass }, n) => {
    const until = Math.min(end, steps[n + 1]?.from ?? end);
    const base = n === 0 ? files : 0;
    return { storageClass, gb: base + daily * Math.max(0, until - from) };
  });
}
