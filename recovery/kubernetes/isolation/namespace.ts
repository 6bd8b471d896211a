/** Closes and opens the namespaces of a platform. Every change may be repeated; what was there before stays in annotations. */
import { CoreV1Api, NetworkingV1Api, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { OWN_LABEL } from '../../../plan/layout.ts';
import type { ClusterAccess } from '../access.ts';
import { alreadyExists, isAbsent } from '../calls.ts';
import type { ApiCall } from '../failure.ts';
import { FIELD_MANAGER, Patches } from '../fields/patch.ts';
import { ISOLATION, POLICY_BEFORE, specBefore } from './marks.ts';

export interface Policy {
  readonly namespace: string;
  readonly name: string;
  /** The stack declares it. */
  readonly ofStack: boolean;
  /** Whether it allows anything. */
  readonly allows: boolean;
  /** Its spec before an isolation closed it, as JSON; undefined where none did. */
  readonly before: string | undefined;
}

/** One cluster, by a named context. Calls throw `KUBERNETES-…`. */
export interface NamespaceGate {
  readonly describe: string;
  /** All but the one of an isolation. */
  policies(namespace: string): Promise<readonly Policy[]>;
  /** Takes away what it allows, and keeps its spec in an annotation. */
  close(policy: Policy): Promise<void>;
  /** False where its annotation does not say what was there. */
  reopen(policy: Policy): Promise<boolean>;
  denyAll(namespace: string, why: string): Promise<void>;
  admit(namespace: string): Promise<void>;
  /** Pods that run whatever a Deployment or StatefulSet is scaled to, with the kind that made them. */
  strays(namespace: string): Promise<readonly { readonly name: string; readonly by: string }[]>;
  note(namespace: string, annotation: string, value: string): Promise<void>;
  noted(namespace: string, annotation: string): Promise<string | undefined>;
}

const CLOSED = { ingress: [], egress: [], policyTypes: ['Ingress', 'Egress'] };
/** Scaled to zero, or held by the quota of zero and ended by themselves. */
const SCALED = ['ReplicaSet', 'StatefulSet'];

export function openNamespaceGate(access: ClusterAccess, signal?: AbortSignal): NamespaceGate {
  const calls = new Patches(access, signal);
  const core = access.config.makeApiClient(CoreV1Api);
  const networking = access.config.makeApiClient(NetworkingV1Api);
  const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
  const patchPolicy = (namespace: string, name: string, body: object) => {
    const call: ApiCall = { verb: 'patch', resource: `networkpolicies ${name}`, namespace };
    return calls.call(call, () =>
      networking.patchNamespacedNetworkPolicy({ namespace, name, body, fieldManager: FIELD_MANAGER }, merge),
    );
  };
  const policy = async (namespace: string, name: string) => {
    const call: ApiCall = { verb: 'get', resource: `networkpolicies ${name}`, namespace };
    return calls.call(call, () => networking.readNamespacedNetworkPolicy({ namespace, name }), isAbsent);
  };
  return {
    describe: access.describe,
    async policies(namespace) {
      const call: ApiCall = { verb: 'list', resource: 'networkpolicies', namespace };
      const found = await calls.call(call, () => networking.listNamespacedNetworkPolicy({ namespace }));
      return (found?.items ?? [])
        .filter(({ metadata }) => metadata?.name !== ISOLATION)
        .map(({ metadata, spec }) => ({
          namespace,
          name: metadata?.name ?? '',
          ofStack: metadata?.labels?.[OWN_LABEL] === 'stack',
          allows: (spec?.ingress?.length ?? 0) + (spec?.egress?.length ?? 0) > 0,
          before: metadata?.annotations?.[POLICY_BEFORE],
        }));
    },
    async close({ namespace, name, before }) {
      if (before !== undefined) return;
      const found = await policy(namespace, name);
      if (found?.spec === undefined) return;
      const annotations = { [POLICY_BEFORE]: JSON.stringify(wireSpec(found.spec)) };
      await patchPolicy(namespace, name, { metadata: { annotations }, spec: CLOSED });
    },
    async reopen({ namespace, name, before }) {
      const spec = specBefore(before);
      if (spec === undefined) return false;
      const { ingress = null, egress = null, policyTypes = null } = spec;
      const annotations = { [POLICY_BEFORE]: null };
      await patchPolicy(namespace, name, { metadata: { annotations }, spec: { ingress, egress, policyTypes } });
      return true;
    },
    async denyAll(namespace, why) {
      const metadata = { name: ISOLATION, namespace, annotations: { 'go-coffee-dr/why': why } };
      const quota: ApiCall = { verb: 'create', resource: 'resourcequotas', namespace };
      const none = { metadata, spec: { hard: { pods: '0' } } };
      await calls.call(quota, () => core.createNamespacedResourceQuota({ namespace, body: none }), alreadyExists);
      const deny: ApiCall = { verb: 'create', resource: 'networkpolicies', namespace };
      const all = { metadata, spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] } };
      await calls.call(deny, () => networking.createNamespacedNetworkPolicy({ namespace, body: all }), alreadyExists);
    },
    async admit(namespace) {
      const name = ISOLATION;
      const deny: ApiCall = { verb: 'delete', resource: `networkpolicies ${name}`, namespace };
      await calls.call(deny, () => networking.deleteNamespacedNetworkPolicy({ namespace, name }), isAbsent);
      const quota: ApiCall = { verb: 'delete', resource: `resourcequotas ${name}`, namespace };
      await calls.call(quota, () => core.deleteNamespacedResourceQuota({ namespace, name }), isAbsent);
    },
    async strays(namespace) {
      const call: ApiCall = { verb: 'list', resource: 'pods', namespace };
      const found = await calls.call(call, () => core.listNamespacedPod({ namespace }));
      return (found?.items ?? []).flatMap(({ metadata, status }) => {
        const owner = metadata?.ownerReferences?.find(({ controller }) => controller === true)?.kind;
        if (['Succeeded', 'Failed'].includes(status?.phase ?? '') || SCALED.includes(owner ?? '')) return [];
        return [{ name: metadata?.name ?? '', by: owner ?? 'nobody' }];
      });
    },
    async note(namespace, annotation, value) {
      const name = ISOLATION;
      const call: ApiCall = { verb: 'patch', resource: `resourcequotas ${name}`, namespace };
      const body = { metadata: { annotations: { [annotation]: value } } };
      await calls.call(call, () =>
        core.patchNamespacedResourceQuota({ namespace, name, body, fieldManager: FIELD_MANAGER }, merge),
      );
    },
    async noted(namespace, annotation) {
      const name = ISOLATION;
      const call: ApiCall = { verb: 'get', resource: `resourcequotas ${name}`, namespace };
      const found = await calls.call(call, () => core.readNamespacedResourceQuota({ namespace, name }), isAbsent);
      return found?.metadata?.annotations?.[annotation];
    },
  };
}

/** The client calls the field `from` of a rule `_from`. */
function wireSpec(spec: object): object {
  const rename = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(rename);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key === '_from' ? 'from' : key, rename(inner)]),
    );
  };
  return rename(spec) as object;
}
