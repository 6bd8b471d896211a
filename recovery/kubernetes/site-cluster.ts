export interface Scalable {
  readonly kind: 'Deployment' | 'StatefulSet';
  readonly namespace: string;
  readonly name: string;
  readonly replicas: number;
  /** What it had before it was stopped by `stop`. */
  readonly before?: number | undefined;
}

export interface Schedule {
  readonly namespace: string;
  readonly name: string;
  readonly suspended: boolean;
  /** It was suspended by `suspend`, and ran before. */
  readonly stopped: boolean;
}

export interface Pod {
  readonly name: string;
  /** `app.kubernetes.io/name` */
  readonly app: string;
  readonly ready: boolean;
  /** Made by a Deployment or a StatefulSet, and has not ended. */
  readonly serves: boolean;
}

export type JobState = 'absent' | 'running' | 'done' | 'failed';

/** One cluster, by a context that somebody named. Every call throws `KUBERNETES-…` DrErrors; every change may be made again. */
export interface SiteCluster extends AsyncDisposable {
  /** `context production (https://10.0.0.1:6443)` */
  readonly describe: string;
  hasNamespace(name: string): Promise<boolean>;
  scalables(namespace: string): Promise<readonly Scalable[]>;
  /** Zero replicas; what it had is kept beside it. */
  stop(of: Scalable): Promise<void>;
  /** As many as it had before `stop`; nothing for one that was not stopped. */
  resume(of: Scalable): Promise<void>;
  schedules(namespace: string): Promise<readonly Schedule[]>;
  suspend(of: Schedule): Promise<void>;
  unsuspend(of: Schedule): Promise<void>;
  pods(namespace: string): Promise<readonly Pod[]>;
  /** From now on no pod starts in the namespace, whoever wants one. */
  refusePods(namespace: string, why: string): Promise<void>;
  admitPods(namespace: string): Promise<void>;
  /** Names of the volume claims. */
  claims(namespace: string): Promise<readonly string[]>;
  deleteClaim(namespace: string, name: string): Promise<void>;
  /** What Patroni keeps of a life of its cluster. Absent ones are no error. */
  deleteEndpoints(namespace: string, name: string): Promise<void>;
  job(namespace: string, name: string): Promise<JobState>;
  /** One statement as superuser in the pod's own server. Rows as JSON objects. */
  sql(namespace: string, pod: string, statement: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
}
