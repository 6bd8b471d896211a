/** What a drill on a cluster asks of the platform that it has made, and of the catalog that it was made from. */
import type { KubeObject } from '../../kubernetes/objects.ts';
import type { ClusterPlace } from '../../kubernetes/place.ts';
import type { RebuildPorts } from '../../rebuild/types.ts';

export type Row = Readonly<Record<string, unknown>>;

export interface RedisKeys {
  readonly keys: number;
  /** Of them, those with an end. */
  readonly ending: number;
}

/** One cluster, by a context that somebody named. Reads only. Every call throws `KUBERNETES-…` or `POD-COMMAND` DrErrors. */
export interface DrilledCluster extends AsyncDisposable {
  readonly describe: string;
  hasNamespace(name: string): Promise<boolean>;
  /** All that the API serves in the namespace, by kinds that a platform can have. */
  objects(namespace: string): Promise<readonly KubeObject[]>;
  /** One SELECT in the leader's own server. Throws `NO-LEADER` where no member takes writes. */
  sql(namespace: string, database: string, statement: string): Promise<readonly Row[]>;
  redis(namespace: string): Promise<RedisKeys>;
}

/** How the data of a platform are come by. */
export interface DataPorts {
  openCluster(place: ClusterPlace): Promise<DrilledCluster>;
}

export interface ClusterDrillPorts extends Omit<RebuildPorts, 'approve' | 'verify'>, DataPorts {
  /** Called with what is going to be made; throws to stop. */
  readonly approve: RebuildPorts['approve'];
}
