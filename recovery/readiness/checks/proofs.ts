/** What no program can see: a proof is a record by a person, and it grows old. Pure. */
import { formatDuration } from '../../../plan/duration.ts';
import { type Cadence, dueAfter } from '../../../plan/people/calendar.ts';
import type { PersonRecord, Proof } from '../../records/document.ts';
import { type Facts, recordsOf } from '../facts.ts';
import type { CheckState, ReadinessCheck } from '../types.ts';

export function lastProof(facts: Facts, proof: Proof): PersonRecord | undefined {
  return recordsOf(facts).findLast(({ about, id }) => about === 'proof' && id === proof);
}

export interface ProofQuestion {
  readonly proof: Proof;
  readonly check: Pick<ReadinessCheck, 'id' | 'family' | 'title'>;
  readonly cadence: Cadence;
  /** What to type; the record alone where it is absent. */
  readonly command?: string;
  /** State without any record. */
  readonly never: Extract<CheckState, 'at risk' | 'unknown' | 'not ready'>;
}

/** A proof that failed, or that is too old, is worth nothing. */
export function proofCheck(facts: Facts, question: ProofQuestion): ReadinessCheck {
  const { proof, check, cadence, never } = question;
  const command = question.command ?? `dr plan record ${proof} --by NAME --result passed`;
  const head = { ...check, objective: `confirmed ${cadence}` };
  if (facts.records.kind === 'unseen') return { ...head, state: 'unknown', evidence: facts.records.fact, command };
  const last = lastProof(facts, proof);
  if (last === undefined) return { ...head, state: never, evidence: 'never confirmed', command };
  const note = last.note === undefined ? '' : `: ${last.note}`;
  const age = formatDuration(Math.max(0, (facts.now.getTime() - Date.parse(last.at)) / 1000));
  const evidence = `${last.result} ${age} ago, by ${last.by}${note}`;
  const found = { ...head, evidence, at: last.at };
  if (last.result === 'failed') return { ...found, state: 'not ready', command };
  return dueAfter(new Date(last.at), cadence) < facts.now
    ? { ...found, state: 'at risk', command }
    : { ...found, state: 'ready' };
}
