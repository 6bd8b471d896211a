/** What the key `volumes` can't say beside the others. Pure. */
import type { Finding } from '../../../plan/checks/validate.ts';
import { serviceNamespaces } from '../../../plan/declared/namespaces.ts';
import { isFolder, schedulesOf } from '../../../plan/declared/volumes.ts';
import { idSchema } from '../../../plan/fields.ts';
import { didYouMean } from '../../../plan/nearest.ts';
import type { Plan } from '../../../plan/types.ts';
import type { ConfigProblem } from '../problems.ts';
import { moverName, seedName } from './names.ts';
import { claimOf, type PlatformVolume, type VolumesKey } from './schema.ts';

/** Kubernetes adds eleven letters to the name of a CronJob, for its Jobs. */
const LONGEST_CRON_JOB = 52;
const LONGEST_JOB = 63;

export interface VolumeFacts {
  readonly key: VolumesKey | undefined;
  /** As they are understood. */
  readonly volumes: readonly PlatformVolume[];
  readonly namespaces: { readonly platform: string; readonly recovery: string; readonly existing: readonly string[] };
  readonly folders: Readonly<Record<string, string>> | undefined;
  /** Before the volumes are in it. */
  readonly base: Plan;
  /** Workloads of the plan that a store which stays where it is has replaced: their names are still taken. */
  readonly replaced: Plan['workloads'];
  /** With them. */
  readonly plan: Plan;
}

function aboutPlace({ key = {}, volumes, namespaces }: VolumeFacts): ConfigProblem[] {
  const known = serviceNamespaces(namespaces);
  return volumes.flatMap(({ id, namespace }): ConfigProblem[] => {
    const path = ['volumes', id, 'namespace'];
    if (key[id]?.namespace === undefined && known.length > 1) {
      const fact = `is missing, and the platform has ${known.length} namespaces`;
      return [{ path, fact, hint: `write one of: ${known.join(', ')}` }];
    }
    if (known.includes(namespace)) return [];
    const fact = `"${namespace}" is not a namespace of the platform.${didYouMean(namespace, known)}`;
    return [{ path, fact, hint: `write one of: ${known.join(', ')}; namespaces.platform names them` }];
  });
}

/** One claim twice would be two workloads with the same content, and both would fill it in a recovery. */
function aboutTwins({ volumes }: VolumeFacts): ConfigProblem[] {
  return volumes.flatMap((volume, i): ConfigProblem[] => {
    const twin = volumes.slice(0, i).find((other) => claimOf(other) === claimOf(volume));
    if (twin === undefined) return [];
    const fact = `${claimOf(volume)} is the claim of volumes.${twin.id} too`;
    return [{ path: ['volumes', volume.id, 'claim'], fact, hint: 'keep one of the two' }];
  });
}

function aboutNode({ key = {} }: VolumeFacts): ConfigProblem[] {
  return Object.entries(key).flatMap(([id, { pods, access }]): ConfigProblem[] => {
    const named = Object.keys(pods ?? {}).length > 0;
    if (access === 'ReadWriteOnce' && !named) {
      const fact =
        'is missing: a ReadWriteOnce volume is on the node of the pods that use it, and the copy has to go there';
      const hint =
        'write labels that only those pods have, as in {app: orders}; or access: ReadWriteMany if the claim has it';
      return [{ path: ['volumes', id, 'pods'], fact, hint }];
    }
    if (access === 'ReadWriteMany' && named) {
      const fact = 'is set, and access is ReadWriteMany: the copy runs on any node';
      return [{ path: ['volumes', id, 'pods'], fact, hint: 'remove one of the two' }];
    }
    return [];
  });
}

function aboutMethod({ key = {} }: VolumeFacts): ConfigProblem[] {
  return Object.entries(key)
    .filter(([, { method }]) => method === 'snapshot')
    .map(([id]) => ({
      path: ['volumes', id, 'method'],
      fact: '"snapshot" is no copy elsewhere: a VolumeSnapshot lies in the storage of the volume, and is lost with it',
      hint: 'write files, or leave it out; snapshots for a quick way back stay your own job (docs/adopt.md)',
    }));
}

function aboutPlan({ key = {}, folders = {}, base, replaced, plan, namespaces }: VolumeFacts): ConfigProblem[] {
  return Object.keys(key).flatMap((id): ConfigProblem[] => {
    const path = ['volumes', id];
    if (!idSchema.safeParse(id).success) {
      const hint = 'write 1 to 63 of a-z, 0-9 and "-", beginning and ending with a letter or digit';
      return [{ path, fact: `"${id}" is not a name`, hint }];
    }
    const known = [...base.workloads, ...replaced].find((workload) => workload.id === id);
    if (known !== undefined && !isFolder(known)) {
      const what = known.objects === undefined ? `of type ${known.type}` : 'the objects of the cluster';
      const others = base.workloads.filter(isFolder).map((workload) => workload.id);
      const hint = `give the volume a name of its own, or that of a folder of the plan: ${others.join(', ')}`;
      return [{ path, fact: `"${id}" is a workload of the plan, ${what}`, hint }];
    }
    if (id in folders) {
      const fact = `folders.${id} names a claim of the recovery namespace for the same workload`;
      return [{ path, fact, hint: 'keep one of the two, or give this volume another name' }];
    }
    const schedules = schedulesOf(plan, id);
    if (schedules.length === 0) {
      const fact = 'no schedule of the plan copies folders: the volume would never be copied';
      return [{ path, fact, hint: 'add a schedule of kind full or incremental' }];
    }
    const names = [
      ...schedules.map((schedule) => [moverName(namespaces.recovery, id, schedule.id), LONGEST_CRON_JOB] as const),
      [seedName(namespaces.recovery, id), LONGEST_JOB] as const,
    ];
    const long = names.find(([name, limit]) => name.length > limit);
    if (long === undefined) return [];
    const fact = `its job would be ${long[0]}, which has ${long[0].length} letters, and Kubernetes takes ${long[1]}`;
    return [{ path, fact, hint: 'give the volume a shorter name' }];
  });
}

/** What the plan can't keep with them, and could without: a P1 volume is copied by the hour, and its tier may lose less. */
function aboutObjectives({ base, plan }: VolumeFacts, check: Check): ConfigProblem[] {
  const errors = (of: Plan) => check(of).filter(({ severity }) => severity === 'error');
  const before = new Set(errors(base).map(({ fact }) => fact));
  return errors(plan)
    .filter(({ fact }) => !before.has(fact))
    .map(({ where, fact, hint }) => ({
      path: ['volumes'],
      fact: `with them the plan has a fault: ${where}: ${fact}`,
      hint,
    }));
}

type Check = (plan: Plan) => readonly Pick<Finding, 'severity' | 'where' | 'fact' | 'hint'>[];

/** @param check what the plan of the stack's role must pass */
export function volumeProblems(facts: VolumeFacts, check: Check): ConfigProblem[] {
  if (facts.volumes.length === 0) return [];
  const problems = [aboutPlace, aboutTwins, aboutNode, aboutMethod, aboutPlan].flatMap((of) => of(facts));
  return problems.length > 0 ? problems : aboutObjectives(facts, check);
}
