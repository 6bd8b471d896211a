/** `dr find`: which transaction did it, read from the archived WAL; or when a check stopped being true. */
import { badInput } from '../../../recovery/core/errors.ts';
import { KINDS_OF_CHANGE, type KindOfChange } from '../../../recovery/find/classify.ts';
import { parseMoment } from '../../../recovery/points/target.ts';
import { parseTableName, type TableName } from '../../../recovery/restore/dump-list.ts';
import { type CommandResult, type SiteContext, siteCommand } from '../../command.ts';
import { openSite } from '../../open-site.ts';
import { declaration, type FindOptions } from './declaration.ts';

const DAY_MS = 86_400_000;

function misuse(fact: string, hint: string) {
  return badInput({ code: 'USAGE', where: 'find', fact, hint });
}

/** Throws exit 2. */
async function check(options: FindOptions): Promise<void> {
  kindsOf(options);
  tablesOf(options);
  const { check: asked, checkCommand, workload, between, markClean, by, what, table } = options;
  if ((checkCommand === undefined) !== (workload === undefined))
    throw misuse(
      '--check-command and --workload belong together',
      "--check-command 'test -s menu.json' --workload uploads",
    );
  if (asked !== undefined && checkCommand !== undefined)
    throw misuse('--check and --check-command can’t be combined', 'ask for one of them');
  if (asked === undefined && options.database !== undefined)
    throw misuse('--database belongs to --check', 'type --check "SELECT …" too');
  const isCheck = asked !== undefined || checkCommand !== undefined;
  if (!isCheck && (between !== undefined || markClean))
    throw misuse('--between and --mark-clean belong to a check', 'type --check "SELECT …" too');
  if (!isCheck) return;
  if (what.length > 0 || table.length > 0) throw misuse('a check and --what can’t be combined', 'ask for one of them');
  if (between !== undefined && between.length !== 2)
    throw misuse('--between wants two moments', '--between 2026-11-22T00:00:00Z 2026-11-23T00:00:00Z');
  if (markClean && (by ?? '').trim() === '')
    throw misuse('--mark-clean needs the name of the person who says so', '--mark-clean --by "Ada Lovelace"');
}

function kindsOf({ what }: FindOptions): KindOfChange[] {
  if (what.length === 0) return KINDS_OF_CHANGE.filter((kind) => kind !== 'ddl');
  return what.map((name) => {
    const known = KINDS_OF_CHANGE.find((kind) => kind === name);
    if (known === undefined) throw misuse(`--what "${name}" is not known`, `one of: ${KINDS_OF_CHANGE.join(', ')}`);
    return known;
  });
}

function tablesOf({ table }: FindOptions): TableName[] {
  return table.map((text) => {
    const name = parseTableName(text);
    if (name === undefined) throw misuse(`--table "${text}" has no schema`, 'type --table public.orders');
    return name;
  });
}

async function find(options: FindOptions, context: SiteContext): Promise<CommandResult> {
  const { checkCommand, workload } = options;
  if (checkCommand !== undefined && workload !== undefined)
    return (await import('./by-copies.ts')).findByCopies({ ...options, checkCommand, workload }, context);
  if (options.check !== undefined)
    return (await import('./by-check.ts')).findByCheck({ ...options, check: options.check }, context);
  const [
    { searchWal },
    { isReceived, searchReceived },
    { nameFindings },
    { checkTables },
    { flushWal },
    { findText, toData },
  ] = await Promise.all([
    import('../../../recovery/find/search.ts'),
    import('../../../recovery/find/received.ts'),
    import('../../../recovery/find/names.ts'),
    import('../../../recovery/find/known-tables.ts'),
    import('../../../recovery/restore/flush.ts'),
    import('./text.ts'),
  ]);
  const site = await openSite(context);
  const { progress, signal } = context;
  const now = context.now();
  const since =
    options.since === undefined ? new Date(now.getTime() - DAY_MS) : parseMoment(options.since, now, '--since');
  const late = options.archivedOnly ? undefined : await flushWal(site, progress);
  const until = options.until === undefined ? context.now() : parseMoment(options.until, now, '--until');
  if (until <= since)
    throw misuse(`${since.toISOString()} is not before ${until.toISOString()}`, 'turn --since and --until round');
  const request = {
    what: kindsOf(options),
    tables: tablesOf(options),
    since,
    until,
    minRows: options.minRows,
    repository: options.repository,
    progress,
    signal,
  };
  const received = isReceived(site);
  if (received && options.repository !== undefined)
    throw misuse('--repository is for archived WAL; that of external.postgres lies on this host', 'leave it out');
  const searched = await (received ? searchReceived : searchWal)(site, request);
  const { findings, notes } = await nameFindings(site, searched, { from: options.names, request });
  const doubts = checkTables({ request, findings, searched });
  const result = { ...searched, findings, notes: [...(late === undefined ? [] : [late]), ...notes, ...doubts] };
  return { kind: 'Findings', data: toData(result, request), text: findText(result, request) };
}

export const declare = siteCommand({ declare: declaration, check, run: find });
