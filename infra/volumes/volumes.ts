/**
 * Volumes of the platform's own claims. A claim is mounted in its own namespace alone, and a disk on one node: so a CronJob there copies it,
 * and a Job there fills it in a recovery. Both need keys of the repositories, which are then in that namespace too.
 */
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import { canonicalJson } from '../../plan/digest.ts';
import type { ResolvedPoint } from '../../recovery/public.ts';
import { accessData, type ClusterSecrets, makeSecret, passphraseData } from '../cluster/keys.ts';
import { labelsOf } from '../cluster/labels.ts';
import { type Outside, visitorPolicies } from '../cluster/network-policies.ts';
import { folderPath, KEY_FILES } from '../cluster/paths.ts';
import type { ClusterRepository, S3Repository } from '../cluster/repository.ts';
import { backsUp, volumeOrigins } from '../config/role.ts';
import type { StackConfig } from '../config/types.ts';
import { accountName, prefixOf, volumeNamespaces } from '../config/volumes/names.ts';
import { claimOf, type PlatformVolume } from '../config/volumes/schema.ts';
import { drPodLabels, drPodSpec, OBJECTS } from '../jobs/dr-pod.ts';
import { renderMoverEnvironment } from '../jobs/environment.ts';
import { fillingJob } from '../jobs/filling-job.ts';
import type { JobPodArgs } from '../jobs/job-pod.ts';
import { type MoverArgs, moverPod, moverRuns, seedPod } from './mover.ts';

/** What volumes are filled from, by the id of the workload. */
export interface Copies {
  readonly repository: string;
  readonly targets: Readonly<Record<string, string>>;
}

export interface VolumesArgs {
  readonly config: StackConfig;
  /** In S3: no pod of another namespace reaches the local one. */
  readonly repositories: readonly S3Repository[];
  readonly secrets: ClusterSecrets;
  /** PEM texts by repository. */
  readonly authorities: Readonly<Record<string, pulumi.Input<string>>>;
  readonly outside: Outside;
  /** Service account → ARN of its role. */
  readonly roleArns?: Readonly<Record<string, pulumi.Input<string>>> | undefined;
  readonly pods: Omit<MoverArgs, 'recovery'>;
  /** False while the stack makes no copies: the jobs are suspended. */
  readonly backsUp: boolean;
  /** Undefined: nothing is filled. */
  readonly copies: Copies | undefined;
}

const ROLES = ['writer', 'restorer'] as const;

export class PlatformVolumes extends pulumi.ComponentResource {
  readonly #name: string;
  readonly #args: VolumesArgs;
  /** What its pods mount. */
  readonly #site: readonly pulumi.Resource[];

  constructor(name: string, args: VolumesArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:cluster:PlatformVolumes', name, {}, opts);
    this.#name = name;
    this.#args = args;
    this.#site = volumeNamespaces(args.config).flatMap((namespace) => this.#siteIn(namespace));
    for (const volume of args.config.platformVolumes) this.#mover(volume);
    this.registerOutputs({});
  }

  get #recovery(): string {
    return this.#args.config.namespaces.recovery;
  }

  get #pods(): MoverArgs {
    return { ...this.#args.pods, recovery: this.#recovery };
  }

  /** The objects that the pods of one namespace mount, and their way out. */
  #siteIn(namespace: string): pulumi.Resource[] {
    const { config, repositories, secrets, authorities, outside, roleArns } = this.#args;
    const prefix = prefixOf(this.#recovery);
    const labels = labelsOf(prefix);
    const metadata = (object: string) => ({ name: `${prefix}-${object}`, namespace, labels });
    const resource = (object: string) => `${this.#name}-${namespace}-${object}`;
    const map = (object: string, data: Record<string, pulumi.Input<string>>) =>
      new k8s.core.v1.ConfigMap(resource(object), { metadata: metadata(object), data }, { parent: this });
    const secret = (object: string, data: Parameters<typeof makeSecret>[2]) =>
      makeSecret(resource(object), metadata(object), data, { parent: this });
    const ids = repositories.map(({ id }) => id);
    const folders = config.platformVolumes.filter((volume) => volume.namespace === namespace);
    const environment = renderMoverEnvironment({
      ...config,
      repositories,
      passphraseNames: Object.fromEntries(Object.entries(secrets.passphrases).map(([id, { name }]) => [id, name])),
      signingKeyName: secrets.signingKey.name,
      folders: Object.fromEntries(folders.map(({ id }) => [id, folderPath(id)])),
    });
    const own = Object.entries(authorities).filter(([id]) => ids.includes(id));
    const accounts = ROLES.map((role) => {
      const account = accountName(this.#recovery, role);
      const arn = roleArns?.[account];
      const annotations = arn === undefined ? {} : { annotations: { 'eks.amazonaws.com/role-arn': arn } };
      return new k8s.core.v1.ServiceAccount(
        resource(role),
        { metadata: { name: account, namespace, labels, ...annotations }, automountServiceAccountToken: false },
        { parent: this },
      );
    });
    // A namespace of the stack has its policies already.
    const ways = config.namespaces.existing.includes(namespace)
      ? visitorPolicies({ namespace, name: prefix, labels: this.#marks }, config.namespaces, outside)
      : [];
    return [
      map(OBJECTS.environment, {
        'dr.yaml': environment,
        'plan.json': canonicalJson(config.plan),
        ...Object.fromEntries(own.map(([id, pem]) => [`${id}.crt`, pem])),
      }),
      secret(OBJECTS.keys, { [KEY_FILES.signing]: secrets.signingKey.value, ...passphraseData(secrets, ids) }),
      ...ROLES.map((role) => secret(OBJECTS.access(role), accessData(secrets, role, ids))),
      ...accounts,
      ...ways.map(
        ({ name, spec }) =>
          new k8s.networking.v1.NetworkPolicy(
            resource(name),
            { metadata: { name, namespace, labels }, spec },
            { parent: this },
          ),
      ),
    ];
  }

  /** Of this stack's pods alone: another stack may have pods in the same namespace. */
  get #marks(): Record<string, string> {
    return { 'go-coffee-dr/volumes-of': this.#recovery };
  }

  #mover(volume: PlatformVolume): void {
    const { config, backsUp } = this.#args;
    for (const { schedule, cron, deadlineSeconds, startWithinSeconds } of moverRuns(config.plan, volume)) {
      const pod = moverPod(volume, schedule, this.#pods);
      const labels = { ...drPodLabels(pod), ...this.#marks };
      new k8s.batch.v1.CronJob(
        `${this.#name}-${volume.id}-${schedule.id}`,
        {
          metadata: {
            name: pod.name,
            namespace: volume.namespace,
            labels,
            annotations: { 'go-coffee-dr/title': `${schedule.title}: ${claimOf(volume)}` },
          },
          spec: {
            schedule: cron,
            timeZone: 'Etc/UTC',
            suspend: !backsUp,
            concurrencyPolicy: 'Forbid',
            startingDeadlineSeconds: startWithinSeconds,
            successfulJobsHistoryLimit: 3,
            failedJobsHistoryLimit: 5,
            jobTemplate: {
              metadata: { labels },
              spec: {
                // As with the other copies: a failed run is an alert at once, and the next one is scheduled anyway.
                backoffLimit: 0,
                activeDeadlineSeconds: deadlineSeconds,
                template: { metadata: { labels }, spec: drPodSpec(pod) },
              },
            },
          },
        },
        { parent: this, dependsOn: [...this.#site] },
      );
    }
  }

  /**
   * The Jobs that fill the volumes of a fresh platform, before its services start. A volume with files is not touched.
   * @param claims `shop/media`: those that there are
   * @param dependsOn among them the claims
   */
  seeds(claims: ReadonlySet<string>, dependsOn: readonly pulumi.Resource[]): pulumi.Resource[] {
    const { config, copies } = this.#args;
    if (copies === undefined) return [];
    return config.platformVolumes.flatMap((volume) => {
      const target = copies.targets[volume.id];
      if (target === undefined || !claims.has(claimOf(volume))) {
        const lacks = target === undefined ? 'the point holds no copy of it' : 'the point holds no such claim';
        void pulumi.log.warn(`volumes.${volume.id}: ${claimOf(volume)} is not filled, ${lacks}`);
        return [];
      }
      return [this.#seed(volume, { repository: copies.repository, target }, dependsOn)];
    });
  }

  #seed(
    volume: PlatformVolume,
    from: { readonly repository: string; readonly target: string },
    dependsOn: readonly pulumi.Resource[],
  ): k8s.batch.v1.Job {
    const pod = seedPod(volume, from, this.#pods);
    const { plan } = this.#args.config;
    return fillingJob(
      `${this.#name}-seed-${volume.id}`,
      { plan, namespace: volume.namespace, pod, labels: this.#marks },
      { parent: this, dependsOn: [...this.#site, ...dependsOn] },
    );
  }
}

export interface Declared extends Pick<VolumesArgs, 'config' | 'secrets' | 'outside' | 'roleArns'> {
  readonly pods: Pick<JobPodArgs, 'image' | 'resources' | 'scratch'>;
  readonly repositories: readonly ClusterRepository[];
  readonly authorities: VolumesArgs['authorities'];
  readonly resolved: ResolvedPoint | undefined;
}

/** Undefined where the stack copies no volume. */
export function declareVolumes(
  { config, repositories, resolved, pods, ...parts }: Declared,
  opts: pulumi.ComponentResourceOptions,
): PlatformVolumes | undefined {
  if (config.platformVolumes.length === 0) return undefined;
  const reached = repositories.filter((repository) => repository.kind === 's3');
  const { image, resources, scratch } = pods;
  const args: VolumesArgs = {
    ...parts,
    config,
    repositories: reached,
    pods: { image, resources: resources.job, scratch: scratch.job },
    backsUp: backsUp(config),
    copies: volumeOrigins(config, resolved),
  };
  return new PlatformVolumes('volumes', args, opts);
}
