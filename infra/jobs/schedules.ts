/** The plan's jobs as CronJobs, and the Job that initialises the repositories before them. */
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import { seconds } from '../../plan/duration.ts';
import { runDeadline } from '../../plan/limits.ts';
import type { Plan } from '../../plan/types.ts';
import { type DrPod, drPodLabels, drPodSpec } from './dr-pod.ts';
import { type JobPodArgs, jobPod } from './job-pod.ts';
import {
  backupArguments,
  copiesObjects,
  type Purpose,
  type ScheduledJob,
  scheduledJobs,
  withoutObjects,
} from './jobs.ts';
import { WalReceiver } from './wal-receiver.ts';

export interface SchedulesArgs extends JobPodArgs {
  readonly plan: Plan;
  readonly namespace: string;
  /** Ids of the repositories that pods can reach. Whoever carries a drive runs its export. */
  readonly reachable: readonly string[];
  /** Ids of those that the stack leaves out for now. @default none */
  readonly detached?: readonly string[] | undefined;
  /** Ids of the workloads that are folders in the pods, or that these mirror. */
  readonly copied: readonly string[];
  /** False in a standby until it leads. Its checks and drills run all the same. */
  readonly backsUp: boolean;
  /** In a drill all CronJobs are suspended. @default false */
  readonly isolated?: boolean | undefined;
  /** True after a promotion or a recovery: the new lineage has no backup yet. @default false */
  readonly beginsWithFull?: boolean;
  /** True while services are still starting: a snapshot of the manifests would have them incomplete or scaled to zero. @default false */
  readonly fullWithoutObjects?: boolean | undefined;
  /** `<site>-<generation>`: the repositories are initialised once for each generation. */
  readonly lineage: string;
}

/** Purposes that write or remove copies. They are suspended in a standby. */
const WRITES_COPIES: readonly Purpose[] = ['backup', 'prune', 'offsite'];

/** A job that reads no Kubernetes objects gets no token. */
function withoutApi(pod: DrPod): DrPod {
  return { ...pod, egress: pod.egress.filter((target) => target !== 'kubernetes-api') };
}

/**
 * A recovery beside an external PostgreSQL has no generation that would show that it comes after the lost stack: it takes that one's place
 * by name, and the lost one, if it still runs, may write no more.
 */
function takesOver({ beginsWithFull, plan }: SchedulesArgs): boolean {
  return beginsWithFull === true && !plan.workloads.some(({ type }) => type === 'postgres');
}

export class Schedules extends pulumi.ComponentResource {
  /** Absent in a standby, whose own lineage begins with its promotion. */
  readonly init?: k8s.batch.v1.Job;
  /** By the job's id. */
  readonly cronJobs: Readonly<Record<string, k8s.batch.v1.CronJob>>;
  /** Everything that reads the repositories depends on these. */
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, args: SchedulesArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:schedules:Schedules', name, {}, opts);
    if (args.backsUp) this.init = this.#init(name, args);
    this.ready = this.init === undefined ? [] : [this.init];
    if (args.backsUp && args.beginsWithFull === true) this.#full(name, args);
    const jobs = scheduledJobs(args.plan, args.reachable, args.copied).map(
      (job) => [job.id, this.#cronJob(name, job, args)] as const,
    );
    this.cronJobs = Object.fromEntries(jobs);
    if (args.backsUp && args.isolated !== true && args.plan.workloads.some(({ type }) => type === 'postgres-wal'))
      new WalReceiver(`${name}-wal-receiver`, args, { parent: this });
    this.registerOutputs({});
  }

  /** Stanza and restic repositories: `dr init` adds what is missing. */
  #init(name: string, args: SchedulesArgs): k8s.batch.v1.Job {
    const backup = jobPod('dr-init', 'backup', ['init', ...(takesOver(args) ? ['--adopt'] : [])], args);
    // No other pod may make a bucket.
    const pod: DrPod = { ...withoutApi(backup), material: [...backup.material, 'admin'] };
    const labels = drPodLabels(pod);
    // A repository that comes back must be initialised for this lineage: without the annotation the Job would be the one that has run.
    const { detached = [] } = args;
    const without = detached.length === 0 ? {} : { annotations: { 'go-coffee-dr/without': detached.join(',') } };
    const longest = Math.max(...args.plan.schedules.map(({ longestRun }) => seconds(longestRun)));
    return new k8s.batch.v1.Job(
      `${name}-init`,
      {
        metadata: {
          name: `dr-init-${args.lineage}`,
          namespace: args.namespace,
          labels,
          // A failed Job stays failed, so the next run replaces it.
          annotations: { 'pulumi.com/replaceUnready': 'true' },
        },
        spec: {
          backoffLimit: 6,
          activeDeadlineSeconds: longest,
          template: { metadata: { labels, ...without }, spec: drPodSpec(pod) },
        },
      },
      {
        parent: this,
        // The template of a Job can't change: a new image needs a new Job, and the old one must release the name first.
        deleteBeforeReplace: true,
        customTimeouts: { create: `${longest}s` },
      },
    );
  }

  /** It has the lineage in its name and no TTL, so it runs once. Nothing waits for it, least of all traffic. */
  #full(name: string, args: SchedulesArgs): void {
    const full = args.plan.schedules.find(({ kind }) => kind === 'full');
    if (full === undefined) throw new RangeError('the plan has no full backup');
    const first = args.fullWithoutObjects === true ? withoutObjects(args.plan, full) : full;
    const pod = jobPod('dr-full', 'backup', backupArguments(args.plan, first, args.copied), args);
    const labels = drPodLabels(pod);
    new k8s.batch.v1.Job(
      `${name}-full`,
      {
        metadata: {
          name: `dr-full-${args.lineage}`,
          namespace: args.namespace,
          labels,
          annotations: { 'pulumi.com/skipAwait': 'true' },
        },
        spec: {
          backoffLimit: 3,
          activeDeadlineSeconds: runDeadline(args.plan, full),
          template: { metadata: { labels }, spec: drPodSpec(pod) },
        },
      },
      {
        parent: this,
        dependsOn: [...this.ready],
        // Removing the declaration does not end a running backup. The Job is made once and a later image does not replace it: the
        // retained Job would still have the name.
        retainOnDelete: true,
        ignoreChanges: ['spec'],
      },
    );
  }

  #cronJob(name: string, job: ScheduledJob, args: SchedulesArgs): k8s.batch.v1.CronJob {
    const schedule = args.plan.schedules.find(({ id }) => id === job.id);
    const made = jobPod(`dr-${job.id}`, job.purpose, job.args, args);
    const pod = schedule === undefined || copiesObjects(args.plan, schedule) ? made : withoutApi(made);
    const labels = drPodLabels(pod);
    return new k8s.batch.v1.CronJob(
      `${name}-${job.id}`,
      {
        metadata: {
          name: `dr-${job.id}`,
          namespace: args.namespace,
          labels,
          annotations: { 'go-coffee-dr/title': job.title },
        },
        spec: {
          schedule: job.cron,
          timeZone: 'Etc/UTC',
          suspend: args.isolated === true || (!args.backsUp && WRITES_COPIES.includes(job.purpose)),
          concurrencyPolicy: 'Forbid',
          startingDeadlineSeconds: job.startWithinSeconds,
          successfulJobsHistoryLimit: 3,
          failedJobsHistoryLimit: 5,
          jobTemplate: {
            metadata: { labels },
            spec: {
              // No retries: a failed run is an alert at once, and the next run is scheduled anyway.
              backoffLimit: 0,
              activeDeadlineSeconds: job.deadlineSeconds,
              template: { metadata: { labels }, spec: drPodSpec(pod) },
            },
          },
        },
      },
      // Without a stanza the jobs would fail and raise alerts.
      {
        parent: this,
        ...(this.init !== undefined && WRITES_COPIES.includes(job.purpose) ? { dependsOn: [this.init] } : {}),
      },
    );
  }
}
