/** The repository that `recovery` or `standby` names, as `dr` opens it from the program. */
import * as pulumi from '@pulumi/pulumi';
import { DrError, type ResolveRequest } from '../../../recovery/public.ts';
import { type RepositoryLocation, repositoryLocations } from '../../config/locations.ts';
import type { StackConfig } from '../../config/types.ts';

/** The plain value: which resources are declared depends on what the secrets open. */
export function settled<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply((value) => resolve(value as T));
  });
}

export type RecoverySource = Pick<ResolveRequest, 'plan' | 'repository' | 'credentials' | 'others'>;

async function accessTo(repository: RepositoryLocation): Promise<Pick<RecoverySource, 'repository' | 'credentials'>> {
  const { credentials } = repository;
  return { repository, credentials: credentials === undefined ? 'ambient' : (await settled(credentials)).restorer };
}

export async function recoverySource(
  config: Pick<StackConfig, 'plan' | 'storage'>,
  id: string,
): Promise<RecoverySource> {
  const { [id]: location, ...rest } = repositoryLocations(config);
  if (location === undefined) throw new TypeError(`the repository "${id}" was not checked`);
  const others = await Promise.all(Object.values(rest).map(accessTo));
  return { plan: config.plan, ...(await accessTo(location)), others };
}

/** A DrError as a RunError, which Pulumi shows without a stack trace. Any other error is returned unchanged. */
export function runError(error: unknown, what: string): unknown {
  if (!(error instanceof DrError)) return error;
  return new pulumi.RunError(`${error.message}\nhint: ${error.hint}\n${what}; nothing was changed`);
}
