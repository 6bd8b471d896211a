/** The plan's schema as JSON Schema: for editors, and to list the keys that an object may have. */
import { z } from 'zod';
import { planSchema } from './types.ts';

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly oneOf?: readonly Node[];
  readonly anyOf?: readonly Node[];
}

export function planJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(planSchema);
  return { $schema, title: 'Disaster recovery plan of go-coffee-dr', ...rest };
}

function branches(node: Node): Node[] {
  return [node, ...(node.oneOf ?? []), ...(node.anyOf ?? [])];
}

/** The keys that the object at `path` may have. */
export function keysAt(path: readonly PropertyKey[]): string[] {
  let nodes: Node[] = [planJsonSchema() as Node];
  for (const key of path) {
    nodes = nodes.flatMap(branches).flatMap((node) => {
      const next = typeof key === 'number' ? node.items : node.properties?.[String(key)];
      return next === undefined ? [] : [next];
    });
  }
  return [...new Set(nodes.flatMap(branches).flatMap((node) => Object.keys(node.properties ?? {})))];
}
