/**
 * What people did and confirmed: a review of the plan, a test that no command runs, an exercise, a proof. Each is a signed record in a log
 * beside the incidents.
 */
import { z } from 'zod';
import { FIELD_LIMIT, type PROOFS } from './proofs.ts';

const line = z
  .string()
  .trim()
  .min(1)
  .max(FIELD_LIMIT)
  .regex(/^[^\p{Cc}]*$/u);

export const factsSchema = z.strictObject({
  /** `test`: `id` is one of the plan. `review`: a cadence. `proof`: one of `PROOFS`. `exercise`: a scenario. */
  about: z.enum(['review', 'test', 'proof', 'exercise']),
  id: line,
  result: z.enum(['passed', 'failed']),
  note: line.optional(),
  /** Of a review: who was confirmed to be reachable. Of an exercise: who took part. */
  names: z.array(line).optional(),
  /** Of an exercise: what was timed, in seconds. Of an escrow file: its digest, and the fingerprint of the keys in it. */
  facts: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
});
export type RecordFacts = z.infer<typeof factsSchema>;

export interface PersonRecord extends RecordFacts {
  /** When it happened (ISO 8601). */
  readonly at: string;
  /** The person who answers for it. */
  readonly by: string;
}

export type Proof = (typeof PROOFS)[number];
