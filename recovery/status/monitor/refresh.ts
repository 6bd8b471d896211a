/** Refreshes at an interval that is counted from start to start, never two at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ignoring } from '../../core/absent.ts';
import type { Logger } from '../../core/log.ts';

export interface RefreshLoop {
  readonly intervalSeconds: number;
  readonly signal: AbortSignal;
  readonly log: Logger;
  refresh(): Promise<void>;
}

/** Returns when `signal` is aborted. A refresh that throws is logged; the next one is the retry. */
export async function refreshUntilAborted({ intervalSeconds, signal, log, refresh }: RefreshLoop): Promise<void> {
  while (!signal.aborted) {
    const started = performance.now();
    await refresh().catch((error: unknown) => log.error({ error: String(error) }, 'refresh failed'));
    const rest = intervalSeconds * 1000 - (performance.now() - started);
    await sleep(Math.max(rest, 0), undefined, { signal }).catch(ignoring('an aborted wait ends the loop'));
  }
}
