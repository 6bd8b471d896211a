/** A Job that fills a volume or a store of a fresh platform from a copy, once, before any service uses it. */
import * as k8s from '@pulumi/kubernetes';
import type * as pulumi from '@pulumi/pulumi';
import { seconds } from '../../plan/duration.ts';
import type { Plan } from '../../plan/types.ts';
import { type DrPod, drPodLabels, drPodSpec } from './dr-pod.ts';

export interface FillingJob {
  readonly plan: Pick<Plan, 'objectives'>;
  readonly namespace: string;
  /** The Job has its name. */
  readonly pod: DrPod;
  /** Beside the pod's own. @default none */
  readonly labels?: Readonly<Record<string, string>>;
  /** True where services wait for it. @default true */
  readonly awaited?: boolean;
}

/** @param name of the resource; `opts` come last, so that they can add to what each of these Jobs needs */
export function fillingJob(
  name: string,
  { plan, namespace, pod, labels: more = {}, awaited = true }: FillingJob,
  opts: pulumi.CustomResourceOptions,
): k8s.batch.v1.Job {
  const labels = { ...drPodLabels(pod), ...more };
  // After this time the platform has missed its RTO anyway. Until then a claim may still be pending.
  const longest = seconds(plan.objectives.rto.full);
  return new k8s.batch.v1.Job(
    name,
    {
      metadata: {
        name: pod.name,
        namespace,
        labels,
        // A failed Job stays failed, so the next run replaces it.
        annotations: awaited ? { 'pulumi.com/replaceUnready': 'true' } : { 'pulumi.com/skipAwait': 'true' },
      },
      spec: {
        backoffLimit: 3,
        activeDeadlineSeconds: longest,
        template: { metadata: { labels }, spec: drPodSpec(pod) },
      },
    },
    {
      // The template of a Job can't change: a new image needs a new Job, and the old one must release the name first.
      deleteBeforeReplace: true,
      customTimeouts: { create: `${longest}s` },
      ...opts,
    },
  );
}
