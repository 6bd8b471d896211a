/** Start and stop commands of the environment file: others' programs, with a limit and without their output in memory. */
import type { Site } from '../config/site.ts';
import { DrError } from '../core/errors.ts';

export interface Control {
  readonly start: readonly [string, ...string[]];
  readonly stop: readonly [string, ...string[]];
  readonly timeoutSeconds?: number | undefined;
}

/** A server that writes its memory to a slow disk before it ends, or reads it before it answers. */
const CONTROL_SECONDS = 120;
const hint = (field: string): string =>
  `run it by hand; if it rightly takes longer: ${field}.timeoutSeconds in dr.yaml`;

/** Its own words, with the setting that holds the command, and as whom it runs. */
function failed(error: unknown, setting: string): unknown {
  if (!(error instanceof DrError) || error.code !== 'ENGINE-FAILED') return error;
  const asRoot = 'the command runs as root, as `dr` does; to run it as another account: [runuser, -u, postgres, --, …]';
  return new DrError({
    code: error.code,
    where: setting,
    fact: `${error.where} ${error.fact}`,
    hint: /cannot be run as root|must not be run as root/.test(error.fact)
      ? asRoot
      : 'run this command of dr.yaml by hand, correct it, then run the same command of `dr` again',
    exit: error.exit,
    cause: error,
  });
}

/**
 * @param field of the environment file: `postgres.control`. Throws what `Run` throws, with the setting. What the command has started
 * outlives it, also when it is ended at its limit: a server may be its child.
 */
export async function runStart(site: Pick<Site, 'run'>, field: string, control: Control): Promise<void> {
  const options = {
    timeoutSeconds: control.timeoutSeconds ?? CONTROL_SECONDS,
    timeoutHint: hint(field),
    spareDescendants: true,
    keep: 'ends',
  } as const;
  try {
    await site.run(control.start, options);
  } catch (error) {
    throw failed(error, `${field}.start`);
  }
}

export async function runStop(site: Pick<Site, 'run'>, field: string, control: Control): Promise<void> {
  const timeoutSeconds = control.timeoutSeconds ?? CONTROL_SECONDS;
  try {
    await site.run(control.stop, { timeoutSeconds, timeoutHint: hint(field), keep: 'ends' });
  } catch (error) {
    throw failed(error, `${field}.stop`);
  }
}
