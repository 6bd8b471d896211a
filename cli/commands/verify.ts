/** `dr verify` */
/** `dr verify` and `dr prune`: is what we hold any good, and what may go. */
import { Option } from 'commander';
import { openSite } from '../../recovery/config/site.ts';
import { exitOf, verifyRepositories } from '../../recovery/verify/run.ts';
import { verifyText } from '../../recovery/verify/text.ts';
import type { VerifyReport } from '../../recovery/verify/types.ts';
import type { Declare, Execute, SiteOptions } from '../command.ts';
import { examples, numberBetween, repositoriesOption } from '../flags.ts';

export interface VerifyOptions extends SiteOptions {
  readonly deep: boolean;
  readonly repository: readonly string[];
  /** Percent of the stored data that is read back, 0 to 100. */
  readonly readData: number;
  /** A point's id. @default the newest */
  readonly point?: string;
}

function toData(report: VerifyReport): unknown {
  const repositories = report.repositories.map(({ error, ...rest }) =>
    error === undefined ? rest : { ...rest, error: { code: error.code, fact: error.fact, hint: error.hint } },
  );
  return { ...report, repositories };
}

/** Exit 5: something is wrong. Exit 2: a key is missing or wrong. Exit 3: a repository could not be asked, the others are fine. */
export const verifyCommand: Execute<VerifyOptions> = async (options, context) => {
  const { deep, readData, repository, point } = options;
  const { progress, signal, now } = context;
  const site = await openSite(options.env, context.log);
  const request = { deep, readData, point, now: now(), progress, signal };
  const report = await verifyRepositories(site, repository, request);
  return {
    kind: 'Verification',
    data: toData(report),
    text: verifyText(report),
    exit: exitOf(report.repositories),
  };
};

export const declareVerify: Declare = (program, action) => {
  const command = program
    .command('verify')
    .description(
      'Check the repositories: catalog chain, checksums, WAL without gaps; with --deep by a scratch restore.',
    )
    .option('--deep', 'restore to a scratch folder, start it, and ask the data', false)
    .addOption(repositoriesOption())
    .addOption(
      new Option('--read-data <percent>', 'part of the stored data to read back')
        .argParser(numberBetween(0, 100, 'a percentage from 0 to 100, e.g. 10'))
        .default(10),
    )
    .option('--point <id>', 'the point to verify (default: the newest complete one)')
    .action(action(async () => (await import('./verify.ts')).verifyCommand));
  examples(command, ['dr verify', 'dr verify --deep --repository secondary', 'dr verify --read-data 100']);
};
