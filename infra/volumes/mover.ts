/** The pods that copy a volume of the platform, and that fill it in a recovery. Pure. */
import { schedulesOf } from '../../plan/declared/volumes.ts';
import { seconds } from '../../plan/duration.ts';
import { runDeadline } from '../../plan/limits.ts';
import type { Plan, Schedule } from '../../plan/types.ts';
import { folderPath } from '../cluster/paths.ts';
import type { Resources } from '../cluster/pod-security.ts';
import { accountName, moverName, prefixOf, seedName } from '../config/volumes/names.ts';
import type { PlatformVolume } from '../config/volumes/schema.ts';
import type { DrPod, Visitor } from '../jobs/dr-pod.ts';
import { startWithin } from '../jobs/jobs.ts';
import { shift } from '../jobs/shift.ts';

export interface MoverArgs {
  /** The recovery namespace, whose name the objects begin with. */
  readonly recovery: string;
  readonly image: string;
  readonly resources: Resources;
  /** Kubernetes quantity: restic's cache and temporary files, and the state of one run. */
  readonly scratch: string;
}

function visiting(volume: PlatformVolume, { recovery, image, resources, scratch }: MoverArgs) {
  const { user, group } = volume;
  const visitor: Visitor = { prefix: prefixOf(recovery), user, group };
  return {
    image,
    resources,
    scratch,
    egress: ['dns', 'object-storage'],
    volumeAccess: 'ReadWriteMany',
    visitor,
    restartPolicy: 'Never',
  } as const;
}

/** It mounts the volume to read, beside the pods that use it. */
export function moverPod(volume: PlatformVolume, schedule: Pick<Schedule, 'id' | 'kind'>, args: MoverArgs): DrPod {
  const { id, claim, pods } = volume;
  const common = visiting(volume, args);
  return {
    ...common,
    name: moverName(args.recovery, id, schedule.id),
    args: ['backup', '--kind', schedule.kind, '--only', id],
    serviceAccount: accountName(args.recovery, 'writer'),
    material: ['keys', 'writer'],
    folders: { [folderPath(id)]: claim },
    visitor: { ...common.visitor, beside: pods },
  };
}

/** @param from the repository that is read, and the point or `latest` */
export function seedPod(
  volume: PlatformVolume,
  { repository, target }: { readonly repository: string; readonly target: string },
  args: MoverArgs,
): DrPod {
  const { id, claim } = volume;
  return {
    ...visiting(volume, args),
    name: seedName(args.recovery, id),
    args: ['restore-volume', id, '--from', repository, '--to', target],
    serviceAccount: accountName(args.recovery, 'restorer'),
    material: ['keys', 'restorer'],
    fills: { [folderPath(id)]: claim },
  };
}

/** An expression that can't be moved stays as it is: then two runs meet. */
function later(cron: string, minutes: number): string {
  try {
    return shift(cron, minutes);
  } catch (error) {
    if (error instanceof RangeError) return cron;
    throw error;
  }
}

export interface MoverRun {
  readonly schedule: Schedule;
  readonly cron: string;
  readonly deadlineSeconds: number;
  readonly startWithinSeconds: number;
}

/**
 * By the plan's schedules, each a turn later than the stack's own run: that one says who writes for the site. The full run comes after the
 * incremental one, because the two share no lock.
 */
export function moverRuns(plan: Plan, { id }: Pick<PlatformVolume, 'id'>): MoverRun[] {
  const schedules = schedulesOf(plan, id);
  const shortest = Math.min(...schedules.map(({ longestRun }) => seconds(longestRun)));
  const turn = Math.ceil(shortest / 60);
  return schedules.map((schedule) => {
    const cron = later(schedule.cron, schedule.kind === 'full' ? 2 * turn : turn);
    const deadlineSeconds = runDeadline(plan, schedule);
    return { schedule, cron, deadlineSeconds, startWithinSeconds: startWithin(cron) };
  });
}
