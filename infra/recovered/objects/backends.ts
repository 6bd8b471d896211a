/** The Services behind a route: an Ingress, a route of the Gateway API, or a kind of an ingress controller. Pure. */
import { fieldsOf, listOf } from '../../../recovery/public.ts';

export interface Backend {
  readonly name: string;
  /** @default the route's namespace */
  readonly namespace?: string;
}

function named(value: unknown): Backend[] {
  const { name, namespace } = fieldsOf(value);
  return typeof name === 'string' ? [{ name, ...(typeof namespace === 'string' ? { namespace } : {}) }] : [];
}

/** Istio's `order-service`, or `order-service.shop.svc.cluster.local`; any other name is an external host. */
function byHost(value: unknown): Backend[] {
  const { host } = fieldsOf(value);
  if (typeof host !== 'string') return [];
  const [name = '', namespace, svc] = host.split('.');
  if (namespace === undefined) return [{ name }];
  return svc === 'svc' ? [{ name, namespace }] : [];
}

/** Ingress; Gateway API; Traefik and Contour; OpenShift. */
const ONE = ['service', 'to'];
const MANY = ['backendRefs', 'services', 'alternateBackends'];

export function backendsOf(value: unknown): Backend[] {
  if (Array.isArray(value)) return value.flatMap(backendsOf);
  return Object.entries(fieldsOf(value)).flatMap(([key, item]) => {
    const one = ONE.includes(key) ? named(item) : key === 'destination' ? byHost(item) : [];
    const many = MANY.includes(key) ? listOf(item).flatMap(named) : [];
    return [...one, ...many, ...backendsOf(item)];
  });
}
