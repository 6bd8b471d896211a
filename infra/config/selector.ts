import type { Plan, TierId } from '../../plan/types.ts';

export type Selector =
  | { readonly by: 'tier'; readonly tier: TierId }
  | { readonly by: 'service'; readonly service: string }
  | { readonly by: 'object'; readonly kind: string; readonly name?: string; readonly namespace?: string };

/** `Kind`, `Kind/name`, `Kind/namespace/name`, or the notation of messages: `Kind name`, `Kind.group namespace/name`. */
const OBJECT = /^([^/ ]+)(?:[/ ](?:([^/ ]+)\/)?([^/ ]+))?$/;

export function parseSelector(text: string, { tiers }: Pick<Plan, 'tiers'>): Selector | undefined {
  const word = text.trim();
  for (const { id, services } of tiers) {
    if (word === id) return { by: 'tier', tier: id };
    const service = services.find(({ id: own, names = [] }) => own === word || names.includes(word));
    if (service !== undefined) return { by: 'service', service: service.id };
  }
  const [, kind, namespace, name] = OBJECT.exec(word) ?? [];
  if (kind === undefined) return undefined;
  return {
    by: 'object',
    kind,
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
  };
}
