/** `dr verify` */
import { openSite } from '../config/site.ts';
import { exitOf, verifyRepositories } from '../verify/run.ts';
import { verifyText } from '../verify/text.ts';
import type { VerifyReport } from '../verify/types.ts';
import type { Execute, VerifyOptions } from './command.ts';

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
