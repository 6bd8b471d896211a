/** Everything that restic holds: staged in parallel, backed up once, then copied to the other repositories. */
import pMap from 'p-map';
import type { Workload } from '../../plan/types.ts';
import type { RepositoryFailures } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { asDrError } from '../core/as-dr-error.ts';
import { DrError } from '../core/errors.ts';
import { copySnapshots, type IsOwn, ofTrees, snapshotMissing, snapshotsOfRun } from '../engines/restic/actions.ts';
import type { Snapshot } from '../engines/restic/output.ts';
import { openRestic, type Restic } from '../engines/restic/restic.ts';
import type { ResticCapture } from '../points/point.ts';
import { type Captured, captureWorkload, type FilesRequest, type Pass } from './capture-workload.ts';
import type { WorkloadOutcome } from './outcome.ts';

/** Engines mostly wait for disk and network; more at once only makes them wait for each other. */
const AT_ONCE = 3;

export interface FilesResult {
  readonly outcomes: readonly WorkloadOutcome<ResticCapture>[];
  readonly failures: RepositoryFailures;
}

/** By workload, then by repository id. */
type Captures = ReadonlyMap<string, ReadonlyMap<string, ResticCapture>>;

function toCapture(workload: string, captured: Captured, snapshot: Snapshot): ResticCapture {
  return {
    workload,
    engine: 'restic',
    snapshot: snapshot.id,
    digest: snapshot.tree,
    path: captured.path,
    capturedAt: new Date(snapshot.time).toISOString(),
    bytes: captured.backed.bytes,
    objects: captured.backed.files,
    facts: captured.facts,
  };
}

interface WorkloadResult {
  readonly workload: string;
  /** Empty for a workload that has failed. */
  readonly captured: ReadonlyMap<string, Captured>;
  readonly seconds: number;
  readonly error?: DrError;
}

async function captureOne(site: Site, pass: Pass, workload: Workload): Promise<WorkloadResult> {
  const { id, title, tier } = workload;
  const event = { step: `backup/${id}`, title, tier };
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  pass.progress({ ...event, state: 'start' });
  try {
    const captured = await captureWorkload(site, pass, workload);
    pass.progress({ ...event, state: 'done' });
    return { workload: id, captured, seconds: seconds() };
  } catch (error) {
    const failure = asDrError(error, `workload ${id}`);
    pass.progress({ ...event, state: 'failed', detail: failure.message });
    return { workload: id, captured: new Map(), seconds: seconds(), error: failure };
  }
}

/** Gives each capture its snapshot's full id and tree. Throws `SNAPSHOT-MISSING`. */
async function nameCaptures(pass: Pass, results: readonly WorkloadResult[]): Promise<Captures> {
  const named = new Map(results.map(({ workload }) => [workload, new Map<string, ResticCapture>()] as const));
  if (results.every(({ captured }) => captured.size === 0)) return named;
  for (const restic of pass.targets) {
    const { id } = restic.repository;
    if (pass.failures.has(id)) continue;
    const written = new Map(results.map(({ workload, captured }) => [workload, captured.get(id)?.backed.snapshot]));
    const isOwn: IsOwn = (workload, snapshot) => snapshot.id.startsWith(written.get(workload) ?? 'none');
    const snapshots = await snapshotsOfRun(restic, pass.run, isOwn);
    for (const { workload, captured } of results) {
      const one = captured.get(id);
      if (!one) continue;
      const snapshot = snapshots.get(workload);
      if (!snapshot) throw snapshotMissing(restic, workload);
      named.get(workload)?.set(id, toCapture(workload, one, snapshot));
    }
  }
  return named;
}

/** Snapshots in the other repositories have ids of their own; their trees must be those of the source. By workload. */
async function copiesIn(
  target: Restic,
  source: Restic,
  request: FilesRequest,
  captures: readonly ResticCapture[],
): Promise<Map<string, ResticCapture>> {
  const ids = captures.map(({ snapshot }) => snapshot);
  await copySnapshots(source, target, { ids, signal: request.signal });
  const there = await snapshotsOfRun(target, request.run, ofTrees(captures));
  const copies = captures.map((capture) => {
    const copy = there.get(capture.workload);
    if (copy !== undefined) return [capture.workload, { ...capture, snapshot: copy.id }] as const;
    throw new DrError({
      code: 'COPY-DIFFERS',
      where: `${capture.workload} in ${target.repository.id}`,
      fact: `restic ended 0, and no snapshot there has the tree ${capture.digest} of the source`,
      hint: `run \`dr verify --repository ${target.repository.id}\` and the backup again`,
    });
  });
  return new Map(copies);
}

/** What the folder repository holds, by repository that it was copied to. A repository that can't take it is in `failures`. */
async function copyToOthers(
  site: Site,
  pass: Pass,
  captures: readonly ResticCapture[],
  others: readonly Repository[],
): Promise<Map<string, ReadonlyMap<string, ResticCapture>>> {
  const [source] = pass.targets;
  const copied = new Map<string, ReadonlyMap<string, ResticCapture>>();
  if (source === undefined || captures.length === 0) return copied;
  const copy = async (repository: Repository): Promise<void> => {
    const event = { step: `backup/copy/${repository.id}`, title: `copy files to ${repository.id}` };
    pass.progress({ ...event, state: 'start' });
    try {
      copied.set(repository.id, await copiesIn(openRestic(site, repository, 'writer'), source, pass, captures));
      pass.progress({ ...event, state: 'done' });
    } catch (error) {
      const failure = asDrError(error, `repository ${repository.id}`);
      pass.failures.set(repository.id, failure);
      pass.progress({ ...event, state: 'failed', detail: failure.message });
    }
  };
  await Promise.all(others.map(copy));
  return copied;
}

async function writeTo(site: Site, request: FilesRequest, repositories: readonly Repository[]) {
  const pass: Pass = {
    ...request,
    targets: repositories.map((repository) => openRestic(site, repository, 'writer')),
    shared: { signal: request.signal },
    failures: new Map(),
  };
  const results = await pMap(request.workloads, (workload) => captureOne(site, pass, workload), {
    concurrency: AT_ONCE,
  });
  return { pass, results, captures: await nameCaptures(pass, results) };
}

function outcomesOf(results: readonly WorkloadResult[], captures: Captures): WorkloadOutcome<ResticCapture>[] {
  return results.map(({ captured: _, ...result }) => ({
    ...result,
    captures: captures.get(result.workload) ?? new Map(),
  }));
}

/** Each workload is backed up into every repository. */
async function writeDirectly(site: Site, request: FilesRequest, up: readonly Repository[]): Promise<FilesResult> {
  const { pass, results, captures } = await writeTo(site, request, up);
  return { outcomes: outcomesOf(results, captures), failures: pass.failures };
}

/** Each workload is backed up once, into the folder, from which restic can copy to every other repository. */
async function writeAndCopy(
  site: Site,
  request: FilesRequest,
  folder: Repository,
  others: readonly Repository[],
): Promise<FilesResult> {
  const { pass, results, captures } = await writeTo(site, request, [folder]);
  const held = [...captures.values()].flatMap((by) => by.get(folder.id) ?? []);
  const copied = await copyToOthers(site, pass, held, others);
  const all = new Map(
    [...captures].map(([workload, by]) => {
      const copies = [...copied].flatMap(([id, copy]) => {
        const capture = copy.get(workload);
        return capture === undefined ? [] : [[id, capture] as const];
      });
      return [workload, new Map([...by, ...copies])] as const;
    }),
  );
  return { outcomes: outcomesOf(results, all), failures: pass.failures };
}

/**
 * restic can copy out of a folder repository only: where none is reachable, or where it fails in the first pass, each workload is backed
 * up into every repository. A failure of a repository is in `failures`, a failure of a workload in its outcome.
 */
export async function backUpFiles(site: Site, request: FilesRequest, up: readonly Repository[]): Promise<FilesResult> {
  if (up.length === 0) {
    const nowhere = request.workloads.map(({ id }) => ({ workload: id, captures: new Map(), seconds: 0 }));
    return { outcomes: nowhere, failures: new Map() };
  }
  const folder = up.find(({ settings }) => settings.type === 'posix');
  if (folder === undefined) return writeDirectly(site, request, up);
  const others = up.filter((repository) => repository !== folder);
  const first = await writeAndCopy(site, request, folder, others);
  if (!first.failures.has(folder.id) || others.length === 0) return first;
  const second = await writeDirectly(site, request, others);
  return { outcomes: second.outcomes, failures: new Map([...first.failures, ...second.failures]) };
}
