/**
 * Ways to a Service by its own address. The network policies of AWS's VPC CNI are compared before that address is rewritten, and name it
 * for a pod selector only where the Service has a selector: https://github.com/aws/amazon-network-policy-controller-k8s/issues/207 . The
 * leader's Service has none, because Patroni writes its endpoint; two writers of one endpoint would undo each other's work. For networks
 * that compare afterwards these policies open nothing: no packet has that address. Pure.
 */
import type { Namespaces } from '../../plan/declared/namespaces.ts';
import { type EgressTarget, egressLabel } from './labels.ts';
import type { NamedPolicy } from './network-policies.ts';

/** `postgres`, `pgbackrest`: each with the port of the Service behind which it is. */
export interface ServiceWay {
  readonly target: EgressTarget;
  readonly port: number;
}

/** For the pods that may reach the target anyway. */
export function serviceWays(
  { platform, recovery }: Pick<Namespaces, 'platform' | 'recovery'>,
  { target, port }: ServiceWay,
  addresses: readonly (string | undefined)[],
): NamedPolicy[] {
  const known = addresses.filter((address): address is string => address !== undefined && address !== 'None');
  const to = known.map((address) => ({ ipBlock: { cidr: `${address}/${address.includes(':') ? 128 : 32}` } }));
  return [platform, recovery].map((namespace) => ({
    name: `reach-${target}-service`,
    namespace,
    spec: {
      podSelector: { matchLabels: { [egressLabel(target)]: 'allowed' } },
      policyTypes: ['Egress'],
      // Without a peer a rule would be open to everybody.
      egress: to.length === 0 ? [] : [{ to, ports: [{ protocol: 'TCP', port }] }],
    },
  }));
}
