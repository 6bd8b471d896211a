/** The objects that `dr` pods mount: dr.yaml, the plan, the keys by purpose, the state and the local repository. */
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { Namespaces } from '../../plan/declared/namespaces.ts';
import { canonicalJson, planDigest } from '../../plan/digest.ts';
import type { Plan } from '../../plan/types.ts';
import {
  accessData,
  type Certificate,
  type ClusterSecrets,
  certificateData,
  makeSecret,
  passphraseData,
  type SecretData,
} from '../cluster/keys.ts';
import { labelsOf } from '../cluster/labels.ts';
import { CLUSTER_AUTHORITY, KEY_FILES, watchedCertificate } from '../cluster/paths.ts';
import type { ClusterRepository } from '../cluster/repository.ts';
import type { VolumeAccess } from '../cluster/shared-volumes.ts';
import type { GitSource, Hooks, StackConfig } from '../config/types.ts';
import { OBJECTS } from './dr-pod.ts';
import { renderEnvironment } from './environment.ts';

export interface RecoverySiteArgs {
  readonly plan: Plan;
  readonly environment: string;
  readonly site: string;
  readonly generation: number;
  readonly namespaces: Namespaces;
  readonly database: string;
  readonly postgres: Pick<StackConfig['postgres'], 'walStorage'>;
  readonly redis: { readonly clients: 'password' | 'open' };
  readonly repositories: pulumi.Input<readonly ClusterRepository[]>;
  readonly secrets: ClusterSecrets;
  readonly certificates: {
    /** Of the jobs. */
    readonly jobs: Certificate;
    /** By which PostgreSQL lets the jobs and the monitor in. */
    readonly superuser: Certificate;
    /** By name: PEM texts of certificates whose expiry the monitor reports. */
    readonly watched: Readonly<Record<string, pulumi.Input<string>>>;
  };
  /** PEM texts by repository. */
  readonly authorities: Readonly<Record<string, pulumi.Input<string>>>;
  /** Folder workload → path where its claim is mounted. */
  readonly folders: Readonly<Record<string, string>>;
  /** Claim of the platform → the workload that holds its content, or `none`. */
  readonly claims: Readonly<Record<string, string>>;
  /** Those that pods beside the platform copy. */
  readonly platformVolumes: StackConfig['platformVolumes'];
  readonly hooks: Hooks;
  readonly external: StackConfig['external'];
  /** Of pgBackRest, in the pods of jobs. */
  readonly processes: number;
  readonly backups: Pick<StackConfig['backups'], 'from'>;
  readonly git?: GitSource | undefined;
  /** As in dr.yaml. */
  readonly alerts?: readonly string[] | 'none' | undefined;
  readonly incident?: StackConfig['incident'];
  /** In a recovery with new secrets. */
  readonly retired?: RetiredCredentials | undefined;
  readonly volumes: {
    /** Of the local repository. */
    readonly storage: string;
    readonly state: string;
    readonly access: VolumeAccess;
    /** @default the cluster's default class */
    readonly storageClass?: string | undefined;
  };
  /** In a drill there is no local repository, and the state is deleted with the drill. @default false */
  readonly isolated?: boolean | undefined;
}

/** Replaced credentials of PostgreSQL and Redis: the checks of a recovery prove that they are refused. */
export interface RetiredCredentials {
  readonly postgres: readonly { readonly user: string; readonly password: pulumi.Input<string> }[];
  readonly redis: readonly pulumi.Input<string>[];
}

const ACCESS_ROLES = ['writer', 'restorer', 'admin'] as const;

function retiredData({ postgres, redis }: RetiredCredentials): SecretData {
  return Object.fromEntries([
    ...postgres.map(({ password }, n) => [KEY_FILES.retired('postgres', n), password] as const),
    ...redis.map((password, n) => [KEY_FILES.retired('redis', n), password] as const),
  ]);
}

export class RecoverySite extends pulumi.ComponentResource {
  /** Digest of the effective plan, as in every point. */
  readonly planDigest: string;
  /** The site's pods depend on these. */
  readonly ready: readonly pulumi.Resource[];
  readonly #args: RecoverySiteArgs;

  constructor(name: string, args: RecoverySiteArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:cluster:RecoverySite', name, {}, opts);
    this.#args = args;
    this.planDigest = planDigest(args.plan);
    this.ready = [...this.#maps(name), ...this.#secrets(name), ...this.#volumes(name)];
    this.registerOutputs({ planDigest: this.planDigest });
  }

  #metadata(object: string, namespace = this.#args.namespaces.recovery) {
    // No empty map: the API drops it, and each run would find it missing.
    const annotated = object === OBJECTS.plan ? { annotations: { 'go-coffee-dr/plan-digest': this.planDigest } } : {};
    return { name: object, namespace, labels: labelsOf(object), ...annotated };
  }

  #maps(name: string): pulumi.Resource[] {
    const { plan, secrets, repositories, authorities, namespaces, certificates, retired, git, ...rest } = this.#args;
    const { jobs, watched } = certificates;
    const publicParts = Object.entries(watched).map(([file, pem]) => [watchedCertificate(file), pem] as const);
    const passphraseNames = Object.fromEntries(Object.entries(secrets.passphrases).map(([id, { name: n }]) => [id, n]));
    const render = (credentials: RetiredCredentials | undefined) =>
      pulumi.output(repositories).apply((all) =>
        renderEnvironment({
          ...rest,
          namespaces,
          certificates: Object.keys(watched),
          repositories: all,
          passphraseNames,
          signingKeyName: secrets.signingKey.name,
          git: git && { repositories: git.repositories, hasCredentials: git.credentials !== undefined },
          readsCluster: true,
          retired: credentials && {
            postgres: credentials.postgres.map(({ user }) => user),
            redis: credentials.redis.length,
          },
        }),
      );
    const environment = (of: RetiredCredentials | undefined) => ({
      'dr.yaml': render(of),
      [CLUSTER_AUTHORITY]: jobs.ca,
      ...Object.fromEntries(publicParts),
    });
    const map = (object: string, data: pulumi.Input<Record<string, pulumi.Input<string>>>, namespace?: string) =>
      new k8s.core.v1.ConfigMap(
        `${name}-${object}${namespace === undefined ? '' : `-${namespace}`}`,
        { metadata: this.#metadata(object, namespace), data },
        { parent: this },
      );
    const planData = { 'plan.json': canonicalJson(plan), digest: this.planDigest };
    const files = Object.entries(authorities).map(([id, pem]) => [`${id}.crt`, pem] as const);
    return [
      map(OBJECTS.environment, environment(undefined)),
      ...(retired === undefined ? [] : [map(OBJECTS.checkEnvironment, environment(retired))]),
      map(OBJECTS.plan, planData),
      // Services read their tier from it.
      map(OBJECTS.plan, planData, namespaces.platform),
      map(OBJECTS.authorities, Object.fromEntries(files)),
    ];
  }

  #secrets(name: string): pulumi.Resource[] {
    const { plan, secrets, retired, git, incident } = this.#args;
    const ids = plan.repositories.map(({ id }) => id);
    const make = (object: string, data: Parameters<typeof makeSecret>[2]) =>
      makeSecret(`${name}-${object}`, this.#metadata(object), data, { parent: this });
    return [
      make(OBJECTS.keys, { [KEY_FILES.signing]: secrets.signingKey.value, ...passphraseData(secrets, ids) }),
      make(OBJECTS.stores, {
        [KEY_FILES.database]: secrets.postgres.superuser,
        [KEY_FILES.redis]: secrets.redis,
        // An external server knows nothing of it.
        ...(this.#args.external.postgres === undefined ? this.#login() : {}),
      }),
      ...(git?.credentials === undefined ? [] : [make(OBJECTS.git, { [KEY_FILES.git]: git.credentials })]),
      ...(incident === undefined ? [] : [make(OBJECTS.channels, incident.files)]),
      make(OBJECTS.tls, certificateData(this.#args.certificates.jobs)),
      ...(retired === undefined ? [] : [make(OBJECTS.retired, retiredData(retired))]),
      // With a web identity these are empty. They exist all the same, because a pod waits for ever for a missing Secret.
      ...ACCESS_ROLES.map((role) => make(OBJECTS.access(role), accessData(secrets, role, ids))),
    ];
  }

  #login(): SecretData {
    const { certificate, key } = this.#args.certificates.superuser;
    return { [KEY_FILES.databaseCertificate]: certificate, [KEY_FILES.databaseKey]: key };
  }

  #volumes(name: string): pulumi.Resource[] {
    const { volumes, isolated = false } = this.#args;
    const claim = (object: string, storage: string) =>
      new k8s.core.v1.PersistentVolumeClaim(
        `${name}-${object}`,
        {
          // With a class that binds at the first consumer, the program would wait for a pod that it declares later.
          metadata: {
            ...this.#metadata(object),
            annotations: { 'pulumi.com/skipAwait': 'true' },
          },
          spec: {
            accessModes: [volumes.access],
            ...(volumes.storageClass === undefined ? {} : { storageClassName: volumes.storageClass }),
            resources: { requests: { storage } },
          },
        },
        { parent: this, protect: !isolated, retainOnDelete: !isolated },
      );
    const state = claim(OBJECTS.state, volumes.state);
    return isolated ? [state] : [claim(OBJECTS.backups, volumes.storage), state];
  }
}
