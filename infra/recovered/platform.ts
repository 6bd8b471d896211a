/**
 * A recovered platform: the objects of a manifest snapshot, declared step by step. A small ConfigMap between two steps keeps the number of
 * dependencies proportional to the number of objects, not to its square.
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
import { keepingOf, type Services, withInstructions } from './waits.ts';

export interface PlatformArgs {
  readonly plan: Pick<Plan, 'tiers'>;
  readonly steps: readonly Step[];
  /** The recovery namespace, which holds the barriers and the checks. */
  readonly namespace: string;
  /** `<site>-<generation>`: the checks run once for each generation. */
  readonly lineage: string;
  readonly pods: JobPodArgs;
  /** The checks try the replaced credentials. @default false */
  readonly retired?: boolean | undefined;
  /** Dependencies of the first object. */
  readonly guardrails: readonly pulumi.Resource[];
  /** Dependencies of the check of the stores. */
  readonly stores: readonly pulumi.Resource[];
  /** Fills the volumes of these claims before any service starts. @default none are filled */
  readonly fill?:
    | ((claims: ReadonlySet<string>, dependsOn: readonly pulumi.Resource[]) => pulumi.Resource[])
    | undefined;
  /** A drill's platform is deleted completely. */
  readonly isolated: boolean;
  /** For a site that follows, or has followed, another. */
  readonly services?: Services | undefined;
  /** For objects that the cluster or another stack may have made already. */
  readonly shared: pulumi.ProviderResource;
}

/** The checks of the stores and of the first tier with workloads. */
const BEFORE_USERS = 2;

/** A line for each kind, with the number of its objects. */
function counted(objects: readonly KubeObject[]): string {
  const counts = new Map<string, number>();
  for (const object of objects) counts.set(kindOf(object), (counts.get(kindOf(object)) ?? 0) + 1);
  return [...counts]
    .map(([kind, count]) => `${kind}: ${count}\n`)
    .toSorted()
    .join('');
}

export class Platform extends pulumi.ComponentResource {
  /** Users' traffic waits for these: the checks of all tiers, after a promotion those of the stores and the first tier. */
  readonly ready: readonly pulumi.Resource[];
  readonly #name: string;
  readonly #args: PlatformArgs;

  constructor(name: string, args: PlatformArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:platform:Platform', name, {}, opts);
    this.#name = name;
    this.#args = args;
    const begin = this.#barrier('begin', [], args.guardrails);
    const gates = new Map<string, pulumi.Resource>();
    for (const step of args.steps) {
      const before = step.after.length === 0 ? [begin] : step.after.flatMap((id) => gates.get(id) ?? []);
      gates.set(step.id, this.#step(step, before));
    }
    const checks = args.steps.flatMap(({ id, check }) => (check === undefined ? [] : (gates.get(id) ?? [])));
    // After a failover, traffic for the first tier must not wait for the others.
    this.ready = args.services === 'active' ? checks.slice(0, BEFORE_USERS) : checks;
    this.registerOutputs({});
  }

  /** The resource that the next step waits for. */
  #step({ id, objects, check }: Step, before: readonly pulumi.Resource[]): pulumi.Resource {
    const made = objects.map((object) => this.#object(object, before));
    const laid = objects.length === 0 ? before : [this.#barrier(id, objects, [...before, ...made])];
    if (check === undefined) return laid[0] as pulumi.Resource;
    return this.#check(check, check === 'stores' ? [...laid, ...this.#args.stores, ...this.#filled(laid)] : laid);
  }

  #filled(laid: readonly pulumi.Resource[]): pulumi.Resource[] {
    const claims = this.#args.steps.flatMap(({ objects }) =>
      objects.filter((object) => kindOf(object) === 'PersistentVolumeClaim').map(({ metadata }) => metadata),
    );
    const names = new Set(claims.map(({ namespace, name }) => `${namespace}/${name}`));
    return this.#args.fill?.(names, laid) ?? [];
  }

  #object(object: KubeObject, dependsOn: readonly pulumi.Resource[]): pulumi.Resource {
    const { isolated, services } = this.#args;
    const { protect, retainOnDelete, shared } = keepingOf(object, { isolated, services });
    return new RecoveredObject(identityOf(object), withInstructions(object, services), {
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
          // A failed Job stays failed, so the next run replaces it.
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
        // The template of a Job can't change: a new image needs a new Job, and the old one must release the name first.
        deleteBeforeReplace: true,
        customTimeouts: { create: `${deadlineSeconds}s` },
      },
    );
  }
}
