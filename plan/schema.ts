/** The plan's schema as JSON Schema, for editors. */
import { z } from 'zod';
import { planSchema } from './types.ts';

export function planJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(planSchema);
  return { $schema, title: 'Disaster recovery plan of go-coffee-dr', ...rest };
}
