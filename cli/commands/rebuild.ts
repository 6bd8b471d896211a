/** `dr rebuild`: a fresh platform from a recovery point, by the engine of the stacks; or the end of such a platform. */
import { badInput, type DrError } from '../../recovery/core/errors.ts';
import { type CommandContext, type CommandResult, freeCommand } from '../command.ts';
import { declaration, type RebuildOptions } from './rebuild/declaration.ts';

function misuse(fact: string, hint: string): DrError {
  return badInput({ code: 'USAGE', where: 'rebuild', fact, hint });
}

/** Throws exit 2. */
function check({ to, teardown, keys, identity, include }: RebuildOptions): void {
  if (teardown && to !== undefined) {
    throw misuse(
      '--teardown and --to contradict each other',
      'to destroy the stack, leave out --to; to make it, --teardown',
    );
  }
  if (!teardown && include.length > 0) {
    throw misuse('--include without --teardown', 'it names what a teardown would leave; for manifests there is --only');
  }
  if (!teardown && (to === undefined || to.trim() === '')) {
    const hint = 'type --to latest, --to 20261123T020000Z-full-7f3a or --to 2026-11-23T01:59:00Z';
    throw misuse('no recovery target', hint);
  }
  if (identity !== undefined && keys === undefined) {
    throw misuse('--identity without --keys', 'name the escrow file that it opens: --keys FILE');
  }
}

async function run(options: RebuildOptions, context: CommandContext): Promise<CommandResult> {
  const { to } = options;
  if (to === undefined) return (await import('./rebuild/teardown.ts')).tearDown(options, context);
  return (await import('./rebuild/platform.ts')).rebuildPlatform({ ...options, to }, context);
}

export const declare = freeCommand({ declare: declaration, check, run });
