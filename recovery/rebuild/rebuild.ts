/** `dr rebuild`: from a recovery point to a stack that is up and verified. */
import type { RebuildOutcome, RebuildPlan, RebuildPorts, RebuildRequest } from './types.ts';

/** Resolves and previews; a stack that is missing is neither made nor left behind. */
export async function planRebuild(_request: RebuildRequest, _ports: RebuildPorts): Promise<RebuildPlan> {
  throw new Error('not yet');
}

/**
 * Goes on where the same request was interrupted. Never throws for resources that fail: the outcome says so. Throws what makes it
 * impossible before anything is touched (exit 2, 6, 7).
 */
export async function rebuild(_request: RebuildRequest, _ports: RebuildPorts): Promise<RebuildOutcome> {
  throw new Error('not yet');
}

/** Destroys a stack of role recovery that a rebuild has made, and forgets it. Throws TEARDOWN-REFUSED (exit 6) for any other. */
export async function teardown(
  _stack: string,
  _ports: Pick<RebuildPorts, 'engine' | 'progress' | 'signal' | 'stateDir'>,
): Promise<void> {
  throw new Error('not yet');
}
