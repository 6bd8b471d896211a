/** The effective plan of a stack, from its own ConfigMap. It includes the stack's overrides. */
import { productionPlan } from '../../plan/production.ts';
import { type Plan, planSchema } from '../../plan/types.ts';
import { OBJECTS } from '../jobs/dr-pod.ts';
import { ofType, type Resource, textAt } from './resource.ts';

export const CONFIG_MAP = 'kubernetes:core/v1:ConfigMap';

export type DeclaredPlan =
  | { readonly kind: 'declared'; readonly plan: Plan }
  /** The stack declares no plan, or its plan is unknown before the update. The shipped plan applies. */
  | { readonly kind: 'shipped'; readonly plan: Plan }
  | { readonly kind: 'unreadable'; readonly plan: Plan; readonly resource: string; readonly why: string };

function parsed(text: string, resource: string): DeclaredPlan {
  const unreadable = (why: string): DeclaredPlan => ({ kind: 'unreadable', plan: productionPlan, resource, why });
  try {
    const result = planSchema.safeParse(JSON.parse(text));
    return result.success
      ? { kind: 'declared', plan: result.data }
      : unreadable(result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join(', '));
  } catch (error) {
    return unreadable(String(error));
  }
}

export function declaredPlan(resources: readonly Resource[]): DeclaredPlan {
  for (const { name, props } of ofType(resources, CONFIG_MAP)) {
    const text = textAt(props, 'data', 'plan.json');
    if (text !== undefined && textAt(props, 'metadata', 'name') === OBJECTS.plan && text.startsWith('{')) {
      return parsed(text, name);
    }
  }
  return { kind: 'shipped', plan: productionPlan };
}
