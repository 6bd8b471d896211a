/** Breaches that somebody has accepted, by rule and resource, with the reason. Nothing else allows a breach. */
import type { PolicyConfigSchema } from '@pulumi/policy';
import { z } from 'zod';
import type { Breach } from './rule.ts';

const acceptedSchema = z.object({
  accepted: z.array(z.strictObject({ resource: z.string().min(1), reason: z.string().trim().min(10) })).default([]),
});

export type Accepted = z.infer<typeof acceptedSchema>['accepted'];

/** The same shape as a JSON schema. The engine refuses a config that does not match it. */
export const OVERRIDES_SCHEMA: PolicyConfigSchema = {
  properties: {
    accepted: {
      type: 'array',
      description: 'Breaches of this rule that are let through',
      items: {
        type: 'object',
        required: ['resource', 'reason'],
        additionalProperties: false,
        properties: {
          resource: {
            type: 'string',
            minLength: 1,
            description: 'Name of the resource, or * for whatever breaks the rule',
          },
          reason: { type: 'string', minLength: 10, description: 'Why; it is shown in each preview' },
        },
      },
    },
  },
};

/** Throws ZodError for a shape that the engine's schema refuses too. */
export function parseAccepted(config: unknown): Accepted {
  return acceptedSchema.parse(config).accepted;
}

export interface Sifted {
  readonly refused: readonly Breach[];
  readonly accepted: readonly { readonly breach: Breach; readonly reason: string }[];
}

/** Pure. Only `*` accepts the breach of a missing resource, because it has no name. */
export function sift(breaches: readonly Breach[], accepted: Accepted): Sifted {
  const reasonFor = ({ resource }: Breach) =>
    accepted.find((one) => one.resource === '*' || one.resource === resource)?.reason;
  return {
    refused: breaches.filter((breach) => reasonFor(breach) === undefined),
    accepted: breaches.flatMap((breach) => {
      const reason = reasonFor(breach);
      return reason === undefined ? [] : [{ breach, reason }];
    }),
  };
}
