/** Objects that the quota of the platform's namespace will refuse. Pure. */
import { fieldsOf, type KubeObject, kindOf } from '../../../recovery/public.ts';
import type { QuotaConfig } from '../../config/types.ts';
import { identityOf, listed } from '../objects/identity.ts';

const KINDS = [
  { type: 'LoadBalancer', key: 'loadBalancers', word: 'balancers' },
  { type: 'NodePort', key: 'nodePorts', word: 'node ports' },
] as const;

/** @param quota what the config says of the quota; undefined: it is not the stack's */
export function quotaNotes(
  objects: readonly KubeObject[],
  platform: string,
  quota: Pick<QuotaConfig, 'loadBalancers' | 'nodePorts'> | undefined,
): string[] {
  if (quota === undefined) return [];
  const services = objects.filter((object) => kindOf(object) === 'Service' && object.metadata.namespace === platform);
  return KINDS.flatMap(({ type, key, word }) => {
    const found = services.filter((object) => String(fieldsOf(object.spec).type) === type);
    const allowed = quota[key] ?? 0;
    if (found.length <= allowed) return [];
    const refused = listed(found.map(identityOf));
    return [
      `the quota of ${platform} allows ${allowed === 0 ? 'no' : allowed} ${word}, and the snapshot has ${refused}: put them into exclude, or write quotas.platform.${key}: ${found.length}`,
    ];
  });
}
