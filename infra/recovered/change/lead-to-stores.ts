/** Services that lead to the stores of the stack that took them over lead to this stack's stores. Pure. */
import { fieldsOf, type KubeObject, kindOf, LEADS_TO } from '../../../recovery/public.ts';
import type { Change } from '../objects/types.ts';

/** `postgres.shop-dr-stores.svc.cluster.local`: what stands before the domain is the other stack's. */
const OF_A_STORE = /^[a-z0-9-]+\.[a-z0-9-]+(\.svc(?:\..+)?)$/;

/** @param stores namespace of this stack's stores */
export function leadToStores(stores: string): Change {
  const lead = (object: KubeObject): KubeObject => {
    const store = object.metadata.annotations?.[LEADS_TO];
    if (store === undefined || kindOf(object) !== 'Service') return object;
    const [, domain] = OF_A_STORE.exec(String(fieldsOf(object.spec).externalName)) ?? [];
    if (domain === undefined) return object;
    return { ...object, spec: { ...fieldsOf(object.spec), externalName: `${store}.${stores}${domain}` } };
  };
  return (objects) => ({ objects: objects.map(lead), notes: [] });
}
