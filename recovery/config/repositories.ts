/**
 * Which repositories a run can write to, and which hold off-site copies. The plan has some repositories filled by an export: these have
 * one catalog, and the engines' data of each point below a prefix of its own. Two copies share nothing, so one can be carried away,
 * damaged or removed without the others.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ifAbsent, isThereSync } from '../core/absent.ts';
import { asDrError, rethrowBug } from '../core/as-dr-error.ts';
import { badInput, DrError } from '../core/errors.ts';
import { shellWord } from '../core/quote.ts';
import { isDetached, refuseDetached } from './detached.ts';
import type { Repository, Site } from './site.ts';
import { refuseUnmounted } from './used-folders.ts';

/** What a run knows of a repository. One that is down does not stop the others; the run then exits 3. */
export type RepositoryOutcome =
  | { readonly state: 'up'; readonly repository: Repository }
  | { readonly state: 'down'; readonly repository: Repository; readonly error: DrError };

/** By repository id: why a repository did not take part to the end. */
export type RepositoryFailures = ReadonlyMap<string, DrError>;

/** Folds what happened since into what was known before; the first error of a repository stays. */
export function withFailures(
  outcomes: readonly RepositoryOutcome[],
  failures: RepositoryFailures,
): readonly RepositoryOutcome[] {
  return outcomes.map((outcome) => {
    const error = failures.get(outcome.repository.id);
    return outcome.state === 'down' || error === undefined ? outcome : { ...outcome, state: 'down', error };
  });
}

export function reachable(outcomes: readonly RepositoryOutcome[]): Repository[] {
  return outcomes.flatMap((outcome) => (outcome.state === 'up' ? [outcome.repository] : []));
}

export function errorsOf(outcomes: readonly RepositoryOutcome[]): DrError[] {
  return outcomes.flatMap((outcome) => (outcome.state === 'down' ? [outcome.error] : []));
}

/**
 * A folder that is gone is a lost disk or mount: writing there would fill another file system and protect nothing, and an empty
 * catalog read from there would only seem to be one. Throws `REPOSITORY-UNREACHABLE`.
 */
export async function folderIsThere(site: Pick<Site, 'environment'>, repository: Repository): Promise<void> {
  const { id, settings } = repository;
  if (settings.type !== 'posix') return;
  refuseUnmounted(site, repository);
  const found = await stat(settings.path).catch(ifAbsent(undefined));
  if (found?.isDirectory()) return;
  throw new DrError({
    code: 'REPOSITORY-UNREACHABLE',
    where: `repository ${id}`,
    fact: `the folder ${settings.path} does not exist`,
    hint: `mount it; if it is new: dr init --repository ${id}`,
  });
}

/**
 * The wanted repositories (all that engines write when none is named), each asked once. Throws `REPOSITORY-UNKNOWN` and
 * `REPOSITORY-EXPORTED` for one that the plan fills by an export (exit 2), and `REPOSITORY-DETACHED` (exit 6) for one that is named.
 */
export async function probeRepositories(site: Site, wanted: readonly string[]): Promise<readonly RepositoryOutcome[]> {
  const repositories = wanted.length > 0 ? wanted.map((id) => site.repository(id)) : engineRepositories(site);
  for (const repository of repositories) {
    refuseExported(repository);
    refuseDetached(site, repository.id);
  }
  return Promise.all(
    repositories.map(async (repository): Promise<RepositoryOutcome> => {
      try {
        await folderIsThere(site, repository);
        const store = await repository.store('writer');
        await store.list(repository.layout.locksPrefix);
        return { state: 'up', repository };
      } catch (error) {
        rethrowBug(error);
        return { state: 'down', repository, error: asDrError(error, `repository ${repository.id}`) };
      }
    }),
  );
}

/** Those that the engines write to in each backup. */
export function engineRepositories(site: Site): Repository[] {
  return [...site.repositories.values()].filter(({ id, exported }) => exported !== true && !isDetached(site, id));
}

/** The repository as the engines must see it to find what the point names. */
export function copyView(repository: Repository, point: string): Repository {
  return repository.exported === true ? { ...repository, layout: repository.layout.ofCopy(point) } : repository;
}

/** The environment's folder on a mounted drive; an unmounted drive lacks it. Undefined for a repository that is not on a drive. */
function driveFolder(site: Site, { exported, settings }: Repository): string | undefined {
  return exported === true && settings.type === 'posix' ? join(settings.path, site.environment.name) : undefined;
}

/** A drive that lies in a safe can't be queried, which is how it should be. */
export function isDriveUnmounted(site: Site, repository: Repository): boolean {
  const folder = driveFolder(site, repository);
  return folder !== undefined && !isThereSync(folder);
}

/** Several drives are mounted at one path in turn: what another drive held is not lost. Empty for a repository that is not on a drive. */
export async function driveIdentity(site: Site, repository: Repository): Promise<string> {
  const folder = driveFolder(site, repository);
  const found = folder === undefined ? undefined : await stat(folder).catch(ifAbsent(undefined));
  return found === undefined ? '' : ` ${found.dev}-${found.ino}-${found.birthtimeMs}`;
}

/** The repositories that can be queried when nobody names one. */
export function presentRepositories(site: Site): Repository[] {
  return attachedRepositories(site).filter((repository) => !isDriveUnmounted(site, repository));
}

/** All but those that somebody has detached: nobody waits for these. */
export function attachedRepositories(site: Site): Repository[] {
  return [...site.repositories.values()].filter(({ id }) => !isDetached(site, id));
}

export function driveUnmounted(site: Site, repository: Repository): DrError {
  const folder = driveFolder(site, repository) ?? repository.id;
  return new DrError({
    code: 'DRIVE-AWAY',
    where: `repository ${repository.id}`,
    fact: `there is no ${folder}: the drive is not mounted`,
    hint: `mount it; on a new drive make the folder once: mkdir ${shellWord(folder)}`,
  });
}

/** The named repository, or the one that the plan fills by an export. Throws `OFFSITE-UNCONFIGURED` or `REPOSITORY-UNKNOWN` (exit 2). */
export function exportedRepository(site: Site, id: string | undefined): Repository {
  const planned = site.plan.repositories.filter(({ written }) => written.by === 'export').map((each) => each.id);
  const own = [...site.repositories.values()].filter(({ exported }) => exported === true);
  if (id !== undefined && (!planned.includes(id) || site.repositories.has(id))) {
    const named = site.repository(id);
    if (named.exported === true) return named;
    throw badInput({
      code: 'REPOSITORY-NOT-EXPORTED',
      where: '--repository',
      fact: `"${id}" is written by the engines in each backup`,
      hint: `the plan has these filled by an export: ${planned.join(', ') || 'none'}`,
    });
  }
  const [first] = own;
  if (first && own.length === 1) return first;
  throw badInput({
    code: 'OFFSITE-UNCONFIGURED',
    where: site.file,
    fact:
      own.length > 1
        ? `it has several repositories that an export fills: ${own.map((each) => each.id).join(', ')}`
        : `it has no repository "${id ?? (planned.join('" or "') || 'offsite')}"`,
    hint:
      own.length > 1
        ? 'name one with --repository'
        : 'add it to `repositories`: a mounted drive (posix) or a partner’s S3 endpoint (s3)',
  });
}

/** The engines write to the others only. Throws `REPOSITORY-EXPORTED` (exit 2). */
export function refuseExported(repository: Repository): void {
  if (repository.exported !== true) return;
  throw badInput({
    code: 'REPOSITORY-EXPORTED',
    where: '--repository',
    fact: `"${repository.id}" holds off-site copies: the engines must not write to it`,
    hint: 'write a copy with `dr offsite export`; it needs no `dr init`',
  });
}
