/** Writes one off-site copy: PostgreSQL and files, which the engines verify, then its manifest, and the point last. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { copyView } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { DrError, verificationFailed } from '../core/errors.ts';
import { holderName } from '../core/holder.ts';
import type { Progress } from '../core/progress.ts';
import { reportStep } from '../core/report-step.ts';
import { openCatalog } from '../points/catalog/catalog.ts';
import { readKeyring } from '../points/catalog/keyring.ts';
import { outlineOf } from '../points/catalog/outline.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import {
  COPY_FILES,
  type CopiedFile,
  renderManifest,
  renderSums,
  resticDigest,
} from '../points/offsite-copy/manifest.ts';
import type { Capture, RecoveryPoint } from '../points/point.ts';
import { plural } from '../report/format.ts';
import { readSiteFacts } from '../runbook/facts.ts';
import { runbookHtml } from '../runbook/html.ts';
import { makeRunbook } from '../runbook/model.ts';
import { verifyFiles } from '../verify/files.ts';
import { verifyPostgres } from '../verify/postgres.ts';
import { knownReading } from '../verify/reading/record.ts';
import type { Finding } from '../verify/types.ts';
import { copySnapshotsOf } from './copy-files.ts';
import { copySet } from './copy-postgres.ts';
import { renderReadme } from './readme.ts';
import { digestOf } from './transfer.ts';

export interface CopyRequest {
  readonly source: Repository;
  readonly target: Repository;
  readonly entry: CatalogEntry;
  readonly now: () => Date;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface CopyMade {
  readonly point: RecoveryPoint;
  readonly files: number;
  readonly bytes: number;
}

/** For generated configurations and files in transit. Removed at the end. */
export function workFolder(site: Site, target: Repository): string {
  return join(site.environment.stateDir, 'offsite', target.id);
}

function step<T>(
  { progress, signal }: CopyRequest,
  id: string,
  title: string,
  work: (onFraction: (fraction: number) => void) => Promise<T>,
): Promise<T> {
  return reportStep(progress, { step: `offsite/${id}`, title, signal }, work);
}

async function copyAll(
  site: Site,
  request: CopyRequest,
  copy: Repository,
): Promise<{ captures: Capture[]; files: CopiedFile[] }> {
  const { source, signal, entry } = request;
  const { id, captures } = entry.point;
  const common = { source, target: copy, folder: workFolder(site, copy), signal };
  const files: CopiedFile[] = [];
  const made = new Map<string, Capture>();
  for (const capture of captures) {
    if (capture.engine !== 'pgbackrest') continue;
    const copied = await step(request, capture.workload, 'copy PostgreSQL', (onFraction) =>
      copySet(site, { ...common, capture, onFraction }),
    );
    made.set(capture.workload, copied.capture);
    files.push(...copied.files);
  }
  const others = captures.filter((capture) => capture.engine === 'restic');
  const copied = await step(request, 'files', `copy ${plural(others.length, 'snapshot')}`, () =>
    copySnapshotsOf(site, { ...common, points: [{ point: id, captures: others }] }),
  );
  for (const capture of copied.get(id) ?? []) made.set(capture.workload, capture);
  return { captures: captures.map((capture) => made.get(capture.workload) ?? capture), files };
}

/** The engines read every byte of the copy: an incomplete one gets no point. Throws `COPY-DAMAGED` (exit 5). */
async function verifyCopy(site: Site, request: CopyRequest, copy: Repository, captures: readonly Capture[]) {
  const { entry, progress, signal } = request;
  const point: RecoveryPoint = { ...entry.point, repository: copy.id, captures: [...captures] };
  const entries: CatalogEntry[] = [{ point, outline: outlineOf(point), marks: [], trust: 'ok' }];
  const common = { repository: copy, entries, folder: join(workFolder(site, copy), 'verify'), progress, signal };
  const reading = knownReading(site, entries, { reading: { kind: 'percent', percent: 100 }, now: new Date() });
  const files = await verifyFiles(site, { ...common, reading });
  const postgres = await verifyPostgres(site, { ...common, reading, retainedSince: new Date(0) });
  const wrong = [...files.findings, ...postgres.findings].filter(({ severity }) => severity === 'wrong');
  if (wrong.length > 0) throw copyDamaged(copy, entry.point.id, wrong);
}

function copyDamaged(copy: Repository, point: string, wrong: readonly Finding[]): Error {
  return verificationFailed({
    code: 'COPY-DAMAGED',
    where: `${point} in ${copy.id}`,
    fact: wrong.map(({ what, fact }) => `${what}: ${fact}`).join('\n'),
    hint: `it is not listed as a point; \`dr prune --repository ${copy.id}\` removes it after a day. Export again, from another repository (--from) or to another drive`,
  });
}

/** Every file of the copy with its digest; unknown digests are computed from the file. */
async function describeFiles(copy: Repository, point: string, known: readonly CopiedFile[]): Promise<CopiedFile[]> {
  const store = await copy.store('writer');
  const prefix = copy.layout.copyPrefix(point);
  const digests = new Map(known.map(({ path, sha256 }) => [path, sha256]));
  const own: readonly string[] = [COPY_FILES.manifest, COPY_FILES.sums];
  const files: CopiedFile[] = [];
  for (const { key, size } of await store.list(prefix)) {
    const path = key.slice(prefix.length);
    if (own.includes(path)) continue;
    files.push({ path, size, sha256: digests.get(key) ?? resticDigest(path) ?? (await digestOf(store, key)) });
  }
  return files;
}

async function describe(
  site: Site,
  request: CopyRequest,
  copy: Repository,
  { captures, files: known }: { readonly captures: readonly Capture[]; readonly files: readonly CopiedFile[] },
) {
  const { entry, source, target, now } = request;
  const { id } = entry.point;
  const store = await target.store('writer');
  const at = (name: string): string => target.layout.copyFile(id, name);
  const facts = { point: { ...entry.point, captures: [...captures] }, repository: target.id };
  await store.put(at(COPY_FILES.readme), renderReadme({ ...facts, layout: copy.layout }));
  const runbook = makeRunbook(site.plan, await readSiteFacts(site, now(), false));
  await store.put(at(COPY_FILES.runbook), runbookHtml(runbook));
  const original = await (await source.store('restorer')).get(source.layout.point(id));
  if (original) await store.put(at(COPY_FILES.point), original.body);
  const files = await describeFiles(copy, id, known);
  const manifest = {
    apiVersion: 'go-coffee-dr/v1' as const,
    kind: 'OffsiteCopy' as const,
    environment: site.environment.name,
    repository: target.id,
    point: id,
    exportedAt: now().toISOString(),
    by: holderName(),
    from: { repository: source.id, marks: entry.marks.filter(({ mark }) => mark !== 'exported') },
    files,
  };
  await store.put(at(COPY_FILES.sums), renderSums(files));
  await store.put(at(COPY_FILES.manifest), renderManifest(manifest, (await readKeyring(site)).signingKey()));
  return files;
}

/**
 * The source's mark tells every monitor how old the newest off-site copy is: a drive in a safe can't be asked. The copy is good without
 * it, and the alarm of a missed export rings once too often.
 */
async function tellSource(site: Site, { source, target, entry }: CopyRequest): Promise<void> {
  try {
    const catalog = await openCatalog(site, source, 'restorer');
    await catalog.mark(entry.point.id, 'exported', holderName(), target.id);
  } catch (error) {
    if (!(error instanceof DrError)) throw error;
    site.log.warn({ repository: source.id, error: error.message }, 'the point could not be marked as exported');
  }
}

/**
 * A run that dies leaves a copy without a point, which nothing lists. The same export resumes it, and `dr prune` removes it. The
 * caller holds the locks.
 */
export async function makeCopy(site: Site, request: CopyRequest): Promise<CopyMade> {
  const { target, entry } = request;
  const copy = copyView(target, entry.point.id);
  try {
    const copied = await copyAll(site, request, copy);
    const { captures } = copied;
    await verifyCopy(site, request, copy, captures);
    const files = await step(request, 'manifest', 'list what was copied', () => describe(site, request, copy, copied));
    const point = await step(request, 'point', `point in ${target.id}`, async () => {
      const catalog = await openCatalog(site, target, 'writer');
      const { signature: _, previous: __, ...body } = entry.point;
      const written = await catalog.write({ ...body, repository: target.id, captures });
      // A hold is about the point, so the copy gets it too. A verification of another copy proves nothing about this one.
      for (const { mark, by, at, note } of entry.marks) {
        if (mark !== 'hold') continue;
        await catalog.mark(
          written.id,
          mark,
          holderName(),
          `${by} at ${at} in ${request.source.id}${note ? `: ${note}` : ''}`,
        );
      }
      return written;
    });
    await tellSource(site, request);
    return { point, files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) };
  } finally {
    await rm(workFolder(site, target), { recursive: true, force: true });
  }
}
