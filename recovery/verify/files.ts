/** restic's copies in one repository: the snapshots that points name, restic's own check, and what damage costs in files. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Repository, Site } from '../config/site.ts';
import { DrError, EXIT, messageOf, verificationFailed } from '../core/errors.ts';
import type { Progress } from '../core/progress.ts';
import { type CheckResult, checkRepository } from '../engines/restic/check.ts';
import { type Loss, lossOf } from '../engines/restic/loss.ts';
import type { Snapshot } from '../engines/restic/output.ts';
import { listPacks } from '../engines/restic/packs.ts';
import { openRestic, type Restic } from '../engines/restic/restic.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import type { ResticCapture } from '../points/point.ts';
import { plural } from '../report/format.ts';
import { readByRestic, readScheduledPacks } from './reading/packs.ts';
import type { KnownReading, PacksRead } from './reading/reading.ts';
import type { Finding } from './types.ts';

export interface FilesRequest {
  readonly repository: Repository;
  readonly entries: readonly CatalogEntry[];
  readonly reading: KnownReading;
  /** Private; the caller removes it. */
  readonly folder: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

interface Named {
  readonly capture: ResticCapture;
  readonly points: string[];
}

const ELSEWHERE = 'restore it from another repository (--from), or from a point before';
const REPAIR =
  'what is whole elsewhere: --from. To fix this one: bring the packs back (versions of the bucket, a copy of the disk), or run restic’s `rebuild-index` and then `dr backup --kind full`';

function namedSnapshots(entries: readonly CatalogEntry[]): Map<string, Named> {
  const named = new Map<string, Named>();
  for (const { point } of entries) {
    for (const capture of point.captures) {
      if (capture.engine !== 'restic') continue;
      const known = named.get(capture.snapshot);
      named.set(capture.snapshot, { capture, points: [...(known?.points ?? []), point.id] });
    }
  }
  return named;
}

/** Snapshots that points name and that are gone, or that are not what the point remembers. */
function snapshotFindings(
  repository: string,
  named: ReadonlyMap<string, Named>,
  there: readonly Pick<Snapshot, 'id' | 'tree'>[],
): Finding[] {
  const trees = new Map(there.map(({ id, tree }) => [id, tree]));
  return [...named].flatMap(([id, { capture, points }]): Finding[] => {
    const tree = trees.get(id);
    if (tree === capture.digest) return [];
    const common = { repository, area: capture.workload, severity: 'wrong', points, hint: ELSEWHERE } as const;
    const what = `snapshot ${id.slice(0, 8)}`;
    if (tree === undefined)
      return [
        { ...common, code: 'SNAPSHOT-MISSING', what, fact: `of ${capture.workload} is not there, or can't be read` },
      ];
    const fact = `of ${capture.workload} has the root ${tree.slice(0, 8)}; the point remembers ${capture.digest.slice(0, 8)}`;
    return [{ ...common, code: 'SNAPSHOT-DIFFERS', what, fact }];
  });
}

const SHOWN = 20;

function shortened(all: readonly string[]): string {
  const more = all.length > SHOWN ? `\nand ${all.length - SHOWN} more` : '';
  return `${all.slice(0, SHOWN).join('\n')}${more}`;
}

/** A finding for each workload that lost something, with the paths. */
function lossFindings(repository: string, named: ReadonlyMap<string, Named>, losses: readonly Loss[]): Finding[] {
  const workloads = new Map<string, { paths: Set<string>; snapshots: string[]; points: Set<string> }>();
  for (const { snapshot, whole, paths } of losses) {
    const entry = named.get(snapshot);
    if (entry === undefined) continue;
    const { workload, path } = entry.capture;
    const own = workloads.get(workload) ?? { paths: new Set(), snapshots: [], points: new Set() };
    for (const lost of whole ? [`${path}/ (everything)`] : paths) own.paths.add(lost);
    for (const point of entry.points) own.points.add(point);
    own.snapshots.push(snapshot.slice(0, 8));
    workloads.set(workload, own);
  }
  return [...workloads].map(([workload, { paths, snapshots, points }]) => ({
    repository,
    area: workload,
    severity: 'wrong',
    code: 'FILES-LOST',
    what: `${plural(snapshots.length, 'snapshot')} of ${workload} (${shortened(snapshots).replaceAll('\n', ', ')})`,
    fact: `${plural(paths.size, 'path')} can't be restored from here:\n${shortened([...paths].sort())}`,
    hint: ELSEWHERE,
    points: [...points].sort(),
  }));
}

/** restic's own words for damage that is not in a pack. */
function otherFindings(repository: string, result: CheckResult): Finding[] {
  const common = { repository, area: 'restic', points: [] } as const;
  const others = result.others.map(
    (fact): Finding => ({
      ...common,
      severity: 'wrong',
      code: 'RESTIC-DAMAGED',
      what: 'restic repository',
      fact,
      hint: REPAIR,
    }),
  );
  const packs = result.packs.map(({ pack, fact }) => `${pack}: ${fact}`);
  const lost: Finding[] =
    packs.length === 0
      ? []
      : [
          {
            ...common,
            severity: 'wrong',
            code: 'PACK-DAMAGED',
            what: plural(packs.length, 'pack'),
            fact: `missing or damaged:\n${shortened(packs)}`,
            hint: REPAIR,
          },
        ];
  const trees: Finding[] =
    result.trees.length === 0
      ? []
      : [
          {
            ...common,
            severity: 'wrong',
            code: 'TREE-DAMAGED',
            what: plural(result.trees.length, 'folder listing'),
            fact: `can't be read: ${shortened(result.trees.map((t) => t.slice(0, 8))).replaceAll('\n', ', ')}`,
            hint: REPAIR,
          },
        ];
  const early: Finding[] = result.complete
    ? []
    : [
        {
          ...common,
          severity: 'note',
          code: 'CHECK-INCOMPLETE',
          what: 'restic check',
          fact: 'was ended early, because packs are missing: more may be damaged',
          hint: 'fix that, then verify again',
        },
      ];
  return [...lost, ...trees, ...others, ...early];
}

/** The repository itself can't be read, so no snapshot of it can: whoever named one learns that. */
function unreadable(repository: string, named: ReadonlyMap<string, Named>, error: DrError): Finding {
  const { code, where, fact, hint } = error;
  const points = [...new Set([...named.values()].flatMap((each) => each.points))].sort();
  return { repository, area: 'restic', severity: 'wrong', code, what: where, fact, hint, points };
}

function repositoryGone(restic: Restic): DrError {
  return verificationFailed({
    code: 'RESTIC-MISSING',
    where: `${restic.repository.layout.restic}/`,
    fact: 'holds no restic repository, and points name snapshots in it',
    hint: 'bring it back (versions of the bucket, a copy of the disk), or restore from another repository (--from)',
  });
}

/** A private cache: what is read must come from the repository, and a damaged file must not stay in the operator's cache. */
function openPrivately(site: Site, request: FilesRequest): Restic {
  const environment = { ...site.environment, stateDir: request.folder };
  return openRestic({ ...site, environment }, request.repository, 'restorer');
}

interface FilesVerified {
  readonly findings: readonly Finding[];
  /** Absent where nothing could be read. */
  readonly read?: PacksRead;
}

/** restic trusts its index where packs are damaged: only reading finds that. */
async function checkAndRead(
  restic: Restic,
  { repository, reading, signal }: FilesRequest,
  onFraction: (fraction: number) => void,
): Promise<{ result: CheckResult; read: PacksRead }> {
  const store = await repository.store('restorer');
  if (reading.kind === 'percent') {
    const { percent } = reading;
    const result = await checkRepository(restic, { percent, onFraction, signal });
    const packs = await listPacks(store, repository.layout.restic);
    return { result, read: readByRestic(packs, percent, result.packs, reading.parts) };
  }
  const result = await checkRepository(restic, { percent: 0, onFraction, signal });
  const packs = await listPacks(store, repository.layout.restic);
  const { problems, ...read } = await readScheduledPacks(store, packs, reading, { onFraction, signal });
  const known = new Set(result.packs.map(({ pack }) => pack));
  return { result: { ...result, packs: [...result.packs, ...problems.filter(({ pack }) => !known.has(pack))] }, read };
}

async function check(site: Site, request: FilesRequest, named: ReadonlyMap<string, Named>): Promise<FilesVerified> {
  const { repository, progress, signal, folder } = request;
  const step = `verify/${repository.id}/restic`;
  const title = `${repository.id}: files`;
  await mkdir(join(folder, 'cache', 'restic'), { recursive: true, mode: 0o700 });
  const restic = openPrivately(site, request);
  let snapshots: Snapshot[];
  try {
    if (!(await restic.exists())) throw repositoryGone(restic);
    snapshots = await restic.snapshots();
  } catch (error) {
    // The sets of PostgreSQL are verified all the same.
    if (error instanceof DrError && error.exit === EXIT.verificationFailed)
      return { findings: [unreadable(repository.id, named, error)] };
    throw error;
  }
  const onFraction = (fraction: number) => progress({ step, title, state: 'progress', fraction });
  const { result, read } = await checkAndRead(restic, request, onFraction);
  const present = snapshots.filter(({ id }) => named.has(id));
  const damage = { packs: result.packs.map(({ pack }) => pack), trees: result.trees };
  const isDamaged = damage.packs.length + damage.trees.length > 0;
  if (isDamaged) progress({ step, title, state: 'progress', detail: 'looking for the files that are lost' });
  const losses = isDamaged ? await lossOf(restic, damage, present, signal) : [];
  const findings = [
    ...snapshotFindings(repository.id, named, snapshots),
    ...lossFindings(repository.id, named, losses),
    ...otherFindings(repository.id, result),
  ];
  return { findings, read };
}

export async function verifyFiles(
  site: Site,
  request: FilesRequest,
): Promise<FilesVerified & { readonly snapshots: number }> {
  const { repository, progress } = request;
  const named = namedSnapshots(request.entries);
  if (named.size === 0) return { findings: [], snapshots: 0 };
  const event = { step: `verify/${repository.id}/restic`, title: `${repository.id}: files` };
  progress({ ...event, state: 'start' });
  try {
    const checked = await check(site, request, named);
    const { findings } = checked;
    const wrong = findings.some(({ severity }) => severity === 'wrong');
    progress({ ...event, state: wrong ? 'failed' : 'done', detail: plural(named.size, 'snapshot') });
    return { ...checked, snapshots: named.size };
  } catch (error) {
    progress({ ...event, state: 'failed', detail: messageOf(error) });
    throw error;
  }
}
