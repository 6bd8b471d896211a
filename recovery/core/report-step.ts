/** One step of long work: reports its start, its progress and how it ends. */
import { messageOf } from './errors.ts';
import type { Progress } from './progress.ts';

export interface ReportedStep {
  readonly step: string;
  readonly title: string;
  /** Shown when the step is done. */
  readonly detail?: string;
  /** Nothing starts once it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** Throws what `work` throws, and what aborted the signal. */
export async function reportStep<T>(
  progress: Progress,
  { step, title, detail, signal }: ReportedStep,
  work: (onFraction: (fraction: number) => void) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  progress({ step, title, state: 'start' });
  try {
    const result = await work((fraction) => progress({ step, title, state: 'progress', fraction }));
    progress({ step, title, state: 'done', ...(detail === undefined ? {} : { detail }) });
    return result;
  } catch (error) {
    progress({ step, title, state: 'failed', detail: messageOf(error) });
    throw error;
  }
}
