/** Options of `dr rebuild`. */
import { Command } from '@commander-js/extra-typings';
import type { OptionsOf } from '../../command.ts';
import { confirmOption, dryRunOption, examples, listOption, verbatimListOption } from '../../flags.ts';

const MANIFESTS = 'manifests: Kind, Kind/name, a service or a tier; several: repeat it, or use commas';

export const declaration = () =>
  new Command('rebuild')
    .description(
      'Rebuild the platform as a fresh stack from a recovery point: resolve, preview, confirm, bring up tier by tier, verify, report.',
    )
    .requiredOption('--stack <name>', 'the stack; it is created when it is missing')
    .option('--to <target>', 'latest, a point’s id, or a time with a zone')
    .option('--from <repository>', 'repository to read (default: the plan’s first in S3)')
    .option('--like <stack>', 'copy this stack’s config, and its secrets as far as its state is there')
    .addOption(
      verbatimListOption(
        '--set <key=value>',
        'a key of the config, e.g. cluster.context=dr-lab; several: repeat it',
        'none',
      ),
    )
    .option('--keys <file>', 'an escrow file: repositories, passphrases, credentials, the plan')
    .option('--identity <file>', 'with --keys: file with the AGE-SECRET-KEY of a recipient')
    .addOption(listOption('--only <what>', `only these ${MANIFESTS}`, 'every manifest of the point'))
    .addOption(listOption('--exclude <what>', `not these ${MANIFESTS}`, 'none'))
    .addOption(
      listOption('--detach <repository>', 'a repository that is unreachable: nothing is written to it for now', 'none'),
    )
    .option('--rotate-secrets', 'new values for what the plan calls rotatable: after a breach', false)
    .option('--harden', 'apply the plan’s additional security measures to the restored manifests', false)
    .option('--keep-going', 'skip what fails, and rebuild the rest (exit 3)', false)
    .option('--declared-at <time>', 'when the disaster was declared; the RTO clock starts there (default: now)')
    .option('--report <dir>', 'where the reports are written', 'rebuild-report')
    .option('--teardown', 'destroy a stack that a rebuild made: its objects and data, and the stack itself', false)
    .addOption(
      listOption(
        '--include <object>',
        'with --teardown: also this object, which would stay, e.g. StorageClass/fast; several: repeat it, or use commas',
        'none',
      ),
    )
    .addOption(dryRunOption())
    .addOption(confirmOption('the stack’s name'))
    .addHelpText(
      'after',
      examples(
        'dr rebuild --stack fresh --to latest --from secondary --like production --set cluster.context=eu --dry-run',
        'dr rebuild --stack fresh --to 2026-11-23T01:59:00Z --from primary --like production --confirm fresh',
        'dr rebuild --stack fresh --to latest --from secondary --keys go-coffee.age --identity escrow.key --like production',
        'dr rebuild --stack clean --to 20261123T020000Z-full-7f3a --like production --rotate-secrets --harden',
        'dr rebuild --teardown --stack fresh --dry-run',
        'dr rebuild --teardown --stack fresh --include StorageClass/fast --confirm fresh,StorageClass/fast',
      ),
    );

export type RebuildOptions = OptionsOf<typeof declaration>;
export type TargetedOptions = RebuildOptions & { readonly to: string };
