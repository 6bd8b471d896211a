/** Options of `dr restore`, and what its forms share. */
import { Command, Option } from '@commander-js/extra-typings';
import { badInput, type DrError } from '../../../recovery/core/errors.ts';
import type { OptionsOf } from '../../command.ts';
import { confirmOption, dryRunOption, examples, onlyOption, verbatimListOption } from '../../flags.ts';

export const declaration = () =>
  new Command('restore')
    .description(
      'Restore the platform, or a part of it, to a recovery target: plan, preflight, execute, verify, report.',
    )
    .option(
      '--to <target>',
      'latest, a point’s id, a time with a zone, before:TRANSACTION, lsn:POSITION or name:RESTORE-POINT; required unless --emergency-dump stands alone',
    )
    .addOption(new Option('--latest').hideHelp())
    .option('--from <repository>', 'repository to read (default: the first of the plan that has the target)')
    .addOption(onlyOption())
    .addOption(dryRunOption())
    .addOption(confirmOption('the environment’s name (with --stack the stack’s), to overwrite existing data'))
    .option('--repository-time <time>', 'read a versioned bucket as it was at this time')
    .option('--allow-tampered', 'take a point whose signature or chain is broken', false)
    .option('--allow-compromised', 'take a point that is marked compromised', false)
    .option('--allow-suspect', 'take captures that shrank, and points of a wrong clock or of another host', false)
    .addOption(
      verbatimListOption(
        '--select <what>',
        'put only these captured objects back into the live cluster: deployment/NAME, KIND.GROUP/NAME, KIND/NAMESPACE/NAME, app=api, namespace/NAME; repeat for several',
        'none',
      ),
    )
    .option(
      '--stack <name>',
      'the stores of this running stack, where they are, as its next generation; with --select chosen objects of its platform',
    )
    .option('--force-conflicts', 'with --select: take fields that others own, and remove what was added since', false)
    .option('--wait <duration>', 'with --select: how long to wait until workloads are available', '5m')
    .addOption(
      verbatimListOption(
        '--table <schema.table>',
        'only this table, beside the live one: with a time, before:, lsn: or name: as it was then, else from the logical dump; repeat for several. Names are taken as written; commas too; double quotes around a part that holds a dot or a quote: \'public."a.b"\'',
        'none',
      ),
    )
    .option('--into-database <name>', 'with --table: restore beside the live data (default: a new database)')
    .option('--compare', 'with --table: say what differs from the live table, by its key', false)
    .addOption(
      new Option('--merge <rows>', 'with --table: write these rows back into the live table; it can be undone')
        .choices(['missing', 'changed'] as const)
        .conflicts('compare'),
    )
    .option('--undo-merge <id>', 'take back what a --merge wrote; rows that were changed since then stay')
    .option(
      '--emergency-dump [folder]',
      'first dump what is still readable, and keep the damaged data directory where there is room (default folder: below the state directory)',
    )
    .addOption(
      verbatimListOption(
        '--accept-loss <name>',
        'with --emergency-dump: restore although this could not be saved (a table, large-objects, …; everything)',
        'none',
      ),
    )
    .option(
      '--keep-going',
      'a workload that fails doesn’t stop the others (exit 3); with --stack: start the services although a check did not pass (exit 5)',
      false,
    )
    .option('--declared-at <time>', 'when the disaster was declared; the RTO clock starts there (default: now)')
    .option('--no-backup', 'skip the full backup with which the new lineage of PostgreSQL begins')
    .addHelpText(
      'after',
      examples(
        'dr restore --to latest --dry-run',
        'dr restore --to latest --from secondary --confirm production',
        'dr restore --to 2026-11-23T01:59:00Z --only postgres',
        'dr restore --stack production --to 2026-11-23T01:59:00Z --only postgres --dry-run',
        'dr restore --stack production --to latest --only manifests --select deployment/order-service --dry-run',
        'dr restore --stack production --to latest --select app=menu-service --select configmap/rates --confirm production',
        'dr restore --to latest --table public.orders --into-database rescued',
        'dr restore --to before:744 --table public.payments --compare',
        'dr restore --into-database dr_restored_20261123 --table public.payments --merge changed --confirm production',
        'dr restore --emergency-dump /root/emergency',
      ),
    );

export type RestoreOptions = OptionsOf<typeof declaration>;

/** With a target: all but a lone emergency dump. */
export type TargetedOptions = RestoreOptions & { readonly to: string };

export function misuse(fact: string, hint: string): DrError {
  return badInput({ code: 'USAGE', where: 'restore', fact, hint });
}
