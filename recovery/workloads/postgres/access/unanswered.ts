/** A server that runs and does not answer, in words. Pure but for the state of its process. */
import { DrError, messageOf } from '../../../core/errors.ts';
import { stoppedWords } from '../../../core/pids.ts';

/** It accepts connections and says nothing: it is stopped, or its host is. */
export function isLate(error: unknown): boolean {
  return messageOf(error) === 'timeout expired' || (error instanceof DrError && error.code === 'POSTGRES-UNREACHABLE');
}

/** @param fact how it is known that it runs, where its pid is not */
export function unansweredWords(error: unknown, pid: number | undefined, fact: string): string {
  const who = pid === undefined ? `PostgreSQL (${fact})` : `PostgreSQL (pid ${pid})`;
  return `${who} runs and ${isLate(error) ? 'does not answer' : 'refuses'}: ${messageOf(error)}${stoppedWords(pid)}`;
}
