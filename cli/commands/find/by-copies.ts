/** `dr find --check-command`: between which two copies of files, or of Redis, a command stopped being true. */
import { presentRepositories } from '../../../recovery/config/repositories.ts';
import { namedWorkloads } from '../../../recovery/config/selection.ts';
import type { Repository, Site } from '../../../recovery/config/site.ts';
import { badInput, precondition } from '../../../recovery/core/errors.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import type { CopiesResult } from '../../../recovery/find/copies/run.ts';
import { parseMoment } from '../../../recovery/points/target.ts';
import { formatExactTime } from '../../../recovery/report/format.ts';
import { table } from '../../../recovery/report/table.ts';
import type { CommandResult, SiteContext } from '../../command.ts';
import { openSite } from '../../open-site.ts';
import type { FindOptions } from './declaration.ts';
import { markClean } from './mark-clean.ts';

const DAY_MS = 86_400_000;

type CopiesOptions = FindOptions & { readonly checkCommand: string; readonly workload: string };

function repositoryOf(site: Site, named: string | undefined): Repository {
  if (named !== undefined) return site.repository(named);
  const first = presentRepositories(site).find(({ exported }) => exported !== true);
  if (first !== undefined) return first;
  throw precondition({
    code: 'REPOSITORY-NONE',
    where: 'repositories',
    fact: 'none of them can be asked',
    hint: 'name one: --repository ID',
  });
}

export async function findByCopies(options: CopiesOptions, context: SiteContext): Promise<CommandResult> {
  const { findInCopies } = await import('../../../recovery/find/copies/run.ts');
  const site = await openSite(context);
  const [workload] = namedWorkloads(site.plan, [options.workload], '--workload');
  if (workload === undefined || workload.type === 'postgres')
    throw badInput({
      code: 'USAGE',
      where: '--workload',
      fact: `"${options.workload}" has no copies that are folders`,
      hint: 'for the database: dr find --check "SELECT …"',
    });
  const now = context.now();
  const [early, late] = options.between ?? [];
  const result = await findInCopies(site, {
    workload,
    command: options.checkCommand,
    from: early === undefined ? new Date(now.getTime() - DAY_MS) : parseMoment(early, now, '--between'),
    to: late === undefined ? now : parseMoment(late, now, '--between'),
    repository: repositoryOf(site, options.repository),
    progress: context.progress,
    signal: context.signal,
  });
  const note = `dr find --check-command: true for ${workload.id}, and not for ${result.firstBad.point}`;
  const { repository, clean } = result;
  const marked = options.markClean
    ? await markClean(site, { repository, point: clean.point, note }, options.by ?? '')
    : undefined;
  return {
    kind: 'CleanCopy',
    data: { ...result, target: clean.point, ...(marked === undefined ? {} : { marked }) },
    text: [resultText(result), ...(marked?.lines ?? [])].join('\n'),
    exit: exitFor({ partial: marked !== undefined && !marked.ok }),
  };
}

function resultText({ asked, clean, firstBad, after, workload, repository }: CopiesResult): string {
  const rows = asked.map((each) => [each.point, formatExactTime(each.at), each.good ? 'true' : 'NOT TRUE', each.said]);
  return [
    table(['asked', 'copy of', 'check', 'answer'], rows),
    `it stopped being true between ${formatExactTime(clean.at)} and ${formatExactTime(firstBad.at)}`,
    `the newest clean copy: dr restore --to ${clean.point} --only ${workload} --from ${repository}`,
    ...after.map((id) => `lies after it: ${id}; if that is no accident: dr points mark ${id} compromised`),
  ].join('\n');
}
