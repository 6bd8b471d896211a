/** Failures that pass by themselves, such as a refused first connection from a new pod: tried again, a few times. */
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, DrError, EXIT, messageOf } from '../core/errors.ts';

/** Before each further try. Together shorter than the quarter of an hour between two runs of Redis. */
const PAUSES_SECONDS = [1, 4, 15] as const;

const CODES = [
  ...['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
  // PostgreSQL: it starts, it stops, it has no connection left.
  ...['57P03', '57P01', '53300', '08006', '08001'],
];

/** As programs say it: pg_dump, redis-cli, git; pgBackRest names the class of an address that can't be reached or looked up. */
const WORDS =
  /HostConnectError|connection refused|connection reset by peer|connection timed out|server closed the connection unexpectedly|is the server running|connect ENOENT|the database system is (?:starting up|shutting down|not yet accepting)|too many clients already|temporary failure in name resolution|could not resolve host|LOADING Redis|EAI_AGAIN|ECONNREFUSED|ECONNRESET/i;

/** Whether the same thing may well work in a few seconds. Follows the causes. */
export function isTransient(error: unknown): boolean {
  if (error instanceof DrError) {
    // A setting, a key or a person: none of them changes by itself.
    if (error.exit === EXIT.interrupted || error.exit === EXIT.usage || error.exit === EXIT.refused) return false;
    if (error.code === 'HOOK-FAILED') return false;
    if (WORDS.test(error.fact)) return true;
  } else if (CODES.includes(codeOf(error) ?? '') || WORDS.test(messageOf(error))) return true;
  return error instanceof Error && error.cause !== undefined && isTransient(error.cause);
}

export interface Retry {
  readonly onRetry: (detail: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** For tests. */
  readonly pausesSeconds?: readonly number[];
}

/** Throws the last failure, or the first one that does not pass by itself. */
export async function withRetries<T>(
  { onRetry, signal, pausesSeconds = PAUSES_SECONDS }: Retry,
  work: () => Promise<T>,
): Promise<T> {
  for (const pause of pausesSeconds) {
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted === true || !isTransient(error)) throw error;
      onRetry(`again in ${pause} s: ${messageOf(error).split('\n')[0]}`);
      await sleep(pause * 1000, undefined, signal === undefined ? {} : { signal });
    }
  }
  return work();
}
