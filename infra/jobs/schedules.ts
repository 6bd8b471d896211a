/** The plan's jobs as CronJobs, and the Job that makes the repositories ready first. */
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import { seconds } from '../../plan/duration.ts';
import type { Plan } from '../../plan/types.ts';
import { type DrPod, drPodLabels, drPodSpec } from './dr-pod.ts';
import { type JobPodArgs, jobPod } from './job-pod.ts';
import {
  backupArguments,
  copiesObjects,
  type Purpose,
  runDeadline,
  type ScheduledJob,
  scheduledJobs,
  withoutObjects,
} from './jobs.ts';

export interface SchedulesArgs extends JobPodArgs {
  readonly plan: Plan;
  readonly namespace: string;
  /** Ids of those that pods can reach. What goes onto a drive is exported by whoever carries it. */
  readonly reachable: readonly string[];
  /** Ids of the workloads that are folders in the pods. */
  readonly copied: readonly string[];
  /** A standby copies nothing until it leads. Its checks and drills go on. */
  readonly backsUp: boolean;
  /** A drill's (F37): they are there to be seen, and none of them runs. @default false */
  readonly isolated?: boolean | undefined;
  /** After a promotion: the new lineage has nothing to build on. @default false */
  readonly beginsWithFull?: boolean;
  /** Services wake or come back meanwhile: half of them asleep, or not yet there, would be what a next recovery brings. @default false */
  readonly fullWithoutObjects?: boolean | undefined;
  /** `<site>-<generation>`: each life of the database has its repositories made ready once. */
  readonly lineage: string;
}

/** What stops with a standby's being one: everything that writes new copies. */
const WRITES_COPIES: readonly Purpose[] = ['backup', 'prune', 'offsite'];

/** What reads no object has no token of the cluster. */
function withoutApi(pod: DrPod): DrPod {
  return { ...pod, egress: pod.egress.filter((reach) => reach !== 'kubernetes-api') };
}

export class Schedules extends pulumi.ComponentResource {
  /** Absent in a standby: its own lineage begins with its promotion. */
  readonly init?: k8s.batch.v1.Job;
  /** By the job's id. */
  readonly cronJobs: Readonly<Record<string, k8s.batch.v1.CronJob>>;
  /** What those who read the repositories come after. */
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
    this.registerOutputs({});
  }

  /** Stanza and restic repositories; `dr init` finds what is there and adds what is missing. */
  #init(name: string, args: SchedulesArgs): k8s.batch.v1.Job {
    const backup = jobPod('dr-init', 'backup', ['init'], args);
    // It alone may make a bucket.
    const pod: DrPod = { ...withoutApi(backup), material: [...backup.material, 'admin'] };
    const labels = drPodLabels(pod);
    const longest = Math.max(...args.plan.schedules.map(({ longestRun }) => seconds(longestRun)));
    return new k8s.batch.v1.Job(
      `${name}-init`,
      {
        metadata: {
          name: `dr-init-${args.lineage}`,
          namespace: args.namespace,
          labels,
          // One that failed would never be anything else: the next run tries again.
          annotations: { 'pulumi.com/replaceUnready': 'true' },
        },
        spec: {
          backoffLimit: 6,
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

  /** Named by the lineage and without TTL, so that it runs once. Nothing waits for it: traffic must not. */
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
        // Whoever drops the declaration ends no copy that runs. It is made once: a later image is no reason to replace it, which
        // the one that stays would be in the way of.
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
              // One try: a run that failed is an alert at once, and the next one comes by itself.
              backoffLimit: 0,
              activeDeadlineSeconds: job.deadlineSeconds,
              template: { metadata: { labels }, spec: drPodSpec(pod) },
            },
          },
        },
      },
      // Jobs that find no stanza would fail, and wake people up.
      {
        parent: this,
        ...(this.init !== undefined && WRITES_COPIES.includes(job.purpose) ? { dependsOn: [this.init] } : {}),
      },
    );
  }
}
