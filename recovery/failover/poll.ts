/** Waiting for what another system does by itself. */
import { setTimeout as delay } from 'node:timers/promises';
import type { FailoverPorts } from './ports.ts';

export interface Patience {
  readonly seconds: number;
  /** Between two looks. @default 2 */
  readonly everySeconds?: number;
  readonly signal: AbortSignal;
}

export function patience(
  { signal, patience: factor = 1 }: Pick<FailoverPorts, 'signal' | 'patience'>,
  seconds: number,
): Patience {
  return { seconds: seconds * factor, everySeconds: 2 * factor, signal };
}

/** The first look that `done` accepts, or the last one before the time was up. */
export async function until<T>(
  { seconds, everySeconds = 2, signal }: Patience,
  look: () => Promise<T>,
  done: (seen: T) => boolean,
): Promise<{ readonly seen: T; readonly done: boolean }> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (done(seen)) return { seen, done: true };
    if (Date.now() >= end) return { seen, done: false };
    await delay(everySeconds * 1000, undefined, { signal });
  }
}
