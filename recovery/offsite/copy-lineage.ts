/**
 * Copies all sets and all WAL of a lineage into another repository that has nothing of it, file by file. Both repositories then share the
 * keys of the files, and the info files that hold these keys are encrypted with each repository's own passphrase.
 */
import { join } from 'node:path';
import { STANZA } from '../../plan/layout.ts';
import type { Repository, Site } from '../config/site.ts';
import { openPgBackRest, type PgBackRest } from '../engines/pgbackrest/pgbackrest.ts';
import type { StoreRole } from '../storage/backends.ts';
import { encryptAgain, NO_SERVER, UNLIMITED } from './copy-postgres.ts';
import { asBulk, transfer } from './transfer.ts';

export interface CopyLineageRequest {
  readonly source: Repository;
  readonly target: Repository;
  readonly lineage: string;
  /** Private. The caller removes it. */
  readonly folder: string;
  readonly onFraction: (fraction: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface CopiedLineage {
  /** Labels of the sets that the target lists. */
  readonly sets: ReadonlySet<string>;
  /** Name of the passphrase that opens the lineage in the target. */
  readonly passphrase: string;
}

function open(site: Site, request: CopyLineageRequest, repository: Repository, role: StoreRole): Promise<PgBackRest> {
  const { lineage, folder } = request;
  const own = join(folder, `pgbackrest-${role}`);
  return openPgBackRest(site, { lineage, repositories: [repository], role, folder: own, postgres: NO_SERVER });
}

/** What is wanted of the files of a lineage. Paths are relative to it. */
type Wanted = (path: string) => boolean;

const ARCHIVE = `archive/${STANZA}/`;
const BACKUP = `backup/${STANZA}/`;

/** Segments and timeline histories, which lie in folders of the archive: its info files do not. */
const isWal: Wanted = (path) => path.startsWith(ARCHIVE) && path.slice(ARCHIVE.length).includes('/');

/** A set that is being made while this one looks is not listed yet. */
const isOfSets =
  (labels: readonly string[]): Wanted =>
  (path) =>
    [...labels, 'backup.history'].some((label) => path.startsWith(`${BACKUP}${label}/`));

async function copyFiles(request: CopyLineageRequest, isWanted: Wanted): Promise<void> {
  const { source, target, lineage, folder, onFraction, signal } = request;
  const [from, to] = [asBulk(await source.store('restorer')), asBulk(await target.store('writer'))];
  const prefix = { from: `${source.layout.pgbackrest(lineage)}/`, to: `${target.layout.pgbackrest(lineage)}/` };
  const moves = (await from.list(prefix.from)).flatMap((info) => {
    const path = info.key.slice(prefix.from.length);
    return isWanted(path) ? [{ from: info, to: `${prefix.to}${path}` }] : [];
  });
  const present = new Map((await to.list(prefix.to)).map(({ key, size }) => [key, size]));
  const scratch = join(folder, 'objects');
  await transfer({ source: from, target: to, moves, scratch, onFraction, signal }, present);
}

/** Resumes where an earlier run stopped. No server may ship its WAL into the target's lineage meanwhile. */
export async function copyLineage(site: Site, request: CopyLineageRequest): Promise<CopiedLineage> {
  const { source, target } = request;
  const from = await open(site, request, source, 'restorer');
  const labels = ((await from.info(source))?.backup ?? []).map(({ label }) => label);
  // Opened before the first file is copied, so that the folders belong to the account that reads them.
  const to = await open(site, request, target, 'writer');
  const inSets = isOfSets(labels);
  await copyFiles(request, (path) => isWal(path) || inSets(path));
  await encryptAgain(from, to);
  // A set that was finished meanwhile is listed and was not copied.
  await to.run('expire', ['--repo=1', `--repo1-retention-full=${UNLIMITED}`]);
  const sets = new Set(((await to.info(target))?.backup ?? []).map(({ label }) => label));
  return { sets, passphrase: to.passphraseOf(target) };
}
