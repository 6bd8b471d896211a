/** Restores all of a point into a scratch folder and checks it as a real restore would: nothing else proves that a copy can be restored. */
import { join } from 'node:path';
import { isConfigured } from '../../config/selection.ts';
import type { Repository, Site } from '../../config/site.ts';
import { asDrError, isBug, rethrowBug } from '../../core/as-dr-error.ts';
import { type DrError, EXIT, messageOf } from '../../core/errors.ts';
import { accountName } from '../../core/holder.ts';
import type { Progress } from '../../core/progress.ts';
import { requireEngine } from '../../engines/find.ts';
import { goodEntries } from '../../points/catalog/good.ts';
import type { Catalog, CatalogEntry } from '../../points/catalog/types.ts';
import { resolveTarget } from '../../points/resolve/resolve.ts';
import { enginesOf, typeOfItem } from '../../workloads/registry.ts';
import { type RestoreItem, setTypeOf, snapshotTypeOf } from '../../workloads/restore-plan.ts';
import { type Check, nothingCompared } from '../../workloads/restore-step.ts';
import { checkRoom, makeScratch } from '../../workloads/scratch.ts';
import type { Scratch, TrialResult } from '../../workloads/workload.ts';
import type { DeepResult, Finding } from '../types.ts';
import { recordTrial } from './turn.ts';

export interface DeepRequest {
  readonly repository: Repository;
  readonly catalog: Catalog;
  /** Oldest first. */
  readonly entries: readonly CatalogEntry[];
  /** Those of the whole catalog: one of them bears the record. */
  readonly all: readonly CatalogEntry[];
  readonly point: string;
  readonly now: Date;
  readonly folder: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Ids of the workloads to restore; undefined: all. */
  readonly only?: readonly string[] | undefined;
}

/**
 * The newest point of all workloads that a restore would take; the newest of all where there is none. A full run with a failed workload
 * counts: the rest of it must be tried too.
 */
export function pointToTry(entries: readonly CatalogEntry[], now = new Date()): string | undefined {
  const good = goodEntries(entries, now);
  const wanted = ({ point }: CatalogEntry) =>
    point.complete || (point.failed !== undefined && point.pointKind === 'full');
  return (good.findLast(wanted) ?? good.at(-1))?.point.id;
}

/** What a restore of the point would bring back: its own captures, and for what it lacks the newest before it. */
function itemsOf(
  site: Site,
  request: DeepRequest,
  folder: string,
): { readonly items: RestoreItem[]; readonly missing: readonly string[]; readonly others: readonly string[] } {
  const { repository, entries, point, now, only } = request;
  const configured = site.plan.workloads.filter((workload) => isConfigured(site.environment, workload));
  const workloads = configured.filter(({ id }) => only === undefined || only.includes(id));
  const others = configured.filter((each) => !workloads.includes(each)).map(({ id }) => id);
  const resolution = resolveTarget({
    repository: repository.id,
    entries,
    target: { kind: 'point', id: point },
    workloads: workloads.map(({ id }) => id),
    now,
  });
  const items = resolution.items.flatMap((found): RestoreItem[] => {
    const workload = workloads.find(({ id }) => id === found.workload);
    if (workload === undefined) return [];
    const { id, title, tier } = workload;
    const { capture, point: from, skewSeconds } = found;
    const place = { destination: join(folder, id), state: 'absent' as const };
    const common = { workload: id, title, tier, point: from, skewSeconds, ...place };
    if (capture.engine === 'restic') return [{ ...common, type: snapshotTypeOf(workload), capture }];
    // A trial replays no further than the set needs.
    const end = { kind: 'immediate' as const, timeline: capture.timeline };
    return [{ ...common, type: setTypeOf(workload), capture, end, walLast: capture.walStop }];
  });
  return { items, missing: resolution.missing, others };
}

/** A restore of the point would lack these workloads, so the point is not marked verified. */
function notHeld({ repository, point }: DeepRequest, missing: readonly string[]): Finding[] {
  return missing.map((workload) => ({
    repository: repository.id,
    area: workload,
    severity: 'note',
    code: 'WORKLOAD-NOT-HELD',
    what: `${workload} in ${point}`,
    fact: 'neither this point nor an earlier one holds a copy of it',
    hint: 'dr backup --kind full; the point is marked verified only with all workloads of the environment file',
    points: [],
  }));
}

async function tryItem(site: Site, request: DeepRequest, scratch: Scratch, item: RestoreItem): Promise<TrialResult> {
  const { repository, progress, signal } = request;
  const event = { step: `verify/${repository.id}/deep/${item.workload}`, title: `${repository.id}: try ${item.title}` };
  const report = (detail: string, fraction?: number): void =>
    progress({ ...event, tier: item.tier, state: 'progress', detail, ...(fraction === undefined ? {} : { fraction }) });
  progress({ ...event, tier: item.tier, state: 'start' });
  try {
    const trial = await typeOfItem(item).trial(site, { repository, scratch, report, signal });
    if (trial.checks.length === 0) throw nothingCompared(item.workload);
    progress({ ...event, tier: item.tier, state: 'done' });
    return trial;
  } catch (error) {
    progress({ ...event, tier: item.tier, state: 'failed', detail: messageOf(error) });
    throw error;
  }
}

function failure(request: DeepRequest, item: RestoreItem, error: DrError): Finding {
  return {
    repository: request.repository.id,
    area: item.workload,
    severity: 'wrong',
    code: error.code,
    what: `trial restore of ${item.workload} (${request.point})`,
    fact: `${error.where}: ${error.fact}`,
    hint: error.hint,
    points: [...new Set([request.point, item.point])],
  };
}

const SAYS_NOTHING: ReadonlySet<number> = new Set([EXIT.usage, EXIT.interrupted, EXIT.locked]);
/** What the scratch place can't take is no damage of the copy. */
const OF_THIS_HOST: ReadonlySet<string> = new Set([
  ...['DISK-FULL', 'DISK-READ-ONLY', 'TARGET-REFUSES'],
  ...['FILES-LIMIT', 'PROCESS-LIMIT', 'MEMORY-FULL'],
]);

/**
 * A key that is missing, an engine that is not installed or too little disk is thrown (exit 2 and 6, or 1 once it is full): it says
 * nothing of the copy.
 * Everything else is a finding, and the next workload is tried.
 */
export async function deepVerify(
  site: Site,
  request: DeepRequest,
): Promise<{ result: DeepResult; findings: Finding[] }> {
  const begun = performance.now();
  const folder = join(request.folder, 'deep');
  const { items, missing, others } = itemsOf(site, request, folder);
  for (const name of enginesOf(items.map(typeOfItem))) await requireEngine(name, site.run);
  const scratch = await makeScratch(site, folder).catch((error: unknown) => {
    rethrowBug(error);
    throw asDrError(error, folder);
  });
  const findings: Finding[] = notHeld(request, missing);
  const checks: Check[] = [];
  const [restored, failed]: [RestoreItem[], RestoreItem[]] = [[], []];
  let [tables, rows] = [0, 0];
  try {
    await checkRoom(scratch, Math.max(0, ...items.map(({ capture }) => capture.bytes)));
    for (const item of items) {
      request.signal?.throwIfAborted();
      try {
        const trial = await tryItem(site, request, scratch, item);
        tables += trial.tables ?? 0;
        rows += trial.rows ?? 0;
        checks.push(...trial.checks);
        const wrong = trial.checks.filter(({ ok }) => !ok);
        findings.push(...wrong.map((check) => differs(request, item, check)));
        (wrong.length === 0 ? restored : failed).push(item);
      } catch (error) {
        const known = asDrError(error, `workload ${item.workload}`);
        if (isBug(known) || SAYS_NOTHING.has(known.exit) || OF_THIS_HOST.has(known.code)) throw known;
        findings.push(failure(request, item, known));
        failed.push(item);
      }
    }
  } finally {
    await scratch.remove();
  }
  const marked = findings.length === 0 && items.length > 0 && others.length === 0;
  const bytes = restored.reduce((sum, { capture }) => sum + capture.bytes, 0);
  const ids = (of: readonly RestoreItem[]): string[] => of.map(({ workload }) => workload);
  const tried = { well: ids(restored), failed: ids(failed), bytes };
  if (marked) await request.catalog.mark(request.point, 'verified', accountName(), 'restored by `dr verify --deep`');
  else await recordTrial(site, request.catalog, { ...tried, entries: request.all });
  const seconds = (performance.now() - begun) / 1000;
  const turn = others.length === 0 ? {} : { otherTurns: others };
  const came = { restored: tried.well, failed: tried.failed, bytes, ...turn };
  return { result: { point: request.point, checks, tables, rows, seconds, ...came, marked }, findings };
}

function differs(request: DeepRequest, item: RestoreItem, check: Check): Finding {
  return {
    repository: request.repository.id,
    area: item.workload,
    severity: 'wrong',
    code: 'VERIFICATION-FAILED',
    what: `trial restore of ${item.workload} (${request.point})`,
    fact: `${check.title}: expected ${check.expected}, found ${check.actual}`,
    hint: 'restore from another point or repository (`dr points`)',
    points: [...new Set([request.point, item.point])],
  };
}
