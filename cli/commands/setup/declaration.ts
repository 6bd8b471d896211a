/** Options of `dr setup`. */
import { Command, Option } from '@commander-js/extra-typings';
import type { OptionsOf } from '../../command.ts';
import { confirmOption, dryRunOption, examples, listOption, verbatimListOption } from '../../flags.ts';

export const declaration = () =>
  new Command('setup')
    .description(
      'Look at what runs on this host or in a cluster, propose the configuration for it, and write it after consent.',
    )
    .option(
      '--into <folder>',
      'where it is written (default: /etc/go-coffee-dr, for a cluster the folder of this program)',
    )
    .option('--name <name>', 'name of the environment: prefix in every repository', 'production')
    .option('--site <name>', 'name of the site (default: the host’s name, for a cluster the context)')
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
    .option('--postgres-password <file>', 'file (mode 0600) with the password of its superuser postgres')
    .option('--database <name>', 'its database with the application’s data, where it has several')
    .option('--redis <address>', 'socket or host:port of the Redis that is meant, where several run')
    .option('--redis-password <file>', 'file (mode 0600) with the password of Redis')
    .option('--context <name>', 'look at the cluster of this context instead, for a stack')
    .option('--kubeconfig <file>', 'with --context: the file that has it (default: ~/.kube/config)')
    .option('--stack <name>', 'with --context: name of the stack (default: the environment’s name)')
    .addOption(
      listOption(
        '--namespace <name>',
        'with --context: a namespace of the platform; several: repeat it',
        'all with workloads',
      ),
    )
    .addOption(
      verbatimListOption(
        '--endpoint <repository=url>',
        'with --context: the S3 server of a repository of the plan; several: repeat it',
        'none',
      ),
    )
    .option('--registry <prefix>', 'with --context: host and path of the images of this program')
    .addOption(
      listOption(
        '--take <field>',
        'where the file is there: take this difference into it, e.g. postgres.port, or all; several: repeat it, or use commas',
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
        'dr setup --context production --dry-run',
        'dr setup --context production --namespace shop,shop-data --endpoint primary=https://s3.example.com --yes',
      ),
    );

/** `--folder a=b`, as `check` has let it pass. */
export function pairs(given: readonly string[]): Map<string, string> {
  return new Map(
    given.map((each) => {
      const equals = each.indexOf('=');
      return [each.slice(0, equals), each.slice(equals + 1)] as const;
    }),
  );
}

/** The name of a host or a context, as a site may be called. */
export function asName(text: string): string {
  const plain = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .slice(0, 63);
  return plain.replaceAll(/^-+|-+$/g, '') || 'first';
}

export type SetupOptions = OptionsOf<typeof declaration>;
