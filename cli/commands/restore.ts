/** `dr restore`: from a recovery target to a verified platform. Several commands behind one name, a file each in `restore/`. */
import { type CommandContext, type CommandResult, type SiteContext, siteOrStackCommand } from '../command.ts';
import { declaration, misuse, type RestoreOptions } from './restore/declaration.ts';

const TARGETS = 'say what to restore: --to latest, --to 20261123T020000Z-full-7f3a or --to 2026-11-23T01:59:00Z';

/** Throws exit 2. */
async function check(options: RestoreOptions): Promise<void> {
  const { to, latest, emergencyDump } = options;
  if (latest && to !== undefined) {
    throw misuse(`--latest and --to ${to} name two targets`, 'leave out one: `dr restore --to latest`');
  }
  if (latest) throw misuse('--latest does not exist', 'type `dr restore --to latest`');
  if (to?.trim() === '') throw misuse('--to is empty', TARGETS);
  (await import('./restore/objects-check.ts')).checkSelection(options);
  if (options.undoMerge !== undefined) return;
  if (isOfRestored(options)) {
    if (options.table.length === 0)
      throw misuse('--compare and --merge want a table', 'type --table public.orders too');
    if (options.merge !== undefined && to !== undefined)
      throw misuse('--merge takes what an earlier command restored', 'leave out --to, and name --into-database');
    if (to === undefined) (await import('./restore/table.ts')).checkTables(options);
    if (to === undefined) return;
  }
  if (to === undefined && emergencyDump === undefined) throw misuse('no recovery target', TARGETS);
  if (wantsTables(options)) (await import('./restore/table.ts')).checkTables(options);
}

function isOfRestored({ compare, merge }: RestoreOptions): boolean {
  return compare || merge !== undefined;
}

function wantsTables({ table, intoDatabase }: RestoreOptions): boolean {
  return table.length > 0 || intoDatabase !== undefined;
}

async function restore(options: RestoreOptions, context: SiteContext): Promise<CommandResult> {
  const { to, undoMerge, select } = options;
  if (to !== undefined && select.length > 0)
    return (await import('./restore/objects.ts')).ofSite({ ...options, to }, context);
  if (undoMerge !== undefined)
    return (await import('./restore/compare.ts')).takeBack({ ...options, undoMerge }, context);
  if (to === undefined && isOfRestored(options))
    return (await import('./restore/compare.ts')).withRestored(options, context);
  if (to === undefined) return (await import('./restore/emergency.ts')).dumpAlone(options, context);
  if (wantsTables(options)) return (await import('./restore/table.ts')).restoreTables({ ...options, to }, context);
  return (await import('./restore/site.ts')).restoreSite({ ...options, to }, context);
}

/** `check` has seen to it that there are a target and a selection. */
async function restoreIntoStack(
  { to, ...options }: RestoreOptions & { readonly stack: string },
  context: CommandContext,
): Promise<CommandResult> {
  if (to === undefined) throw misuse('no recovery target', TARGETS);
  if (options.select.length > 0) return (await import('./restore/objects.ts')).ofStack({ ...options, to }, context);
  return (await import('./restore/in-place.ts')).ofRunningStack({ ...options, to }, context);
}

export const declare = siteOrStackCommand({
  declare: declaration,
  check,
  run: restore,
  runForStack: restoreIntoStack,
});
