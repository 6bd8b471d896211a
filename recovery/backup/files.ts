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
import { withRetries } from './transient.ts';

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
    const onRetry = (detail: string) => pass.progress({ ...event, state: 'retry', detail });
    const captured = await withRetries({ onRetry, signal: pass.signal }, () => captureWorkload(site, pass, workload));
    pass.progress({ ...event, state: 'done' });
    return { workload: id, captured, seconds: seconds() };
  } catch (error) {
    const failure = asDrError(error, `workload ${id}`);
    pass.progress({ ...event, state: 'failed', detail: failure.message });
    return { workload: id, captured: new Map(), seconds: seconds(), error: failure };
  }
}

interface NamedCaptures {
  readonly captures: Captures;
  /** By workload: restic ended 0 and lists no snapshot of it. */
  readonly missing: ReadonlyMap<string, DrError>;
}

/** Gives each capture its snapshot's full id and tree. */
async function nameCaptures(pass: Pass, results: readonly WorkloadResult[]): Promise<NamedCaptures> {
  const named = new Map(results.map(({ workload }) => [workload, new Map<string, ResticCapture>()] as const));
  const missing = new Map<string, DrError>();
  if (results.every(({ captured }) => captured.size === 0)) return { captures: named, missing };
  for (const restic of pass.targets) {
    const { id } = restic.repository;
    if (pass.failures.has(id)) continue;
    const written = new Map(results.map(({ workload, captured }) => [workload, captured.get(id)?.backed.snapshot]));
    const isOwn: IsOwn = (workload, snapshot) => snapshot.id.startsWith(written.get(workload) ?? 'none');
    const snapshots = await snapshotsOfRun(restic, pass.run, isOwn).catch((error: unknown) => {
      pass.failures.set(id, asDrError(error, `repository ${id}`));
      return undefined;
    });
    if (snapshots === undefined) continue;
    for (const { workload, captured } of results) {
      const one = captured.get(id);
      if (!one) continue;
      const snapshot = snapshots.get(workload);
      if (snapshot) named.get(workload)?.set(id, toCapture(workload, one, snapshot));
      else missing.set(workload, snapshotMissing(restic, workload));
    }
  }
  return { captures: named, missing };
}

interface Copies {
  /** By workload. */
  readonly copies: Map<string, ResticCapture>;
  /** A copy that differs from its source. */
  readonly differs: readonly DrError[];
}

/** Snapshots in the other repositories have ids of their own; their trees must be those of the source. */
async function copiesIn(
  target: Restic,
  source: Restic,
  request: FilesRequest,
  captures: readonly ResticCapture[],
): Promise<Copies> {
  const ids = captures.map(({ snapshot }) => snapshot);
  await copySnapshots(source, target, { ids, signal: request.signal });
  const there = await snapshotsOfRun(target, request.run, ofTrees(captures));
  const copies = new Map<string, ResticCapture>();
  const differs: DrError[] = [];
  for (const capture of captures) {
    const copy = there.get(capture.workload);
    if (copy !== undefined) copies.set(capture.workload, { ...capture, snapshot: copy.id });
    else differs.push(copyDiffers(target, capture));
  }
  return { copies, differs };
}

function copyDiffers({ repository: { id } }: Restic, { workload, digest }: ResticCapture): DrError {
  return new DrError({
    code: 'COPY-DIFFERS',
    where: `${workload} in ${id}`,
    fact: `restic ended 0, and no snapshot there has the tree ${digest} of the source`,
    hint: `run \`dr verify --repository ${id}\` and the backup again`,
  });
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
      const made = await copiesIn(openRestic(site, repository, 'writer'), source, pass, captures);
      copied.set(repository.id, made.copies);
      const [first] = made.differs;
      if (first !== undefined) throw first;
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
    shared: { kind: request.kind, signal: request.signal },
    failures: new Map(),
  };
  const results = await pMap(request.workloads, (workload) => captureOne(site, pass, workload), {
    concurrency: AT_ONCE,
  });
  const { captures, missing } = await nameCaptures(pass, results);
  const judged = results.map((result) => {
    const error = missing.get(result.workload);
    return error === undefined ? result : { ...result, error };
  });
  return { pass, results: judged, captures };
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
 * `restic copy` does not say which side is damaged. A repository that takes the files directly was not: then the folder is, and what it
 * has of this run may be made of the damaged files.
 */
function withoutSource(
  first: FilesResult,
  folder: Repository,
  { uncopied, second }: { readonly uncopied: readonly Repository[]; readonly second: FilesResult },
): FilesResult {
  const taken = uncopied.filter(({ id }) => !second.failures.has(id));
  const [one] = taken;
  if (one === undefined) return first;
  const failures = new Map([...first.failures, ...second.failures]);
  const error = first.failures.get(one.id);
  for (const { id } of taken) failures.delete(id);
  if (error !== undefined) failures.set(folder.id, inFolder(folder, error));
  const outcomes = first.outcomes.map((outcome): WorkloadOutcome<ResticCapture> => {
    const again = second.outcomes.find(({ workload }) => workload === outcome.workload);
    const kept = [...outcome.captures].filter(([id]) => id !== folder.id);
    return { ...outcome, ...again, captures: new Map([...kept, ...(again?.captures ?? [])]) };
  });
  return { outcomes, failures };
}

function inFolder({ id }: Repository, { code, fact, hint, exit, cause }: DrError): DrError {
  return new DrError({ code, where: `repository ${id}`, fact, hint, exit, cause });
}

/**
 * restic can copy out of a folder repository only: where none is reachable, or where it fails in the first pass, each workload is backed
 * up into every repository, and so it is where nothing can be copied out of it. A failure of a repository is in `failures`, a failure of a workload in its outcome.
 */
export async function backUpFiles(site: Site, request: FilesRequest, up: readonly Repository[]): Promise<FilesResult> {
  const { outcomes, failures } = await writeAll(site, request, up);
  const [first] = failures.values();
  // A workload that no repository took has failed, whoever is to blame.
  const judged = outcomes.map((outcome) =>
    outcome.error !== undefined || outcome.captures.size > 0 || first === undefined
      ? outcome
      : { ...outcome, error: first },
  );
  return { outcomes: judged, failures };
}

async function writeAll(site: Site, request: FilesRequest, up: readonly Repository[]): Promise<FilesResult> {
  if (up.length === 0) {
    const nowhere = request.workloads.map(({ id }) => ({ workload: id, captures: new Map(), seconds: 0 }));
    return { outcomes: nowhere, failures: new Map() };
  }
  const folder = up.find(({ settings }) => settings.type === 'posix');
  if (folder === undefined) return writeDirectly(site, request, up);
  const others = up.filter((repository) => repository !== folder);
  const first = await writeAndCopy(site, request, folder, others);
  const uncopied = others.filter(({ id }) => first.failures.get(id)?.code === 'REPOSITORY-DAMAGED');
  if (!first.failures.has(folder.id) && uncopied.length > 0)
    return withoutSource(first, folder, { uncopied, second: await writeDirectly(site, request, uncopied) });
  if (!first.failures.has(folder.id) || others.length === 0) return first;
  const second = await writeDirectly(site, request, others);
  return { outcomes: second.outcomes, failures: new Map([...first.failures, ...second.failures]) };
}
