/** Loads copies into stores, with a Job for each, before any service uses them: dumps into a fresh database, or into an external server. */
import type * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { Plan } from '../../plan/types.ts';
import { fillingJob } from './filling-job.ts';
import { type JobPodArgs, jobPod } from './job-pod.ts';

export interface StoreLoad {
  readonly workload: string;
  /** Id of the point, or a moment. */
  readonly point: string;
  /** False: a store that holds data is refused. */
  readonly overwrite: boolean;
}

export interface StoreLoadsArgs {
  readonly plan: Pick<Plan, 'objectives'>;
  readonly environment: string;
  readonly namespace: string;
  readonly pods: JobPodArgs;
  /** The only one that is read. */
  readonly repository: string;
  readonly loads: readonly StoreLoad[];
  /** `<site>-<generation>`: in its name, so that a Job runs once. */
  readonly lineage: string;
}

export class StoreLoads extends pulumi.ComponentResource {
  /** Services depend on these. */
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, args: StoreLoadsArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:cluster:StoreLoads', name, {}, opts);
    this.ready = args.loads.map((load) => this.#job(name, load, args));
    this.registerOutputs({});
  }

  #job(name: string, { workload, point, overwrite }: StoreLoad, args: StoreLoadsArgs): k8s.batch.v1.Job {
    const job = `dr-load-${workload}-${args.lineage}`;
    const what = ['--to', point, '--from', args.repository, '--only', workload, '--no-backup'];
    const consent = overwrite ? ['--confirm', args.environment] : [];
    const pod = jobPod(job, 'load', ['restore', ...what, ...consent], args.pods);
    const { plan, namespace } = args;
    // A later image must not load the copy again, over what the platform has written since. A Job that failed resumes what it had begun.
    return fillingJob(`${name}-${workload}`, { plan, namespace, pod }, { parent: this, ignoreChanges: ['spec'] });
  }
}
