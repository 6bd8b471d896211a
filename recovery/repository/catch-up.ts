/** Gives a repository the WAL that the others got while it took no part: without it no moment from then on could be reached there. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { STANZA } from '../../plan/layout.ts';
import { readLineage } from '../config/lineage.ts';
import { engineRepositories } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { DrError } from '../core/errors.ts';
import type { Progress } from '../core/progress.ts';
import { reportStep } from '../core/report-step.ts';
import { openPgBackRest, type PgBackRest } from '../engines/pgbackrest/pgbackrest.ts';
import { fetchSegment } from '../engines/pgbackrest/wal.ts';
import { segmentFiles } from '../points/wal.ts';

export interface CatchUpRequest {
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Segments and timeline histories by name, as paths below the archive. */
async function walIn(pg: PgBackRest, repository: Repository): Promise<Map<string, string>> {
  const files = await pg.list(repository, `archive/${STANZA}`);
  const histories = files.filter((file) => file.endsWith('.history'));
  return new Map([...segmentFiles(files), ...histories.map((file) => [basename(file), file] as const)]);
}

const isSegment = (name: string): boolean => name.length === 24;

/** What the target lacks after its oldest segment. Pure. */
export function missingWal(own: Iterable<string>, others: Iterable<string>): string[] {
  const there = new Set(own);
  const [oldest] = [...there]
    .filter(isSegment)
    .map((name) => name.slice(8))
    .sort();
  if (oldest === undefined) return [];
  return [...others].filter((name) => !there.has(name) && (!isSegment(name) || name.slice(8) > oldest)).sort();
}

async function copyFrom(
  from: PgBackRest,
  to: PgBackRest,
  [source, target]: readonly [Repository, Repository],
  onFraction: (fraction: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const files = await walIn(from, source);
  const missing = missingWal((await walIn(to, target)).keys(), files.keys());
  const folder = await mkdtemp(join(to.folder, 'wal-'));
  // The account of PostgreSQL reads the segments there.
  await chmod(folder, 0o755);
  try {
    for (const [n, name] of missing.entries()) {
      signal.throwIfAborted();
      const file = join(folder, name);
      await fetchSegment(from, source, files.get(name) ?? '', file);
      await to.run('archive-push', [file, '--no-archive-async'], { signal });
      await rm(file, { force: true });
      onFraction((n + 1) / missing.length);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Takes the WAL of the running lineage from every other repository that answers. The database must ship its WAL to the target by now: what comes later
 * is no matter of this. What no other repository holds stays missing, and `dr verify` names it.
 */
export async function catchUpWal(site: Site, target: Repository, { progress, signal }: CatchUpRequest): Promise<void> {
  const lineage = site.environment.postgres && (await readLineage(site))?.name;
  if (lineage === undefined) return;
  const open = (repository: Repository, role: 'writer' | 'restorer'): Promise<PgBackRest> => {
    const folder = join(site.environment.stateDir, 'catch-up', `${repository.id}-${lineage}`);
    return openPgBackRest(site, { lineage, repositories: [repository], role, folder });
  };
  const to = await open(target, 'writer');
  for (const source of engineRepositories(site).filter(({ id }) => id !== target.id)) {
    const step = { step: `attach/wal/${source.id}`, title: `copy the WAL that ${source.id} got meanwhile`, signal };
    await reportStep(progress, step, async (onFraction) =>
      copyFrom(await open(source, 'restorer'), to, [source, target], onFraction, signal),
    ).catch((error: unknown) => {
      if (!(error instanceof DrError) || signal.aborted) throw error;
      site.log.warn({ repository: source.id, error: error.message }, 'its WAL could not be copied');
    });
  }
}
