/**
 * Collects the evidence of a breach: hashed first, copied into a restic repository of its own below `evidence/`, with a signed manifest, a
 * custody log and, where the store can, a legal hold. The manifest is written last.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { presentRepositories } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { ifAbsent } from '../core/absent.ts';
import { DrError, type Gap, precondition } from '../core/errors.ts';
import { isAlive } from '../core/pids.ts';
import type { Progress } from '../core/progress.ts';
import { reportStep } from '../core/report-step.ts';
import { backupPath, ensureRepository } from '../engines/restic/actions.ts';
import { openRestic, type Restic } from '../engines/restic/restic.ts';
import type { ReadLog } from '../kubernetes/evidence/pod-logs.ts';
import type { Cluster } from '../kubernetes/objects.ts';
import { readKeyring } from '../points/catalog/keyring.ts';
import { collectCluster } from './cluster.ts';
import { appendCustody } from './custody.ts';
import { changedSince, digestsBelow, type FileDigest, sumLine } from './digests.ts';
import { type Held, holdEvidence } from './hold.ts';
import { collectListings } from './listings.ts';
import { type EvidenceManifest, type EvidencePart, SUMS, TAG, writeManifest } from './manifest.ts';
import { type Source, sourcesOf } from './sources.ts';

export interface ClusterSource {
  readonly cluster: Cluster;
  readonly readLog: ReadLog;
  readonly namespaces: readonly string[];
}

export interface CollectRequest {
  /** A word of the person, part of the id. @default 'evidence' */
  readonly name: string;
  /** Id of the repository. @default one whose copies nobody can remove, else the first that is there */
  readonly repository: string | undefined;
  readonly paths: readonly string[];
  readonly by: string;
  readonly note: string | undefined;
  readonly clusters: readonly ClusterSource[];
  readonly now: () => Date;
  readonly progress: Progress;
}

export interface Collected {
  readonly manifest: EvidenceManifest;
  readonly held: Held;
}

export interface CollectPlan {
  readonly id: string;
  readonly repository: string;
  readonly sources: readonly Source[];
  readonly clusters: readonly string[];
  readonly gaps: readonly Gap[];
}

const CHANGED_SHOWN = 100;

/** Throws `REPOSITORY-UNKNOWN` (exit 2) and `EVIDENCE-NOWHERE` (exit 6). */
function placeOf(site: Site, id: string | undefined): Repository {
  if (id !== undefined) return site.repository(id);
  const present = presentRepositories(site).filter(({ exported }) => exported !== true);
  const locked = site.plan.repositories.filter(({ immutable }) => immutable !== undefined).map((each) => each.id);
  const chosen = present.find((each) => locked.includes(each.id)) ?? present[0];
  if (chosen !== undefined) return chosen;
  throw precondition({
    code: 'EVIDENCE-NOWHERE',
    where: site.file,
    fact: 'no repository is there that could take the evidence',
    hint: 'mount one, or name a repository with --repository',
  });
}

const stampOf = (now: Date): string => `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;

/** Changes nothing. */
export async function planEvidence(site: Site, request: CollectRequest): Promise<CollectPlan> {
  const { sources, gaps } = await sourcesOf(site, request.paths);
  return {
    id: `${stampOf(request.now())}-${request.name}`,
    repository: placeOf(site, request.repository).id,
    sources,
    clusters: request.clusters.map(({ cluster }) => cluster.describe),
    gaps,
  };
}

/** As restic knows it: a repository of its own in the same place. */
export function evidenceRestic(site: Site, repository: Repository, id: string, role: 'writer' | 'restorer'): Restic {
  const { layout } = repository;
  return openRestic(site, { ...repository, layout: { ...layout, restic: layout.evidenceData(id) } }, role);
}

async function copy(
  site: Site,
  restic: Restic,
  id: string,
  source: Source,
): Promise<{ part: EvidencePart; sums: FileDigest[]; gaps: Gap[] }> {
  const sums = await digestsBelow(source.path, site.signal);
  const tags = [TAG, `evidence=${id}`, `part=${source.id}`];
  const gaps: Gap[] = [];
  let snapshot: string;
  let [files, bytes] = [sums.length, sums.reduce((sum, each) => sum + each.bytes, 0)];
  try {
    const request = { path: source.path, tags, host: hostname(), parent: undefined, signal: site.signal };
    const backed = await backupPath(restic, request);
    ({ snapshot, files, bytes } = backed);
  } catch (error) {
    if (!(error instanceof DrError) || error.code !== 'FILES-UNREADABLE') throw error;
    // What it could read is in a snapshot all the same.
    const made = await restic.snapshots({ tags });
    const last = made.at(-1);
    if (last === undefined) throw error;
    snapshot = last.id;
    gaps.push({ id: source.id, fact: error.fact, hint: error.hint });
  }
  const changed = await changedSince(sums);
  return { part: { ...source, snapshot, files, bytes, changed: changed.slice(0, CHANGED_SHOWN) }, sums, gaps };
}

/** Runs one step for each source; a source that fails is a gap, and the others are collected. */
export async function collectEvidence(site: Site, request: CollectRequest): Promise<Collected> {
  const { progress, now, by, note } = request;
  const startedAt = now().toISOString();
  const plan = await planEvidence(site, request);
  const { id } = plan;
  const repository = site.repository(plan.repository);
  const key = (await readKeyring(site)).signingKey();
  const store = await repository.store('writer');
  const restic = evidenceRestic(site, repository, id, 'writer');
  const signal = site.signal;
  const custody = (what: string) =>
    appendCustody(store, repository.layout, id, { at: now(), by, host: hostname(), what }, key);
  await custody(`began to collect${note === undefined ? '' : `: ${note}`}`);
  await reportStep(progress, { step: 'collect/prepare', title: `prepare ${repository.id}`, signal }, () =>
    ensureRepository(restic),
  );
  const scratches = join(site.environment.stateDir, 'evidence');
  await clearDead(scratches);
  const scratch = join(scratches, `${id}.${process.pid}`);
  const [parts, gaps, sums]: [EvidencePart[], Gap[], FileDigest[]] = [[], [...plan.gaps], []];
  try {
    const made = await gather(site, request, scratch, gaps);
    for (const source of [...made, ...plan.sources]) {
      const step = { step: `collect/${source.id}`, title: `${source.what}: ${source.path}`, signal };
      try {
        const copied = await reportStep(progress, step, () => copy(site, restic, id, source));
        parts.push(copied.part);
        gaps.push(...copied.gaps);
        for (const each of copied.sums) sums.push(each);
      } catch (error) {
        if (signal?.aborted || !(error instanceof DrError)) throw error;
        gaps.push({ id: source.id, fact: error.fact, hint: error.hint });
      }
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  const text = sums.map((each) => `${sumLine(each)}\n`).join('');
  await store.put(repository.layout.evidenceFile(id, SUMS), text);
  const manifest = await writeManifest(
    store,
    repository.layout,
    {
      apiVersion: 'go-coffee-dr/v1',
      kind: 'Evidence',
      id,
      environment: site.environment.name,
      site: site.environment.site,
      host: hostname(),
      by,
      ...(note === undefined ? {} : { note }),
      startedAt,
      endedAt: now().toISOString(),
      repository: repository.id,
      tag: TAG,
      parts,
      gaps,
      sums: createHash('sha256').update(text).digest('hex'),
    },
    key,
  );
  await custody(`collected ${parts.length} parts, ${sums.length} files`);
  const held = await reportStep(progress, { step: 'collect/hold', title: 'hold it', signal }, () =>
    holdEvidence(site, repository, id),
  );
  await custody(held.held ? `put ${held.objects} objects on legal hold` : `no legal hold: ${held.fact}`);
  return { manifest, held };
}

/** A run that was killed has left its listings and logs there. */
async function clearDead(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(ifAbsent([]))) {
    const pid = Number(/\.(\d+)$/.exec(name)?.[1] ?? 0);
    if (pid === 0 || !isAlive(pid)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** What is read from elsewhere, as files below the scratch folder. */
async function gather(site: Site, { clusters }: CollectRequest, scratch: string, gaps: Gap[]): Promise<Source[]> {
  const listings = join(scratch, 'listings');
  await mkdir(listings, { recursive: true, mode: 0o700 });
  gaps.push(...(await collectListings(site, listings)));
  const sources: Source[] = [
    { id: 'listings', what: 'what lies in the repositories, and what is deleted there', path: listings },
  ];
  for (const [n, { cluster, readLog, namespaces }] of clusters.entries()) {
    const folder = join(scratch, `kubernetes-${n + 1}`);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    gaps.push(...(await collectCluster({ cluster, readLog, namespaces, folder, signal: site.signal })));
    sources.push({ id: `kubernetes-${n + 1}`, what: `objects, events and logs of ${cluster.describe}`, path: folder });
    gaps.push({
      id: `volumes-${n + 1}`,
      fact: `the volumes of ${namespaces.join(', ')} are not copied`,
      hint: 'take a VolumeSnapshot of each claim before a pod or a claim is deleted',
    });
  }
  return sources;
}
