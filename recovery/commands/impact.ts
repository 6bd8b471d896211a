/** `dr impact` */
import { badInput } from '../core/errors.ts';
import { parseAcceptance } from '../impact/accept.ts';
import type { BeforeAndAfter, Declared } from '../impact/declared.ts';
import { impactMarkdown } from '../impact/markdown.ts';
import { readWritten } from '../impact/read.ts';
import { exitOf, impactOf } from '../impact/report.ts';
import type { Execute, ImpactOptions } from './command.ts';

/** What a preview would leave behind, or what an export holds. */
async function stateOf(file: string): Promise<Declared> {
  const written = await readWritten(file);
  return written.kind === 'preview' ? written.after : written.state;
}

async function sidesOf({ preview, before, after }: ImpactOptions): Promise<BeforeAndAfter> {
  const hint = 'write `dr impact preview.json`, or `dr impact --before A.json --after B.json`';
  const refused = (fact: string) => badInput({ code: 'USAGE', where: 'dr impact', fact, hint });
  if (preview !== undefined) {
    if (before !== undefined || after !== undefined) throw refused(`"${preview}" and --before or --after`);
    const written = await readWritten(preview);
    if (written.kind === 'preview') return written;
    throw refused(`"${preview}" is a stack export, and holds one side only`);
  }
  if (before === undefined || after === undefined) {
    throw refused(before === undefined && after === undefined ? 'nothing to compare' : 'one side only');
  }
  const [was, is] = await Promise.all([stateOf(before), stateOf(after)]);
  if (was.stack === is.stack || was.resources.length === 0 || is.resources.length === 0)
    return { before: was, after: is };
  throw refused(`"${before}" is of the stack ${was.stack} and "${after}" of ${is.stack}`);
}

/** Exit 4: something gets worse, and nobody has accepted it. */
export const impactCommand: Execute<ImpactOptions> = async (options) => {
  const acceptances = options.accept.map(parseAcceptance);
  const report = impactOf(await sidesOf(options), acceptances);
  return { kind: 'Impact', data: report, text: impactMarkdown(report), exit: exitOf(report) };
};
