/** Options of `dr find`. */
import { Command, Option } from '@commander-js/extra-typings';
import { KINDS_OF_CHANGE } from '../../../recovery/find/classify.ts';
import type { OptionsOf } from '../../command.ts';
import { examples, listOption, verbatimListOption, wholeNumber } from '../../flags.ts';

export const declaration = () =>
  new Command('find')
    .description(
      'Find the moment: which transaction dropped, emptied or changed a table, or when a check stopped being true.',
    )
    .addOption(
      listOption('--what <kind>', `what to look for: ${KINDS_OF_CHANGE.join(', ')}`, 'drop,truncate,delete,update'),
    )
    .addOption(verbatimListOption('--table <schema.table>', 'only of this table; repeat for several', 'all'))
    .option('--since <time>', 'where the search begins (default: 24 hours ago)')
    .option('--until <time>', 'where it ends (default: now)')
    .addOption(
      new Option('--min-rows <n>', 'only deletes and updates of at least so many rows')
        .argParser(wholeNumber(1, 'a whole number from 1 on'))
        .default(1),
    )
    .addOption(
      new Option(
        '--names <from>',
        'who names tables that are gone: a copy from before (auto: where it is small), or nobody',
      )
        .choices(['auto', 'copy', 'live'] as const)
        .default('auto' as const),
    )
    .option('--archived-only', 'do not ask the running server to ship its last WAL first', false)
    .option(
      '--check <sql>',
      'a query whose first value is true while all is well: find the transaction that ended that',
    )
    .option(
      '--check-command <command>',
      'for files and Redis: a command that exits 0 in a good copy and 1 in a bad one: find the two copies between which that changed',
    )
    .option('--workload <id>', 'with --check-command: whose copies')
    .option('--database <name>', 'with --check: where it is asked (default: the environment’s)')
    .option('--between <times...>', 'with a check: two moments, true at the first one, not true at the second')
    .option('--mark-clean', 'with a check: mark the newest point before that as clean; needs --by', false)
    .option('--by <name>', 'with --mark-clean: the person who says so')
    .option('--repository <id>', 'the repository to read (default: the first that holds a set)')
    .addHelpText(
      'after',
      examples(
        'dr find --what drop,truncate',
        'dr find --what delete,update --table public.payments --min-rows 100',
        'dr find --what ddl --since 2026-11-23T00:00:00Z --repository secondary',
        `dr find --check-command 'grep -q "^version: 2" settings.yaml' --workload uploads --between 2026-11-22T00:00:00Z 2026-11-23T00:00:00Z`,
        'dr find --check "SELECT count(*) > 1000 FROM payments" --between 2026-11-22T00:00:00Z 2026-11-23T00:00:00Z',
      ),
    );

export type FindOptions = OptionsOf<typeof declaration>;
