/**
 * What Cilium needs beside the network policies. There an address never means a node or the API server, so `reach-kubernetes-api` opens
 * nothing: https://docs.cilium.io/en/stable/security/policy/language/#entities-based . Pure.
 */
import type { Namespaces } from '../../plan/declared/namespaces.ts';
import { egressLabel } from './labels.ts';
import type { Outside } from './network-policies.ts';

export interface CiliumPolicy {
  readonly apiVersion: 'cilium.io/v2';
  readonly kind: 'CiliumNetworkPolicy';
  readonly name: string;
  readonly namespace: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

export function ciliumPolicies(
  { platform, recovery }: Pick<Namespaces, 'platform' | 'recovery'>,
  { kubernetesApi }: Pick<Outside, 'kubernetesApi'>,
): CiliumPolicy[] {
  const ports = kubernetesApi.ports.map((port) => ({ port: String(port), protocol: 'TCP' }));
  return [platform, recovery].map((namespace) => ({
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    name: 'reach-kubernetes-api',
    namespace,
    spec: {
      endpointSelector: { matchLabels: { [egressLabel('kubernetes-api')]: 'allowed' } },
      egress: [{ toEntities: ['kube-apiserver'], toPorts: [{ ports }] }],
    },
  }));
}
