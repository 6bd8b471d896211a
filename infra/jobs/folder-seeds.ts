/** Folders that begin from a copy: a Job each, before any service uses them. A volume that holds files is left alone. */
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import { seconds } from '../../plan/duration.ts';
import type { Plan } from '../../plan/types.ts';
import { drPodLabels, drPodSpec } from './dr-pod.ts';
import { type JobPodArgs, jobPod } from './job-pod.ts';

export interface FolderSeed {
  readonly workload: string;
  /** In the recovery namespace; whoever made it made it for this platform. */
  readonly claim: string;
  /** Where the environment file of the pods has the workload. */
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
  /** Whether services come after them. The database's promotion waits for no file; services that wake would write before they are there. */
  readonly awaited: boolean;
}

export class FolderSeeds extends pulumi.ComponentResource {
  /** What services come after. */
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
    // As one who verifies: it reads the repositories, and has no business at the stores.
    const reader = jobPod(job, 'verify', ['seed', workload, '--from', repository, '--to', target], pods);
    const pod = { ...reader, localRepository: undefined, fills: { [path]: claim } };
    const labels = drPodLabels(pod);
    // Later the whole platform has missed its objective anyway; and for that long a claim may be on its way.
    const longest = seconds(plan.objectives.rto.full);
    return new k8s.batch.v1.Job(
      `${name}-${workload}`,
      {
        metadata: {
          name: job,
          namespace,
          labels,
          // One that failed would never be anything else: the next run tries again.
          annotations: awaited ? { 'pulumi.com/replaceUnready': 'true' } : { 'pulumi.com/skipAwait': 'true' },
        },
        spec: {
          backoffLimit: 3,
          activeDeadlineSeconds: longest,
          template: { metadata: { labels }, spec: drPodSpec(pod) },
        },
      },
      {
        parent: this,
        // The template of a Job can't be changed: a new image makes a new one, and the old goes first for its name.
        deleteBeforeReplace: true,
        customTimeouts: { create: `${longest}s` },
      },
    );
  }
}
