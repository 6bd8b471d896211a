/** What a stack's config means, once it is parsed. Components trust these types and read nothing else. */
import type { Output } from '@pulumi/pulumi';
import type { Plan } from '../../plan/types.ts';
import type { Pin } from '../../recovery/public.ts';

export type Role = 'primary' | 'standby' | 'recovery';

export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Who uses an S3-compatible endpoint. `admin` makes missing buckets; without it the bucket has to be there. */
export interface S3Credentials {
  readonly writer: KeyPair;
  readonly restorer: KeyPair;
  readonly admin?: KeyPair | undefined;
}

/** An S3-compatible endpoint: MinIO-like, Ceph, versitygw, a partner's. */
export interface S3Endpoint {
  /** `https://host[:port]`; pgBackRest needs TLS and a host name, not an IP address. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** PEM text of the certificate authority. @default the system's */
  readonly ca?: string | undefined;
  /** A Pulumi secret. */
  readonly credentials: Output<S3Credentials>;
  /** Whether they hold an `admin`: that is no secret. */
  readonly mayMakeBucket: boolean;
}

export interface AwsStorage {
  readonly kind: 'aws';
  /** `declared`: this stack owns buckets, keys and alarms. `given`: another stack does, this one only uses them. */
  readonly manage: 'declared' | 'given';
  /** Twelve digits, and `aws`, `aws-cn` or `aws-us-gov`: from the deployer's role. */
  readonly account: string;
  readonly partition: string;
  /** The role that `pulumi up` runs with: the only one that changes the buckets' settings. */
  readonly deployerRoleArn: string;
  /** Who may take the break-glass role, with MFA. */
  readonly breakGlassPrincipals: readonly string[];
  readonly accessLogs: 'none' | 's3' | 'cloudtrail';
  /** What a bucket may hold before its size is an alert: the plan's percentages are of this. */
  readonly budgetGiB: number;
  /** The partner's endpoint; without it offsite is a drive. */
  readonly offsite?: S3Endpoint | undefined;
  readonly detached: readonly string[];
}

export interface S3CompatibleStorage {
  readonly kind: 's3-compatible';
  /** By the plan's id of the repository: every one with storage `s3`. */
  readonly repositories: Readonly<Record<string, S3Endpoint>>;
  /** Ids of those that are away: no pod knows them until they are taken out of here again. */
  readonly detached: readonly string[];
}

/** Passphrases and passwords that a stack doesn't make itself. */
export interface SecretValues {
  /** By the plan's id of the repository. */
  readonly passphrases: Readonly<Record<string, string>>;
  readonly signingKey: string;
  readonly postgres: { readonly superuser: string; readonly replication: string; readonly application: string };
  readonly redis: string;
}

export type SecretSource =
  /** Random ones, made by this stack and kept in its state. */
  | { readonly from: 'generated' }
  /** From the stack's own encrypted config, e.g. out of the escrow file. */
  | { readonly from: 'config'; readonly values: Output<SecretValues> }
  /** From the replica that the producing stack keeps in `region`. */
  | { readonly from: 'secrets-manager'; readonly region: string };

export interface Traffic {
  readonly zoneId: string;
  /** Names that follow the platform. No apex: these are CNAME records. */
  readonly names: readonly string[];
  /** Host names of the two entrances. */
  readonly primary: string;
  readonly standby: string;
  readonly healthPath: string;
}

export interface AlertTargets {
  readonly slackWebhook?: string | undefined;
  readonly pagerdutyUrl?: string | undefined;
  /** Called after each good refresh of the monitor: a dead man's switch outside of all this. */
  readonly pingUrl?: string | undefined;
}

export interface Notifications {
  /** Besides the plan's internal e-mail channel. */
  readonly email: readonly string[];
  /** The workspace and channel that AWS Chatbot writes to. */
  readonly slack?: { readonly teamId: string; readonly channelId: string } | undefined;
  /** A Pulumi secret: URLs for the alerts that start in the cluster. */
  readonly targets?: Output<AlertTargets> | undefined;
  /** Which of them there are: that is no secret. */
  readonly targetNames: readonly (keyof AlertTargets)[];
}

/** What a container is given. Kubernetes quantities. */
export interface Share {
  readonly cpu: string;
  readonly memory: string;
}

/** Most that a namespace's pods may ask for together; what is absent is computed from the parts. */
export interface QuotaConfig {
  readonly cpu?: string | undefined;
  readonly memory?: string | undefined;
  readonly storage?: string | undefined;
  readonly pods?: number | undefined;
}

/** By what they are called in the capture → by what they are called here. */
export type Names = Readonly<Record<string, string>>;

/** What a fresh platform is made from, and what is changed on the way. */
export interface RecoverySettings {
  /** `latest`, a point's id, or a time with a zone. */
  readonly from: string;
  readonly repository?: string | undefined;
  /** `from`, resolved before. */
  readonly pin?: Pin | undefined;
  readonly rotateSecrets: boolean;
  readonly harden: boolean;
  readonly isolated: boolean;
  /** Images by the digests that ran. */
  readonly pinImages: boolean;
  readonly map: Readonly<Record<'registry' | 'storageClass' | 'namespace' | 'host', Names>>;
  /** Captured objects: `Kind`, `Kind/name`, a service or a tier of the plan. Empty: all. */
  readonly only: readonly string[];
  readonly exclude: readonly string[];
}

/** Whom a site follows, and what it has ready for the day on which it leads. */
export interface StandbySettings {
  readonly of: { readonly site: string; readonly generation: number };
  readonly repository: string;
  /** The services of the newest capture there are declared: asleep, and awake once it is promoted. */
  readonly services: boolean;
  readonly map: RecoverySettings['map'];
  readonly exclude: readonly string[];
}

/** By `postgres`, `redis`, `kubernetes` or a folder workload: argv before its copy and after it, in the pod of the backup. */
export type Hooks = Readonly<
  Record<string, { readonly pre?: readonly string[] | undefined; readonly post?: readonly string[] | undefined }>
>;

export interface StackConfig {
  readonly stack: string;
  readonly role: Role;
  /** First part of every object key; two sites of one platform have the same. */
  readonly environment: string;
  /** This platform's place. It archives as `<site>-<generation>` and nowhere else. */
  readonly site: string;
  readonly generation: number;
  /** The shipped plan with this stack's overrides, checked. */
  readonly plan: Plan;
  readonly planDigest: string;
  readonly storage: AwsStorage | S3CompatibleStorage;
  readonly cluster: {
    /** An absolute path, or the content as a Pulumi secret. */
    readonly kubeconfig: string | Output<string>;
    readonly context: string;
  };
  readonly namespaces: { readonly platform: string; readonly recovery: string };
  /** Who signs the tokens of this cluster's service accounts, as AWS knows it. */
  readonly oidcProvider?: { readonly arn: string; readonly url: string } | undefined;
  /** @default the cluster's default class */
  readonly storageClasses: {
    readonly postgres?: string | undefined;
    readonly redis?: string | undefined;
    /** Of the local repository; ReadWriteMany. */
    readonly backups?: string | undefined;
  };
  readonly images: { readonly toolbox: string; readonly postgres: string; readonly redis: string };
  readonly postgres: Share & {
    readonly instances: number;
    readonly storage: string;
    /** Also the name of the role that owns it. */
    readonly database: string;
    /** `required`: never two members on one node; `preferred` where there are fewer nodes than members. */
    readonly spread: 'required' | 'preferred';
  };
  readonly redis: Share & { readonly storage: string };
  /** Sizes of the volumes of the local repository, and of the jobs' state: staged dumps, mirrors, trial restores. */
  readonly backups: { readonly storage: string; readonly state: string };
  /** Folder workload → claim in the recovery namespace that holds it. */
  readonly folders: Readonly<Record<string, string>>;
  /** Cluster-scoped custom kinds that a backup reads besides Kubernetes' own, as their definitions are called. */
  readonly clusterKinds: readonly string[];
  readonly hooks: Hooks;
  /** Networks (CIDR) that pods may reach outside of the cluster's own pods. */
  readonly network: {
    readonly kubernetesApi: { readonly cidrs: readonly string[]; readonly ports: readonly number[] };
    readonly objectStorage: { readonly cidrs: readonly string[] };
  };
  readonly monitoring: {
    /** Whether ServiceMonitor and PrometheusRule are known to the cluster: a preview must not need to ask it. */
    readonly prometheusOperator: boolean;
    /** Of Prometheus; without it nobody may scrape. */
    readonly namespace?: string | undefined;
  };
  readonly quotas: { readonly platform: QuotaConfig; readonly recovery: QuotaConfig };
  readonly secrets: SecretSource;
  /** What a standby follows. Kept through a promotion: the failback needs it. */
  readonly standby?: StandbySettings | undefined;
  /** What a fresh platform is made from. */
  readonly recovery?: RecoverySettings | undefined;
  readonly traffic?: Traffic | undefined;
  /** Images whose names begin with one of these are copied to the second region. */
  readonly registry?: { readonly prefixes: readonly string[] } | undefined;
  readonly notifications: Notifications;
}
