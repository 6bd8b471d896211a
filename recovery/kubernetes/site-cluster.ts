/** The port by which a failover changes a site's cluster. */

export interface Scalable {
  readonly kind: 'Deployment' | 'StatefulSet';
  readonly namespace: string;
  readonly name: string;
  readonly replicas: number;
  /** Pods that are ready. */
  readonly ready: number;
  /** Replicas before `stop` scaled it to zero. */
  readonly before?: number | undefined;
}

export interface Schedule {
  readonly namespace: string;
  readonly name: string;
  readonly suspended: boolean;
  /** `suspend` suspended it; it was active before. */
  readonly stopped: boolean;
}

export interface Pod {
  readonly name: string;
  /** `app.kubernetes.io/name` of a pod that a stack declares; empty for the platform's own, which may have the same one. */
  readonly app: string;
  readonly ready: boolean;
  /** Made by a Deployment or a StatefulSet, and has not ended. */
  readonly serves: boolean;
}

export type JobState = 'absent' | 'running' | 'done' | 'failed';

/** One cluster, by a named context. Every call throws `KUBERNETES-…` DrErrors; every change may be repeated. */
export interface SiteCluster extends AsyncDisposable {
  /** `context production (https://10.0.0.1:6443)` */
  readonly describe: string;
  hasNamespace(name: string): Promise<boolean>;
  scalables(namespace: string): Promise<readonly Scalable[]>;
  /** Scales to zero and keeps the number of replicas in an annotation. */
  stop(of: Omit<Scalable, 'ready'>): Promise<void>;
  /** Scales back to the replicas before `stop`; does nothing for a workload that `stop` did not scale. */
  resume(of: Omit<Scalable, 'ready'>): Promise<void>;
  schedules(namespace: string): Promise<readonly Schedule[]>;
  suspend(of: Schedule): Promise<void>;
  unsuspend(of: Schedule): Promise<void>;
  pods(namespace: string): Promise<readonly Pod[]>;
  /** Lets no new pod start in the namespace, by a quota of zero. */
  refusePods(namespace: string, why: string): Promise<void>;
  admitPods(namespace: string): Promise<void>;
  /** Names of the volume claims. */
  claims(namespace: string): Promise<readonly string[]>;
  deleteClaim(namespace: string, name: string): Promise<void>;
  /** Deletes Endpoints in which Patroni keeps its cluster's state. An absent one is not an error. */
  deleteEndpoints(namespace: string, name: string): Promise<void>;
  job(namespace: string, name: string): Promise<JobState>;
  /** One statement as superuser in the pod's own server. Rows as JSON objects. */
  sql(namespace: string, pod: string, statement: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
}
