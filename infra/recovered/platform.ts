/**
 * A recovered platform: what was captured of the cluster's objects, declared step by step. Between two steps stands one small ConfigMap, so
 * that the dependencies grow with the objects and not with their square.
 */
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { Plan } from '../../plan/types.ts';
import { type KubeObject, kindOf } from '../../recovery/public.ts';
import { labelsOf } from '../cluster/labels.ts';
import { drPodLabels, drPodSpec } from '../jobs/dr-pod.ts';
import { type JobPodArgs, jobPod } from '../jobs/job-pod.ts';
import { checkJob } from './checks.ts';
import { RecoveredObject } from './object.ts';
import { identityOf } from './objects/identity.ts';
import type { Step } from './steps.ts';
import { keepingOf, withInstructions } from './waits.ts';

export interface PlatformArgs {
  readonly plan: Pick<Plan, 'tiers'>;
  readonly steps: readonly Step[];
  /** Of the recovery: the steps and checks are kept there. */
  readonly namespace: string;
  /** `<site>-<generation>`: each life is checked once. */
  readonly lineage: string;
  readonly pods: JobPodArgs;
  /** The checks try the credentials that were replaced. @default false */
  readonly retired?: boolean | undefined;
  /** What has to be there before the first object. */
  readonly walls: readonly pulumi.Resource[];
  /** What has to be there before the stores are looked at. */
  readonly stores: readonly pulumi.Resource[];
  /** A drill's platform keeps nothing. */
  readonly isolated: boolean;
  /** A site's that follows, or has followed, another: its services sleep while that one leads. Absent: they never do. */
  readonly services?: 'asleep' | 'awake' | undefined;
  /** For what the cluster or another of its stacks may have made already. */
  readonly shared: pulumi.ProviderResource;
}

/** Of the stores, and of the first tier that has anything. */
const BEFORE_USERS = 2;

/** A line a kind, with how many there are of it. */
function counted(objects: readonly KubeObject[]): string {
  const counts = new Map<string, number>();
  for (const object of objects) counts.set(kindOf(object), (counts.get(kindOf(object)) ?? 0) + 1);
  return [...counts]
    .map(([kind, count]) => `${kind}: ${count}\n`)
    .toSorted()
    .join('');
}

export class Platform extends pulumi.ComponentResource {
  /** What users' traffic comes after: the tiers, not the last of the rest. After a promotion the first of them. */
  readonly ready: readonly pulumi.Resource[];
  readonly #name: string;
  readonly #args: PlatformArgs;

  constructor(name: string, args: PlatformArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:platform:Platform', name, {}, opts);
    this.#name = name;
    this.#args = args;
    const begin = this.#barrier('begin', [], args.walls);
    const gates = new Map<string, pulumi.Resource>();
    for (const step of args.steps) {
      const before = step.after.length === 0 ? [begin] : step.after.flatMap((id) => gates.get(id) ?? []);
      gates.set(step.id, this.#step(step, before));
    }
    const checks = args.steps.flatMap(({ id, check }) => (check === undefined ? [] : (gates.get(id) ?? [])));
    // After a failover the first tier must not be kept from its users by a later one.
    this.ready = args.services === 'awake' ? checks.slice(0, BEFORE_USERS) : checks;
    this.registerOutputs({});
  }

  /** What the next step waits for. */
  #step({ id, objects, check }: Step, before: readonly pulumi.Resource[]): pulumi.Resource {
    const made = objects.map((object) => this.#object(object, before));
    const laid = objects.length === 0 ? before : [this.#barrier(id, objects, [...before, ...made])];
    if (check === undefined) return laid[0] as pulumi.Resource;
    return this.#check(check, check === 'stores' ? [...laid, ...this.#args.stores] : laid);
  }

  #object(object: KubeObject, dependsOn: readonly pulumi.Resource[]): pulumi.Resource {
    const { isolated, services } = this.#args;
    const { protect, retainOnDelete, shared } = keepingOf(object, isolated, services !== undefined);
    return new RecoveredObject(identityOf(object), withInstructions(object, services === 'asleep'), {
      parent: this,
      dependsOn: [...dependsOn],
      ...(protect ? { protect } : {}),
      ...(retainOnDelete ? { retainOnDelete } : {}),
      ...(shared ? { provider: this.#args.shared } : {}),
    });
  }

  #barrier(id: string, objects: readonly KubeObject[], dependsOn: readonly pulumi.Resource[]): k8s.core.v1.ConfigMap {
    const name = `recovery-${id}`;
    const metadata = { name, namespace: this.#args.namespace, labels: labelsOf(name) };
    return new k8s.core.v1.ConfigMap(
      `${this.#name}-${id}`,
      { metadata, data: { lineage: this.#args.lineage, objects: counted(objects) } },
      { parent: this, dependsOn: [...dependsOn] },
    );
  }

  #check(check: NonNullable<Step['check']>, dependsOn: readonly pulumi.Resource[]): k8s.batch.v1.Job {
    const { plan, namespace, lineage, pods, retired = false } = this.#args;
    const { name, args, deadlineSeconds } = checkJob(check, plan);
    const health = jobPod(name, 'health', args, pods);
    const pod = retired ? { ...health, material: [...health.material, 'retired' as const] } : health;
    const labels = drPodLabels(pod);
    return new k8s.batch.v1.Job(
      `${this.#name}-${name}`,
      {
        metadata: {
          name: `${name}-${lineage}`,
          namespace,
          labels,
          // One that failed would never be anything else: the next run asks again.
          annotations: { 'pulumi.com/replaceUnready': 'true' },
        },
        spec: {
          backoffLimit: 3,
          activeDeadlineSeconds: deadlineSeconds,
          template: { metadata: { labels }, spec: drPodSpec(pod) },
        },
      },
      {
        parent: this,
        dependsOn: [...dependsOn],
        // The template of a Job can't be changed: a new image makes a new one, and the old goes first for its name.
        deleteBeforeReplace: true,
        customTimeouts: { create: `${deadlineSeconds}s` },
      },
    );
  }
}
