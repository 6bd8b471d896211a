/** Fills folders from a copy, with a Job for each, before any service uses them. A volume with files in it is not touched. */
import type * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { Plan } from '../../plan/types.ts';
import { fillingJob } from './filling-job.ts';
import { type JobPodArgs, jobPod } from './job-pod.ts';

export interface FolderSeed {
  readonly workload: string;
  /** In the recovery namespace; made for this platform. */
  readonly claim: string;
  /** The workload's path in the pods' dr.yaml. */
  readonly path: string;
  /** `latest`, or the id of a point. */
  readonly target: string;
}

export interface FolderSeedsArgs {
  readonly plan: Pick<Plan, 'objectives'>;
  readonly namespace: string;
  readonly pods: JobPodArgs;
  /** The only one that is read. */
  readonly repository: string;
  readonly seeds: readonly FolderSeed[];
  /** True where services wait for the files. The promotion of the database never does. */
  readonly awaited: boolean;
}

export class FolderSeeds extends pulumi.ComponentResource {
  /** Services depend on these. */
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, args: FolderSeedsArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:cluster:FolderSeeds', name, {}, opts);
    const jobs = args.seeds.map((seed) => this.#job(name, seed, args));
    this.ready = args.awaited ? jobs : [];
    this.registerOutputs({});
  }

  #job(
    name: string,
    { workload, claim, path, target }: FolderSeed,
    { plan, namespace, pods, repository, awaited }: FolderSeedsArgs,
  ): k8s.batch.v1.Job {
    const job = `dr-seed-${workload}`;
    // The profile of a verification: it reads the repositories and has no access to the stores.
    // `seed` is `dr restore-volume` by the name that an older toolbox image knows too.
    const reader = jobPod(job, 'verify', ['seed', workload, '--from', repository, '--to', target], pods);
    const pod = { ...reader, localRepository: undefined, fills: { [path]: claim } };
    return fillingJob(`${name}-${workload}`, { plan, namespace, pod, awaited }, { parent: this });
  }
}
