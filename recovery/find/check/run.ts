/** `dr find --check`: between a moment at which a query was true and one at which it is not, the transaction that ended it. */
import type { Repository, Site } from '../../config/site.ts';
import { badInput, precondition } from '../../core/errors.ts';
import type { Progress } from '../../core/progress.ts';
import { type LineageWal, lineagesIn, openLineage } from '../../engines/pgbackrest/records/lineage.ts';
import { type WalReader, withWalReader } from '../../engines/pgbackrest/records/read.ts';
import type { Stretch } from '../../engines/pgbackrest/records/runs.ts';
import type { CatalogEntry } from '../../points/catalog/types.ts';
import { formatMicros, microsOf } from '../../points/moment.ts';
import { parseLsn } from '../../points/wal-segment.ts';
import { type SideEnd, withSide } from '../../workloads/postgres/side/instance.ts';
import { leaseOf, setBefore } from '../names.ts';
import { openSearched } from '../search.ts';
import { stretchesSince } from '../window.ts';
import { type Answer, ask, type Question } from './ask.ts';
import { type Commit, commitsBetween } from './commits.ts';

export interface CheckRequest extends Question {
  readonly from: Date;
  readonly to: Date;
  readonly repository?: string | undefined;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

export interface Asked {
  /** `just before 744`, `after 750` */
  readonly when: string;
  readonly lsn: string;
  /** ISO 8601 of the commit that it is before or after. */
  readonly at: string;
  readonly good: boolean;
  readonly said: string;
}

export interface CheckResult {
  readonly repository: string;
  readonly lineage: string;
  /** The transaction after which the check was not true any more. */
  readonly xid: string;
  readonly lsn: string;
  readonly at: string;
  /** Everything that was asked, in its order. */
  readonly asked: readonly Asked[];
  /** The newest point that lies before, and those that lie after; ids. */
  readonly clean?: string;
  readonly after: readonly string[];
}

/** Moments at which one instance is paused before another is begun from the last good one. */
const PAUSES = 8;

interface Search {
  readonly site: Site;
  readonly request: CheckRequest;
  readonly repository: Repository;
  readonly entries: readonly CatalogEntry[];
  readonly wal: LineageWal;
  readonly reader: WalReader;
  readonly stretch: Stretch;
  readonly asked: Asked[];
}

/** Just before `commits[0]` is -1; after `commits[n]` is n. */
function endAt(commits: readonly Commit[], n: number): SideEnd {
  const commit = commits[Math.max(n, 0)];
  if (commit === undefined) throw new RangeError(`there is no commit ${n}`);
  const { lsn, timeline } = commit;
  return { kind: 'lsn', timeline, lsn, inclusive: n >= 0 };
}

/** Throws `CHECK-WRONG-EARLY`, `CHECK-RIGHT-LATE`, `CHECK-WRITES` … (exit 2), and what a side instance says. */
export async function findByCheck(site: Site, request: CheckRequest): Promise<CheckResult> {
  const { repository, entries } = await openSearched(site, request.repository);
  const lineages = lineagesIn(entries).reverse();
  const began = ({ sets }: (typeof lineages)[number]): number => Math.min(...sets.map((s) => Date.parse(s.capturedAt)));
  const chosen = lineages.find((each) => began(each) <= request.from.getTime());
  if (chosen === undefined) throw beforeSets(repository, request, lineages.map(began));
  const wal = await openLineage(site, repository, chosen, request.signal);
  return withWalReader(wal.source, async (reader) => {
    const stretch = await stretchOf(wal, reader, request);
    return narrow({ site, request, repository, entries, wal, reader, stretch, asked: [] });
  });
}

function beforeSets({ id }: Repository, { from }: CheckRequest, begun: readonly number[]) {
  const first = begun.length === 0 ? '' : `; the first set ended at ${new Date(Math.min(...begun)).toISOString()}`;
  return badInput({
    code: 'TARGET-UNREACHABLE',
    where: `--between in ${id}`,
    fact: `${from.toISOString()} lies before every set${first}`,
    hint:
      begun.length === 0
        ? '`dr points` lists what there is'
        : `begin there: --between ${new Date(Math.min(...begun)).toISOString()} …`,
  });
}

/** One replay leads from the early end to the late one, so no segment may be missing between. */
async function stretchOf(wal: LineageWal, reader: WalReader, { from }: CheckRequest): Promise<Stretch> {
  const parts = await stretchesSince(wal, reader, microsOf(from));
  const [part, other] = parts;
  if (part !== undefined && other === undefined) {
    const whole = wal.stretches.find((stretch) => stretch.includes(part[0] ?? ''));
    return whole?.slice(whole.indexOf(part[0] ?? '')) ?? part;
  }
  throw precondition({
    code: 'WAL-MISSING',
    where: `${wal.lineage} in ${wal.source.where}`,
    fact:
      part === undefined ? 'it has no WAL of that time' : `WAL is missing after ${part.at(-1)}: no replay leads across`,
    hint: 'begin after the gap (--between), or name another repository with --repository',
  });
}

async function narrow(search: Search): Promise<CheckResult> {
  const { request, wal, reader, stretch } = search;
  const event = { step: 'find/check', title: 'read the commits between the two moments' };
  const onSegment = (detail: string): void => request.progress({ ...event, state: 'progress', detail });
  const between = { from: microsOf(request.from), to: microsOf(request.to) };
  let { commits, complete } = await commitsBetween(wal, reader, { stretch, between, onSegment });
  if (commits.length === 0)
    throw badInput({
      code: 'CHECK-NO-COMMIT',
      where: '--between',
      fact: `nothing was committed between ${request.from.toISOString()} and ${request.to.toISOString()}`,
      hint: 'name two moments that are further apart',
    });
  let [low, high] = [-1, commits.length - 1];
  for (let isFirst = true; ; isFirst = false) {
    [low, high] = await onePass(search, commits, { low, high, isFirst });
    const bad = commits[high];
    if (bad === undefined) throw new RangeError(`there is no commit ${high}`);
    if (high - low > 1) continue;
    if (complete || low < 0) return resultOf(search, bad);
    // Some were left out between the two: now all of those.
    const [good, end] = [commits[low], parseLsn(bad.lsn)];
    if (good === undefined) return resultOf(search, bad);
    const inner = await commitsBetween(wal, reader, {
      stretch,
      between: { after: parseLsn(good.lsn), before: end },
      onSegment,
    });
    commits = [good, ...inner.commits, bad];
    complete = inner.complete;
    [low, high] = [0, commits.length - 1];
    if (high - low <= 1) return resultOf(search, bad);
  }
}

interface Interval {
  readonly low: number;
  readonly high: number;
  readonly isFirst: boolean;
}

/** One side instance, from the last good moment on, until the check is not true. */
async function onePass(
  search: Search,
  commits: readonly Commit[],
  { low, high, isFirst }: Interval,
): Promise<[number, number]> {
  const { site, request, repository, entries, wal } = search;
  const begin = endAt(commits, low);
  const first = commits[Math.max(low, 0)];
  const set = first && setBefore(entries, { ...first, lineage: wal.lineage });
  if (set === undefined)
    throw beforeSets(
      repository,
      request,
      wal.sets.map(({ capturedAt }) => Date.parse(capturedAt)),
    );
  const event = { step: 'find/check', title: 'ask a side instance' };
  const report = (detail: string, fraction?: number): void =>
    request.progress({ ...event, state: 'progress', detail, ...(fraction === undefined ? {} : { fraction }) });
  const opened = {
    repository,
    capture: set,
    lease: leaseOf(repository, entries, set),
    end: begin,
    what: 'dr find --check',
    report,
    signal: request.signal,
  };
  return withSide(site, opened, async (side) => {
    if (isFirst) {
      const early = await ask(side, request);
      note(search, commits, low, early);
      if (!early.good) throw wrongEarly(request, early);
    }
    let good = low;
    for (let pause = 1; pause <= PAUSES && good < high; pause += 1) {
      const at = Math.min(high, low + Math.ceil(((high - low) * pause) / PAUSES));
      if (at <= good) continue;
      // The late end is known to be bad after the first pass.
      if (at === high && !isFirst) break;
      await side.advance(endAt(commits, at));
      const answer = await ask(side, request);
      note(search, commits, at, answer);
      if (!answer.good) return [good, at];
      good = at;
    }
    if (good === high) throw rightLate(request);
    return [good, high];
  });
}

function note({ asked }: Search, commits: readonly Commit[], n: number, { good, said }: Answer): void {
  const commit = commits[Math.max(n, 0)];
  if (commit === undefined) return;
  const when = `${n < 0 ? 'just before' : 'after'} transaction ${commit.xid}`;
  asked.push({ when, lsn: commit.lsn, at: formatMicros(commit.at), good, said });
}

function wrongEarly({ from }: CheckRequest, { said }: Answer) {
  return badInput({
    code: 'CHECK-WRONG-EARLY',
    where: '--between',
    fact: `the check was not true at ${from.toISOString()} already: ${said}`,
    hint: 'begin at an earlier moment, or correct the check',
  });
}

function rightLate({ to }: CheckRequest) {
  return badInput({
    code: 'CHECK-RIGHT-LATE',
    where: '--between',
    fact: `the check is still true at ${to.toISOString()}`,
    hint: 'end at a later moment, or correct the check',
  });
}

/** Points of that lineage by their sets: before the transaction, or after it. */
function resultOf({ repository, entries, wal, asked }: Search, bad: Commit): CheckResult {
  const sides = entries.flatMap(({ point }) => {
    const set = point.captures.find((c) => c.engine === 'pgbackrest' && c.lineage === wal.lineage);
    if (set?.engine !== 'pgbackrest') return [];
    return [{ id: point.id, before: parseLsn(set.lsnStop) <= parseLsn(bad.lsn) }];
  });
  const clean = sides.findLast(({ before }) => before)?.id;
  return {
    repository: repository.id,
    lineage: wal.lineage,
    xid: bad.xid,
    lsn: bad.lsn,
    at: formatMicros(bad.at),
    asked,
    ...(clean === undefined ? {} : { clean }),
    after: sides.filter(({ before }) => !before).map(({ id }) => id),
  };
}
