/** `dr find --check`: when did a query stop being true. */
import { postgresSettings } from '../../../recovery/config/environment.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import type { CheckResult } from '../../../recovery/find/check/run.ts';
import { parseMoment } from '../../../recovery/points/target.ts';
import { formatExactTime } from '../../../recovery/report/format.ts';
import { table } from '../../../recovery/report/table.ts';
import type { CommandResult, SiteContext } from '../../command.ts';
import { openSite } from '../../open-site.ts';
import type { FindOptions } from './declaration.ts';
import { markClean } from './mark-clean.ts';

const DAY_MS = 86_400_000;

type CheckOptions = FindOptions & { readonly check: string };

export async function findByCheck(options: CheckOptions, context: SiteContext): Promise<CommandResult> {
  const [{ findByCheck: search }, { flushWal }] = await Promise.all([
    import('../../../recovery/find/check/run.ts'),
    import('../../../recovery/restore/flush.ts'),
  ]);
  const site = await openSite(context);
  const { progress, signal } = context;
  const now = context.now();
  const [early, late] = options.between ?? [];
  const from = early === undefined ? new Date(now.getTime() - DAY_MS) : parseMoment(early, now, '--between');
  if (!options.archivedOnly) await flushWal(site, progress);
  const to = late === undefined ? context.now() : parseMoment(late, context.now(), '--between');
  const database = options.database ?? postgresSettings(site.environment).database;
  const request = { sql: options.check, database, from, to, repository: options.repository, progress, signal };
  const result = await search(site, request);
  const { repository, clean, xid } = result;
  const found = { repository, point: clean, note: `dr find --check: lies before transaction ${xid}` };
  const marked = options.markClean ? await markClean(site, found, options.by ?? '') : undefined;
  return {
    kind: 'CleanMoment',
    data: { ...result, target: `before:${result.xid}`, ...(marked === undefined ? {} : { marked }) },
    text: [resultText(result), ...(marked?.lines ?? [])].join('\n'),
    exit: exitFor({ partial: marked !== undefined && !marked.ok }),
  };
}

function resultText({ asked, xid, at, lsn, clean, after, repository }: CheckResult): string {
  const rows = asked.map((each) => [
    each.when,
    formatExactTime(each.at),
    each.lsn,
    each.good ? 'true' : 'NOT TRUE',
    each.said,
  ]);
  return [
    table(['asked', 'committed', 'LSN', 'check', 'answer'], rows),
    `it stopped being true with transaction ${xid}, committed at ${formatExactTime(at)} (${lsn})`,
    `the newest clean moment is just before it: dr restore --to before:${xid}`,
    clean === undefined ? `no point of ${repository} lies before it` : `the newest point before it: ${clean}`,
    ...after.map((id) => `lies after it: ${id}; if that is no accident: dr points mark ${id} compromised`),
  ].join('\n');
}
