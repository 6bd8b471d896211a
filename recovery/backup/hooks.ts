/** Commands of the environment file around a workload's capture, e.g. to quiet an application. */
import type { Workload } from '../../plan/types.ts';
import type { Environment } from '../environment.ts';
import { DrError } from '../errors.ts';
import type { Site } from '../site.ts';

function hooksOf(
  environment: Environment,
  workload: Workload,
): { pre?: string[] | undefined; post?: string[] | undefined } | undefined {
  switch (workload.type) {
    case 'postgres':
      return environment.postgres?.hooks;
    case 'redis':
      return environment.redis?.hooks;
    case 'git':
      return environment.git?.hooks;
    default:
      return environment.folders[workload.id]?.hooks;
  }
}

/** Of all that the API holds: it is read once, for several workloads. */
export const CLUSTER = 'kubernetes';

/** A failing pre hook fails the workload before anything is read; a failing post hook fails it too, since what it undoes stays done. */
export async function runHook(
  site: Site,
  workload: Workload | typeof CLUSTER,
  when: 'pre' | 'post',
  signal?: AbortSignal,
): Promise<void> {
  const hooks = workload === CLUSTER ? site.environment.kubernetes?.hooks : hooksOf(site.environment, workload);
  const id = workload === CLUSTER ? CLUSTER : workload.id;
  const argv = hooks?.[when];
  if (argv === undefined) return;
  try {
    await site.run(argv as [string, ...string[]], { signal, env: { DR_WORKLOAD: id, DR_HOOK: when } });
  } catch (cause) {
    throw new DrError({
      code: 'HOOK-FAILED',
      where: `${when} hook of ${id}`,
      fact: cause instanceof DrError ? cause.fact : String(cause),
      hint: `run it by hand: ${argv.join(' ')}`,
      cause,
    });
  }
}
