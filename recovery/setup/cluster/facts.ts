/** What a look at a cluster gives. Each fact has its evidence; what was not answered stands in `unanswered`, and is never taken for "none". */
import type { Unanswered } from '../found.ts';

export interface NamespaceFact {
  readonly name: string;
  /** Level that Pod Security enforces there; undefined where the namespace sets none. */
  readonly security: string | undefined;
  /** A stack of this project made it. */
  readonly ofAStack: boolean;
  /** Names of its ResourceQuotas. */
  readonly quotas: readonly string[];
  /** Deployments, StatefulSets, DaemonSets and CronJobs in it. */
  readonly workloads: number;
  /** Names of its PodDisruptionBudgets. */
  readonly budgets: readonly string[];
}

export interface StorageClassFact {
  readonly name: string;
  readonly provisioner: string;
  readonly isDefault: boolean;
  /** Why several pods can write to one volume of it; undefined where nothing says so. */
  readonly shared: string | undefined;
}

export interface StoreFact {
  readonly kind: 'postgres' | 'redis';
  readonly namespace: string;
  /** `StatefulSet shop/db` */
  readonly object: string;
  /** `image postgres:15-alpine, port 5432` */
  readonly by: string;
  /** Services that lead to its pods. */
  readonly services: readonly string[];
}

/** An object whose pods mount a claim. */
export interface ClaimUser {
  /** `Deployment shop/media` */
  readonly object: string;
  readonly kind: string;
  readonly name: string;
  /** Labels that those pods have, and no others. Empty where they have none. */
  readonly pods: Readonly<Record<string, string>>;
  /** As whom they run; undefined where the image decides. */
  readonly user: number | undefined;
  readonly group: number | undefined;
  /** Where it is mounted. */
  readonly path: string | undefined;
}

export interface ClaimFact {
  readonly namespace: string;
  readonly name: string;
  readonly storageClass: string;
  readonly size: string;
  readonly modes: readonly string[];
  /** Objects whose pods mount it: `Deployment shop/media`. */
  readonly mountedBy: readonly string[];
  readonly users: readonly ClaimUser[];
}

export interface ClusterFacts {
  readonly version: string;
  readonly nodes: number | undefined;
  /** Cloud that the nodes say they are of: `aws`. */
  readonly cloud: string | undefined;
  readonly namespaces: readonly NamespaceFact[];
  /** Programs known by the groups of their API, and groups that nobody here knows. */
  readonly operators: readonly { readonly name: string; readonly group: string }[];
  readonly storageClasses: readonly StorageClassFact[];
  readonly snapshotClasses: readonly string[];
  readonly network: { readonly name: string; readonly by: string } | undefined;
  readonly prometheusOperator: boolean;
  /** Namespaces where a Prometheus runs. */
  readonly prometheus: readonly string[];
  readonly stores: readonly StoreFact[];
  readonly claims: readonly ClaimFact[];
  /** Definitions of cluster-scoped kinds that hold objects which a platform refers to. */
  readonly clusterKinds: readonly string[];
  /** Kinds that could not be read, by plural and group: nothing is known of them. */
  readonly unread: readonly string[];
  readonly unanswered: readonly Unanswered[];
}
