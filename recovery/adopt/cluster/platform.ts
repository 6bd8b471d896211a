/** The platform around a store, in a cluster: what uses it, and the Service by which it is known. */
import type { Plan } from '../../../plan/types.ts';
import { DrError, precondition } from '../../core/errors.ts';
import type { ClusterAccess } from '../../kubernetes/access.ts';
import { LEADS_TO } from '../../kubernetes/fields/leads-to.ts';
import { Patches } from '../../kubernetes/fields/patch.ts';
import { type Cluster, fieldsOf, textOf } from '../../kubernetes/objects.ts';
import { SERVED } from '../../kubernetes/served-types.ts';
import type { SiteCluster } from '../../kubernetes/site-cluster.ts';
import type { Place, PlatformPort, User } from '../types.ts';
import { readNamespace, usersIn } from './users.ts';

export interface PlatformParts {
  readonly access: ClusterAccess;
  readonly cluster: Cluster;
  readonly site: SiteCluster;
  readonly plan: Plan;
  /** Of the platform's services. */
  readonly namespaces: readonly string[];
  /** Of the stack's stores. */
  readonly stores: string;
  /** `cluster.local`, as the pods have it. */
  readonly domain: () => Promise<string>;
  /** Of the source's own pods. */
  readonly own: readonly string[];
  readonly signal: AbortSignal;
}

/** Fields of a Service with an address, which one that only leads elsewhere can't have. */
const OF_AN_ADDRESS = ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy', 'selector'];

const TYPES: Readonly<Record<User['kind'], (typeof SERVED)['deployment' | 'statefulSet' | 'cronJob']>> = {
  Deployment: SERVED.deployment,
  StatefulSet: SERVED.statefulSet,
  CronJob: SERVED.cronJob,
};

export function platformIn(parts: PlatformParts): PlatformPort {
  const { access, cluster, site, plan, namespaces, stores, own, signal } = parts;
  const patches = new Patches(access, signal);
  const change = (place: Place, leadsTo: string | null, spec: Readonly<Record<string, unknown>>) => {
    if (place.service === undefined) return Promise.resolve();
    const { namespace, name } = place.service;
    return patches.patch({ kind: 'Service', namespace, name }, { annotations: { [LEADS_TO]: leadsTo }, spec });
  };
  return {
    async users(place, addresses) {
      const found = await Promise.all(namespaces.map((namespace) => readNamespace(cluster, namespace)));
      return found.flatMap((objects) => usersIn(plan, objects, place, { addresses, own }));
    },
    async stop({ kind, namespace, name, replicas }) {
      if (kind === 'CronJob') return site.suspend({ namespace, name, suspended: false, stopped: false });
      await site.stop({ kind, namespace, name, replicas });
    },
    async start({ kind, namespace, name, replicas }) {
      if (kind === 'CronJob') return site.unsuspend({ namespace, name, suspended: true, stopped: true });
      await site.resume({ kind, namespace, name, replicas: 0, before: replicas });
    },
    async notReady(users) {
      const late = users.map(async ({ kind, namespace, name, replicas }) => {
        if (kind === 'CronJob') return [];
        const found = await cluster.get(TYPES[kind], name, namespace);
        const { readyReplicas, observedGeneration } = fieldsOf(found?.status);
        const current = Number(observedGeneration) >= Number(found?.metadata.generation);
        // What somebody has deleted meanwhile is not waited for.
        return found === undefined || (current && Number(readyReplicas ?? 0) >= replicas)
          ? []
          : [`${namespace}/${name}`];
      });
      return (await Promise.all(late)).flat();
    },
    async serviceSpec({ service }) {
      if (service === undefined) return undefined;
      const found = await cluster.get(SERVED.service, service.name, service.namespace);
      const spec = fieldsOf(found?.spec);
      const type = textOf(spec.type) || 'ClusterIP';
      if (type === 'ClusterIP' || type === 'ExternalName') return spec;
      throw precondition({
        code: 'SERVICE-KIND',
        where: `Service ${service.namespace}/${service.name}`,
        fact: `it is of type ${type}: it would lose its address outside of the cluster`,
        hint: 'give the platform a Service of type ClusterIP for it, and name that one',
      });
    },
    async repoint(place, store) {
      const gone = Object.fromEntries(OF_AN_ADDRESS.map((field) => [field, null]));
      const externalName = `${store}.${stores}.svc.${await parts.domain()}`;
      await change(place, store, { ...gone, type: 'ExternalName', externalName });
    },
    async restoreService(place, spec) {
      const whole = { externalName: null, ...spec };
      try {
        await change(place, null, whole);
      } catch (error) {
        // Its address may have gone to another Service meanwhile.
        if (!(error instanceof DrError) || spec.clusterIP === undefined || spec.clusterIP === 'None') throw error;
        await change(place, null, { ...whole, clusterIP: null, clusterIPs: null });
      }
    },
  };
}
