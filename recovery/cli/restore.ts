/** `dr restore`: from a recovery target to a verified platform; `dr unlock`: when a dead one left its lock. */
import { Option } from 'commander';
import { badInput } from '../core/errors.ts';
import { confirmOption, dryRunOption, examples, listOption, onlyOption } from './flags.ts';
import type { Declare } from './program.ts';

const NO_TARGET = 'say what to restore: --to latest, --to 20261123T020000Z-full-7f3a or --to 2026-11-23T01:59:00Z';

interface Typed {
  readonly to?: string;
  readonly latest?: boolean;
  readonly from?: string;
  readonly emergencyDump?: string | true;
  readonly table: readonly string[];
  readonly only: readonly string[];
}

function misuse(fact: string, hint: string): Error {
  return badInput({ code: 'USAGE', where: 'restore', fact, hint });
}

/** What can be told from the flags alone. */
function checkRestore(typed: Typed): void {
  if (typed.latest && typed.to !== undefined) {
    throw misuse(`--latest and --to ${typed.to} name two targets`, 'leave out one: `dr restore --to latest`');
  }
  if (typed.latest) throw misuse('--latest is no flag of its own', 'type `dr restore --to latest`');
  if (typed.to?.trim() === '') throw misuse('--to is empty', NO_TARGET);
  if (typed.to === undefined && typed.emergencyDump === undefined) throw misuse('no recovery target', NO_TARGET);
  const badTable = typed.table.find((name) => !/^[^.\s]+\.[^.\s]+$/.test(name));
  if (badTable !== undefined) {
    throw misuse(
      `--table "${badTable}" has no schema`,
      `type --table public.${badTable.replaceAll(/[^\w]/g, '') || 'orders'}`,
    );
  }
  if (typed.table.length > 0 && typed.only.length > 0) {
    throw misuse('--table and --only can’t be combined', 'a table comes from the logical dump; leave out --only');
  }
}

export const declareRestore: Declare = (program, action) => {
  const command = program
    .command('restore')
    .description(
      'Restore the platform, or a part of it, to a recovery target: plan, preflight, execute, verify, report.',
    )
    .option(
      '--to <target>',
      'latest, a point’s id, or a time with a zone; required unless --emergency-dump stands alone',
    )
    .addOption(new Option('--latest').hideHelp())
    .option('--from <repository>', 'repository to read (default: the first of the plan that has the target)')
    .addOption(onlyOption())
    .addOption(dryRunOption())
    .addOption(confirmOption('the environment’s name, to overwrite what is there'))
    .option('--repository-time <time>', 'read a versioned bucket as it was at this time')
    .option('--allow-tampered', 'take a point whose signature or chain is broken', false)
    .option('--allow-compromised', 'take a point that is marked compromised', false)
    .addOption(
      listOption('--table <schema.table>', 'only this table, from the logical dump; repeat for several', 'none'),
    )
    .option('--into-database <name>', 'with --table: restore beside the live data (default: a new database)')
    .option(
      '--emergency-dump [folder]',
      'first dump what is still readable (default folder: below the state directory)',
    )
    .option('--keep-going', 'a workload that fails doesn’t stop the others (exit 3)', false)
    .option('--declared-at <time>', 'when the disaster was declared; the RTO clock starts there (default: now)')
    .option('--no-backup', 'leave out the full backup with which the new lineage of PostgreSQL begins')
    .action((...given: unknown[]) => {
      checkRestore(given[0] as Typed);
      return action(async () => (await import('../commands/restore.ts')).restoreCommand)(...given);
    });
  examples(command, [
    'dr restore --to latest --dry-run',
    'dr restore --to latest --from secondary --confirm production',
    'dr restore --to 2026-11-23T01:59:00Z --only postgres',
    'dr restore --to latest --table public.orders --into-database rescued',
    'dr restore --emergency-dump /root/emergency',
  ]);
};

export const declareUnlock: Declare = (program, action) => {
  const command = program
    .command('unlock')
    .argument('<name>', 'the lock’s name, as the refused command printed it')
    .description('Show who holds a lock, and break it after its holder is known to be dead.')
    .addOption(confirmOption('the lock’s name'))
    .action(action(async () => (await import('../commands/unlock.ts')).unlockCommand, { args: ['name'] }));
  examples(command, ['dr unlock restore-production-fra1 --confirm restore-production-fra1']);
};
