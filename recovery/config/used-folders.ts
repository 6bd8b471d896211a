/**
 * Folders that this host has used as repositories. One that holds nothing of the environment now is a volume that is not mounted: a
 * repository that is begun anew there would fill another disk, and hide the one that is missing.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isThereSync } from '../core/absent.ts';
import { makePassableFolder } from '../core/account.ts';
import { DrError, hasCode } from '../core/errors.ts';
import { writeFile } from '../core/files/writes.ts';
import { parseJson } from '../core/json.ts';
import type { Repository, Site } from './site.ts';

const usedSchema = z.strictObject({ path: z.string(), since: z.iso.datetime() });
const fileSchema = z.strictObject({ repositories: z.record(z.string(), usedSchema) });
type Used = z.infer<typeof fileSchema>['repositories'];

type Place = Pick<Site, 'environment'>;

const fileOf = ({ environment }: Place): string => join(environment.stateDir, 'repository-folders.json');

/** By the repository's id. Throws `REPOSITORY-FOLDERS-UNREADABLE`: nobody knows then whether a folder is a mount that is missing. */
function usedFolders(site: Place): Used {
  let text: string;
  try {
    text = readFileSync(fileOf(site), 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return {};
    throw error;
  }
  const parsed = fileSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data.repositories;
  throw new DrError({
    code: 'REPOSITORY-FOLDERS-UNREADABLE',
    where: fileOf(site),
    fact: 'does not say which folders this host has used as repositories',
    hint: 'check that their volumes are mounted, then move the file away',
    cause: parsed.error,
  });
}

async function write(site: Place, repositories: Used): Promise<void> {
  await makePassableFolder(site.environment.stateDir);
  const temporary = `${fileOf(site)}.${randomBytes(4).toString('hex')}`;
  await writeFile(temporary, `${JSON.stringify({ repositories }, undefined, 2)}\n`, { flush: true });
  await rename(temporary, fileOf(site));
}

/** The folder of a repository that the engines write. A drive for off-site copies lies elsewhere most of the time. */
function pathOf({ settings, exported }: Repository): string | undefined {
  return settings.type === 'posix' && exported !== true ? settings.path : undefined;
}

/** Called once it holds something. Nothing for a repository that is not in a folder. */
export async function rememberFolder(site: Place, repository: Repository, now: Date): Promise<void> {
  const path = pathOf(repository);
  const used = usedFolders(site);
  if (path === undefined || used[repository.id]?.path === path) return;
  await write(site, { ...used, [repository.id]: { path, since: now.toISOString() } });
}

/** For a folder that is to be begun anew. */
export async function forgetFolder(site: Place, id: string): Promise<void> {
  const { [id]: known, ...others } = usedFolders(site);
  if (known !== undefined) await write(site, others);
}

/** Since when this host has used the folder, if it holds nothing of the environment now. */
export function emptySince(site: Place, repository: Repository): string | undefined {
  const path = pathOf(repository);
  if (path === undefined || isThereSync(join(path, site.environment.name))) return undefined;
  const used = usedFolders(site)[repository.id];
  return used?.path === path ? used.since : undefined;
}

/** Throws `REPOSITORY-UNREACHABLE`. */
export function refuseUnmounted(site: Place, repository: Repository): void {
  const since = emptySince(site, repository);
  if (since === undefined) return;
  const { id } = repository;
  throw new DrError({
    code: 'REPOSITORY-UNREACHABLE',
    where: `repository ${id}`,
    fact: `${join(pathOf(repository) ?? '', site.environment.name)} is gone, and this host has used it since ${since}: its volume is not mounted`,
    hint: `mount it; if the volume is lost: dr repository recreate ${id}`,
  });
}
