/** A step of a run that is journalled: what an earlier run has done is not repeated. */
import type { z } from 'zod';
import type { Journal } from '../core/journal.ts';
import type { TimelineEvent } from '../report/types.ts';
import type { FailoverPorts } from './ports.ts';

export interface Recorded {
  readonly ports: Pick<FailoverPorts, 'now'>;
  readonly journal: Journal;
  readonly events: TimelineEvent[];
}

interface Step<T> {
  readonly id: string;
  readonly title: string;
  /** The journal's record of its result. */
  readonly result: z.ZodType<T>;
}

/** A step that an earlier run has done is not repeated: its result comes from the journal. */
export async function runStep<T>(run: Recorded, { id, title, result }: Step<T>, work: () => Promise<T>): Promise<T> {
  const { journal, ports, events } = run;
  const done = journal.result(id, result);
  if (done !== undefined) return done.data;
  const data = await journal.run({ id, title, now: ports.now }, work);
  events.push({ at: ports.now().toISOString(), offsetSeconds: 0, event: title });
  return data;
}
