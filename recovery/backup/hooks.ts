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

/** A failing pre hook fails the workload before anything is read; a failing post hook fails it too, since what it undoes stays done. */
export async function runHook(
  site: Site,
  workload: Workload,
  when: 'pre' | 'post',
  signal?: AbortSignal,
): Promise<void> {
  const argv = hooksOf(site.environment, workload)?.[when];
  if (argv === undefined) return;
  try {
    await site.run(argv as [string, ...string[]], { signal, env: { DR_WORKLOAD: workload.id, DR_HOOK: when } });
  } catch (cause) {
    throw new DrError({
      code: 'HOOK-FAILED',
      where: `${when} hook of ${workload.id}`,
      fact: cause instanceof DrError ? cause.fact : String(cause),
      hint: `run it by hand: ${argv.join(' ')}`,
      cause,
    });
  }
}
