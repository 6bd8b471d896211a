/** Start and stop commands of the environment file: others' programs, with a limit and without their output in memory. */
import type { Site } from '../config/site.ts';

export interface Control {
  readonly start: readonly [string, ...string[]];
  readonly stop: readonly [string, ...string[]];
  readonly timeoutSeconds?: number | undefined;
}

/** A server that writes its memory to a slow disk before it ends, or reads it before it answers. */
const CONTROL_SECONDS = 120;
const hint = (field: string): string =>
  `run it by hand; if it rightly takes longer: ${field}.timeoutSeconds in dr.yaml`;

/**
 * @param field of the environment file: `postgres.control`. Throws what `Run` throws. What the command has started outlives it, also
 * when it is ended at its limit: a server may be its child.
 */
export async function runStart(site: Pick<Site, 'run'>, field: string, control: Control): Promise<void> {
  await site.run(control.start, {
    timeoutSeconds: control.timeoutSeconds ?? CONTROL_SECONDS,
    timeoutHint: hint(field),
    spareDescendants: true,
    keep: 'ends',
  });
}

export async function runStop(site: Pick<Site, 'run'>, field: string, control: Control): Promise<void> {
  const timeoutSeconds = control.timeoutSeconds ?? CONTROL_SECONDS;
  await site.run(control.stop, { timeoutSeconds, timeoutHint: hint(field), keep: 'ends' });
}
