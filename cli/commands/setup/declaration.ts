/** Options of `dr setup`. */
import { Command, Option } from '@commander-js/extra-typings';
import type { OptionsOf } from '../../command.ts';
import { confirmOption, dryRunOption, examples, listOption, verbatimListOption } from '../../flags.ts';

export const declaration = () =>
  new Command('setup')
    .description(
      'Look at what runs on this host, propose its environment file and its keys, and write them after consent.',
    )
    .option('--into <folder>', 'where dr.yaml and the keys are written', '/etc/go-coffee-dr')
    .option('--name <name>', 'name of the environment: prefix in every repository', 'production')
    .option('--site <name>', 'name of this host’s site (default: the host’s name)')
    .option('--state-dir <folder>', 'where dr keeps its journals and locks', '/var/lib/go-coffee-dr')
    .option('--local <folder>', 'folder of the repository on this host', '/var/backups/go-coffee')
    .addOption(
      verbatimListOption(
        '--look <folder>',
        'look for folders and git repositories here; several: repeat it',
        'where services write, and what is mounted',
      ),
    )
    .addOption(
      verbatimListOption(
        '--folder <workload=path>',
        'the folder of a workload of the plan; several: repeat it',
        'none',
      ),
    )
    .option('--postgres <folder>', 'data directory of the PostgreSQL that is meant, where several run')
    .option('--database <name>', 'its database with the application’s data, where it has several')
    .option('--redis <address>', 'socket or host:port of the Redis that is meant, where several run')
    .option('--redis-password <file>', 'file (mode 0600) with the password of Redis')
    .addOption(
      listOption(
        '--take <field>',
        'where a dr.yaml is there: take this difference into it, e.g. postgres.port, or all; several: repeat it, or use commas',
        'none: only show them',
      ),
    )
    .addOption(dryRunOption())
    .addOption(new Option('--yes', 'write without asking').default(false))
    .addOption(confirmOption('the environment’s name'))
    .addHelpText(
      'after',
      examples(
        'dr setup --dry-run',
        'dr setup --redis-password /etc/go-coffee-dr/redis-password',
        'dr setup --yes --look /srv/go-coffee --folder uploads=/srv/nfs/uploads',
        'dr setup --take postgres.port --yes',
      ),
    );

export type SetupOptions = OptionsOf<typeof declaration>;
