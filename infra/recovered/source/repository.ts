/** The repository that `recovery` or `standby` names, as `dr` opens it from the program. */
import * as pulumi from '@pulumi/pulumi';
import { DrError, type ResolveRequest } from '../../../recovery/public.ts';
import { repositoryLocations } from '../../config/locations.ts';
import type { StackConfig } from '../../config/types.ts';

/** The plain value: which resources are declared depends on what the secrets open. */
export function settled<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply((value) => resolve(value as T));
  });
}

export type RecoverySource = Pick<ResolveRequest, 'plan' | 'repository' | 'credentials'>;

export async function recoverySource(
  config: Pick<StackConfig, 'plan' | 'storage'>,
  id: string,
): Promise<RecoverySource> {
  const location = repositoryLocations(config)[id];
  if (location === undefined) throw new TypeError(`the repository "${id}" was not checked`);
  const credentials = location.credentials === undefined ? 'ambient' : (await settled(location.credentials)).restorer;
  return { plan: config.plan, repository: location, credentials };
}

/** A DrError as a RunError, which Pulumi shows without a stack trace. Any other error is returned unchanged. */
export function runError(error: unknown, what: string): unknown {
  if (!(error instanceof DrError)) return error;
  return new pulumi.RunError(`${error.message}\nhint: ${error.hint}\n${what}; nothing was changed`);
}
