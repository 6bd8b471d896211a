/** The repository that `recovery` or `standby` names, as `dr` opens it from the program. */
import * as pulumi from '@pulumi/pulumi';
import { DrError, type PinRequest } from '../../../recovery/public.ts';
import { repositoryLocations } from '../../config/locations.ts';
import type { StackConfig } from '../../config/types.ts';

/** Secrets are needed in plain here: what is declared depends on what they open. */
export function settled<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply(resolve as (value: unknown) => void);
  });
}

export type RecoverySource = Pick<PinRequest, 'plan' | 'repository' | 'credentials'>;

export async function recoverySource(
  config: Pick<StackConfig, 'plan' | 'storage'>,
  id: string,
): Promise<RecoverySource> {
  const place = repositoryLocations(config)[id];
  if (place === undefined) throw new TypeError(`the repository "${id}" was not checked`);
  const credentials = place.credentials === undefined ? 'ambient' : (await settled(place.credentials)).restorer;
  return { plan: config.plan, repository: place, credentials };
}

/** In the words of `dr`, without a stack trace. What is no failure of the world is given back as it is. */
export function runError(error: unknown, what: string): unknown {
  if (!(error instanceof DrError)) return error;
  return new pulumi.RunError(`${error.message}\nhint: ${error.hint}\n${what}; nothing was touched`);
}
