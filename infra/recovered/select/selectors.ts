/** `recovery.only` and `recovery.exclude`: objects by kind, name, service or tier of the plan. Pure. */
import { nearest } from '../../../plan/nearest.ts';
import type { Plan } from '../../../plan/types.ts';
import { type KubeObject, kindOf } from '../../../recovery/public.ts';
import type { ConfigProblem } from '../../config/problems.ts';
import { parseSelector, type Selector } from '../../config/selector.ts';
import type { Names } from '../../config/types.ts';
import type { Placements } from './placement.ts';

export interface SelectionContext {
  readonly plan: Pick<Plan, 'tiers'>;
  readonly objects: readonly KubeObject[];
  readonly placements: Placements;
  /** Old name → new name of namespaces; selectors may use both. */
  readonly namespaces: Names;
}

export function isSelected(
  selector: Selector,
  object: KubeObject,
  { placements, namespaces }: SelectionContext,
): boolean {
  switch (selector.by) {
    case 'tier':
      return placements.get(object)?.tier === selector.tier;
    case 'service':
      return placements.get(object)?.service === selector.service;
    case 'object': {
      const { kind, name, namespace } = selector;
      const { metadata } = object;
      const old = metadata.namespace ?? '';
      const isKind = kind === object.kind || kind === kindOf(object);
      const isThere = namespace === undefined || namespace === old || namespace === namespaces[old];
      return isKind && isThere && (name === undefined || name === metadata.name);
    }
  }
}

/** Every selector that would select something, for hints. */
function words({ plan, objects, placements }: SelectionContext): string[] {
  const placed = [...placements.values()];
  const tiers = plan.tiers.flatMap(({ id, services }) => [id, ...services.map((service) => service.id)]);
  return [
    ...tiers.filter((word) => placed.some(({ tier, service }) => word === tier || word === service)),
    ...objects.flatMap(({ kind, metadata }) => [kind, `${kind}/${metadata.name}`]),
  ];
}

export interface Parsed {
  readonly selectors: readonly Selector[];
  readonly problems: readonly ConfigProblem[];
}

/** A selector that selects nothing is a mistake: the stack would declare objects to exclude, or lack objects to select. */
export function parseSelectors(
  key: readonly [section: string, list: 'only' | 'exclude'],
  texts: readonly string[],
  context: SelectionContext,
): Parsed {
  const parsed = texts.map((text) => parseSelector(text, context.plan));
  const problems = texts.flatMap((text, i): ConfigProblem[] => {
    const selector = parsed[i];
    if (selector !== undefined && context.objects.some((object) => isSelected(selector, object, context))) return [];
    const known = words(context);
    const near = nearest(text, known);
    const hint = near.length > 0 ? `write one of: ${near.join(', ')}` : `there are: ${listed(known)}`;
    return [{ path: [...key, i], fact: `the manifest snapshot has no object "${text}"`, hint }];
  });
  return { selectors: parsed.filter((selector) => selector !== undefined), problems };
}

const LISTED = 12;

function listed(known: readonly string[]): string {
  const kinds = [...new Set(known.filter((word) => !word.includes('/')))];
  return `${kinds.slice(0, LISTED).join(', ')}${kinds.length > LISTED ? ', …' : ''}`;
}
