/** `dr rebuild`: a fresh platform from a recovery point, by the engine of the stacks. */
import { Option } from 'commander';
import { badInput } from '../core/errors.ts';
import { confirmOption, dryRunOption, examples, listOption } from './flags.ts';
import type { Declare } from './program.ts';

interface Typed {
  readonly to?: string;
  readonly teardown: boolean;
  readonly keys?: string;
  readonly identity?: string;
  readonly dryRun: boolean;
}

function misuse(fact: string, hint: string): Error {
  return badInput({ code: 'USAGE', where: 'rebuild', fact, hint });
}

/** What can be told from the flags alone. */
function checkRebuild({ to, teardown, keys, identity, dryRun }: Typed): void {
  if (teardown && to !== undefined) {
    throw misuse('--teardown and --to say two things', 'leave out --to to end the stack, or --teardown to make it');
  }
  if (teardown && dryRun) throw misuse('--teardown has no dry run', 'without --confirm it says what goes, and asks');
  if (!teardown && (to === undefined || to.trim() === '')) {
    const hint = 'type --to latest, --to 20261123T020000Z-full-7f3a or --to 2026-11-23T01:59:00Z';
    throw misuse('no recovery target', hint);
  }
  if (identity !== undefined && keys === undefined) {
    throw misuse('--identity without --keys', 'name the escrow file that it opens: --keys FILE');
  }
}

/** As it was typed: a value may hold commas. */
function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

const NOT_ALL = 'captured objects: Kind, Kind/name, a service or a tier; several: repeat it, or use commas';

export const declareRebuild: Declare = (program, action) => {
  const command = program
    .command('rebuild')
    .description(
      'Rebuild the platform as a fresh stack from a recovery point: resolve, preview, ask, bring up tier by tier, verify, report.',
    )
    .requiredOption('--stack <name>', 'the stack; it is made where it is missing')
    .option('--to <target>', 'latest, a point’s id, or a time with a zone')
    .option('--from <repository>', 'repository to read (default: the plan’s first in S3)')
    .option('--like <stack>', 'copy this stack’s config, and its secrets as far as its state is there')
    .addOption(
      new Option('--set <key=value>', 'a key of the config, e.g. cluster.context=dr-lab; several: repeat it')
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--keys <file>', 'an escrow file: repositories, passphrases, credentials, the plan')
    .option('--identity <file>', 'with --keys: file with the AGE-SECRET-KEY of a recipient')
    .addOption(listOption('--only <what>', `nothing but these ${NOT_ALL}`, 'all that was captured'))
    .addOption(listOption('--exclude <what>', `not these ${NOT_ALL}`, 'none'))
    .addOption(
      listOption('--detach <repository>', 'a repository that is away: nothing is written to it for now', 'none'),
    )
    .option('--rotate-secrets', 'new values for what the plan calls rotatable: after a breach', false)
    .option('--harden', 'lay the plan’s additional security measures over what was captured', false)
    .option('--keep-going', 'set aside what fails, and go on with the rest (exit 3)', false)
    .option('--declared-at <time>', 'when the disaster was declared; the RTO clock starts there (default: now)')
    .option('--report <dir>', 'where the reports go', 'rebuild-report')
    .option('--teardown', 'end a stack that a rebuild has made: everything in it, and the stack itself', false)
    .addOption(dryRunOption())
    .addOption(confirmOption('the stack’s name'))
    .action((...given: unknown[]) => {
      checkRebuild(given[0] as Typed);
      const load = async () => (await import('../commands/rebuild.ts')).rebuildCommand;
      return action(load, { needsSite: false })(...given);
    });
  examples(command, [
    'dr rebuild --stack fresh --to latest --from secondary --like production --set cluster.context=eu --dry-run',
    'dr rebuild --stack fresh --to 2026-11-23T01:59:00Z --from primary --like production --confirm fresh',
    'dr rebuild --stack fresh --to latest --from secondary --keys go-coffee.age --identity escrow.key --like production',
    'dr rebuild --stack clean --to 20261123T020000Z-full-7f3a --like production --rotate-secrets --harden',
    'dr rebuild --teardown --stack fresh',
  ]);
};
