/** Which repositories a run can write to. One that is down doesn't stop the others; the run then ends 3. */
import { stat } from 'node:fs/promises';
import { refuseExported } from '../dated-copy.ts';
import { explainPostgres } from '../engines/postgres/explain.ts';
import { DrError, systemError } from '../errors.ts';
import type { Repository, Site } from '../site.ts';

export interface RepositoryOutcome {
  readonly repository: Repository;
  /** Set when the repository did not take part to the end. */
  error?: DrError;
}

export function asDrError(error: unknown, where: string): DrError {
  if (error instanceof DrError) return error;
  const refused = systemError(error, where);
  if (refused) return refused;
  const postgres = explainPostgres(error);
  if (postgres) return postgres;
  return new DrError({
    code: 'UNEXPECTED',
    where,
    fact: error instanceof Error ? error.message : String(error),
    hint: 'run again with --verbose; if it stays, this is a bug of dr',
    cause: error,
  });
}

/**
 * A folder that is gone is a lost disk or mount: writing there would fill another file system and protect nothing, and an empty
 * catalog read from there would only seem to be one. Throws `REPOSITORY-UNREACHABLE`.
 */
export async function folderIsThere({ id, settings }: Repository): Promise<void> {
  if (settings.type !== 'posix') return;
  const found = await stat(settings.path).catch(() => undefined);
  if (found?.isDirectory()) return;
  throw new DrError({
    code: 'REPOSITORY-UNREACHABLE',
    where: `repository ${id}`,
    fact: `the folder ${settings.path} does not exist`,
    hint: `mount it; if it is new: dr init --repository ${id}`,
  });
}

/**
 * The wanted repositories (all that engines write when none is named), each asked once. Throws `REPOSITORY-UNKNOWN`, and
 * `REPOSITORY-EXPORTED` for one that the plan fills by an export (exit 2).
 */
export async function probeRepositories(site: Site, wanted: readonly string[]): Promise<RepositoryOutcome[]> {
  const engines = [...site.repositories.values()].filter(({ exported }) => exported !== true);
  const repositories = wanted.length > 0 ? wanted.map((id) => site.repository(id)) : engines;
  for (const repository of repositories) refuseExported(repository);
  return Promise.all(
    repositories.map(async (repository) => {
      try {
        await folderIsThere(repository);
        const store = await repository.store('writer');
        await store.list(repository.layout.locksPrefix);
        return { repository };
      } catch (error) {
        return { repository, error: asDrError(error, `repository ${repository.id}`) };
      }
    }),
  );
}
