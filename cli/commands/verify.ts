/** `dr verify`: can what the repositories hold be trusted. */
import { Command, Option } from '@commander-js/extra-typings';
import { exitFor } from '../../recovery/core/exit.ts';
import type { Reading } from '../../recovery/verify/reading/reading.ts';
import type { RepositoryReport, VerifyReport } from '../../recovery/verify/types.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../command.ts';
import { examples, numberBetween, repositoriesOption } from '../flags.ts';
import { openSite } from '../open-site.ts';

const declaration = () =>
  new Command('verify')
    .description(
      'Check the repositories: catalog chain, checksums, WAL without gaps; with --deep by a scratch restore.',
    )
    .option('--deep', 'restore to a scratch folder, start it, and query the data', false)
    .addOption(repositoriesOption())
    .addOption(
      new Option('--read-data <percent>', 'part of the stored data to read back')
        .argParser(numberBetween(0, 100, 'a percentage from 0 to 100, e.g. 10'))
        .default(10),
    )
    .addOption(
      new Option(
        '--scheduled',
        'read back what is new, and the part of the rest that is due (safeguards.readAll); with --deep restore those whose turn it is',
      ).conflicts(['readData', 'all']),
    )
    .addOption(new Option('--all', 'read back everything').conflicts('readData'))
    .option('--point <id>', 'the point to verify (default: the newest complete one)')
    .addHelpText(
      'after',
      examples(
        'dr verify',
        'dr verify --deep --repository secondary',
        'dr verify --scheduled',
        'dr verify --deep --scheduled',
        'dr verify --all',
      ),
    );

/** Exit 1: a bug of `dr` ended it. Exit 5: data is wrong. Exit 2: a key is missing or wrong. Exit 3: a repository is unreachable, the others are fine. */
export async function verify(options: OptionsOf<typeof declaration>, context: SiteContext): Promise<CommandResult> {
  const [{ verifyRepositories }, { verifyText }] = await Promise.all([
    import('../../recovery/verify/run.ts'),
    import('../../recovery/verify/text.ts'),
  ]);
  const { deep, repository, point } = options;
  const reading: Reading =
    options.scheduled === true
      ? { kind: 'scheduled' }
      : { kind: 'percent', percent: options.all === true ? 100 : options.readData };
  const { progress, signal, now } = context;
  const site = await openSite(context);
  const request = { deep, reading, point, now: now(), progress, signal };
  const report = await verifyRepositories(site, repository, request);
  const has = (status: RepositoryReport['status']): boolean =>
    report.repositories.some((each) => each.status === status);
  return {
    kind: 'Verification',
    data: toData(report),
    text: verifyText(report),
    exit: exitFor({
      failure: has('failed'),
      verificationFailed: has('wrong'),
      usage: has('unusable'),
      partial: has('unreachable'),
    }),
  };
}

function toData(report: VerifyReport): unknown {
  const repositories = report.repositories.map(({ error, ...rest }) =>
    error === undefined ? rest : { ...rest, error: { code: error.code, fact: error.fact, hint: error.hint } },
  );
  return { ...report, repositories };
}

export const declare = siteCommand({ declare: declaration, run: verify });
