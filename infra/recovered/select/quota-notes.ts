/** Objects that the quota of the platform's namespace will refuse. Pure. */
import { fieldsOf, type KubeObject, kindOf } from '../../../recovery/public.ts';
import { identityOf, listed } from '../objects/identity.ts';

const OUTWARD = ['LoadBalancer', 'NodePort'];

export function quotaNotes(objects: readonly KubeObject[], platform: string): string[] {
  const refused = objects.filter(
    (object) =>
      kindOf(object) === 'Service' &&
      object.metadata.namespace === platform &&
      OUTWARD.includes(String(fieldsOf(object.spec).type)),
  );
  if (refused.length === 0) return [];
  const names = listed(refused.map(identityOf));
  return [
    `the quota of ${platform} allows no balancers and no node ports, and refuses ${names}: put them into exclude`,
  ];
}
