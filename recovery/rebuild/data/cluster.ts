/** Reads a rebuilt platform's data: objects by the Kubernetes API, rows and keys by commands in its pods. */
import pMap from 'p-map';
import { DrError } from '../../core/errors.ts';
import { openSiteCluster } from '../../kubernetes/change.ts';
import { openCluster } from '../../kubernetes/cluster.ts';
import { READ_AT_ONCE } from '../../kubernetes/discovery.ts';
import { runInPod } from '../../kubernetes/exec.ts';
import { groupsSilent } from '../../kubernetes/failure.ts';
import { type ClusterLocation, openClusterAccess } from '../../kubernetes/location.ts';
import { type KubeObject, kindName } from '../../kubernetes/objects.ts';
import { parseRows, psqlArguments } from '../../kubernetes/psql.ts';
import type { SiteCluster } from '../../kubernetes/site-cluster.ts';
import { leaderOf } from '../../workloads/postgres/members.ts';

/** Kinds of a platform, and the routes that could lead into a drill. */
const KINDS = [
  'ConfigMap',
  'CronJob.batch',
  'DaemonSet.apps',
  'Deployment.apps',
  'HTTPRoute.gateway.networking.k8s.io',
  'Ingress.networking.k8s.io',
  'NetworkPolicy.networking.k8s.io',
  'Role.rbac.authorization.k8s.io',
  'RoleBinding.rbac.authorization.k8s.io',
  'Secret',
  'Service',
  'ServiceAccount',
  'StatefulSet.apps',
];

/** As `infra/redis/redis.ts` declares it. */
const REDIS = { pod: 'redis-0', container: 'redis', password: '/run/redis-secret/password' } as const;
const KEYSPACE = `REDISCLI_AUTH=$(cat ${REDIS.password}) redis-cli -h 127.0.0.1 INFO keyspace`;

/** `db0:keys=12,expires=3,avg_ttl=0` */
export function parseKeyspace(text: string): RedisKeys {
  const found = [...text.matchAll(/^db\d+:keys=(\d+),expires=(\d+)/gm)];
  const sum = (group: 1 | 2) => found.reduce((total, match) => total + Number(match[group]), 0);
  return { keys: sum(1), expiring: sum(2) };
}

async function leader(site: SiteCluster, namespace: string): Promise<string> {
  const found = await leaderOf(site, namespace);
  if (found !== undefined) return found.pod;
  throw new DrError({
    code: 'NO-LEADER',
    where: `PostgreSQL in ${namespace}`,
    fact: 'no member takes writes',
    hint: `kubectl -n ${namespace} logs postgres-0 -c postgres`,
  });
}

/** Throws `KUBECONFIG-…` and `CONTEXT-UNKNOWN` (exit 2). */
export async function openRebuiltCluster(place: ClusterLocation, signal?: AbortSignal): Promise<RebuiltCluster> {
  const access = await openClusterAccess(place);
  const site = openSiteCluster(access, signal);
  const api = openCluster(access);
  return {
    describe: access.describe,
    hasNamespace: (name) => site.hasNamespace(name),
    async objects(namespace) {
      const { types } = await api.discover();
      const wanted = types.filter((type) => KINDS.includes(kindName(type)));
      return (await Promise.all(wanted.map((type) => api.list(type, namespace)))).flat();
    },
    async everything() {
      const { types, silentGroups } = await api.discover();
      if (silentGroups.length > 0) throw groupsSilent(access.describe, silentGroups, `, so its objects can't be read`);
      const wanted = types.filter(({ kind }) => kind !== 'Event');
      return (await pMap(wanted, (type) => api.list(type), { concurrency: READ_AT_ONCE })).flat();
    },
    async sql(namespace, database, statement) {
      const where = { namespace, pod: await leader(site, namespace), container: 'postgres' };
      return parseRows(statement, await runInPod(access, where, psqlArguments(statement, database)));
    },
    async redis(namespace) {
      const { pod, container } = REDIS;
      return parseKeyspace(await runInPod(access, { namespace, pod, container }, ['sh', '-c', KEYSPACE]));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([api[Symbol.asyncDispose](), site[Symbol.asyncDispose]()]);
    },
  };
}

export type Row = Readonly<Record<string, unknown>>;

export interface RedisKeys {
  readonly keys: number;
  /** Number of keys with an expiry. */
  readonly expiring: number;
}

/** One cluster, by a named context. Only reads. Every call throws `KUBERNETES-…` or `POD-COMMAND` DrErrors. */
export interface RebuiltCluster extends AsyncDisposable {
  readonly describe: string;
  hasNamespace(name: string): Promise<boolean>;
  /** The namespace's objects of all kinds that a platform can have. */
  objects(namespace: string): Promise<readonly KubeObject[]>;
  /** Every object of the cluster, of every kind but events. Throws when one kind can't be listed. */
  everything(): Promise<readonly KubeObject[]>;
  /** Runs one SELECT on the PostgreSQL leader. Throws `NO-LEADER` where no member takes writes. */
  sql(namespace: string, database: string, statement: string): Promise<readonly Row[]>;
  redis(namespace: string): Promise<RedisKeys>;
}

/** Opens the cluster that holds the platform's data. */
export interface DataPorts {
  openCluster(place: ClusterLocation): Promise<RebuiltCluster>;
}
