/**
 * Copies one pgBackRest set with its chain and its WAL into a repository of its own, file by file. pgBackRest has no command for
 * that; a restore and a new backup would need a server, disk space for the whole database and twice the time. Four info files hold
 * the keys of all other files. Only these four are encrypted again, so the copy opens with the off-site passphrase alone.
 */
import { join } from 'node:path';
import { STANZA } from '../../plan/layout.ts';
import type { Repository, Site } from '../config/site.ts';
import { DrError, precondition } from '../core/errors.ts';
import { openPgBackRest, type PgBackRest } from '../engines/pgbackrest/pgbackrest.ts';
import { choosePassphrase } from '../engines/pgbackrest/secrets.ts';
import type { CopiedFile } from '../points/offsite-copy/manifest.ts';
import type { PostgresCapture } from '../points/point.ts';
import type { StoreRole } from '../storage/backends.ts';
import { chainOf, filesOfSet, infoFiles } from './set-files.ts';
import { asBulk, transfer } from './transfer.ts';

/** No server is involved, but pgBackRest requires the settings. */
export const NO_SERVER = {
  dataDir: '/nonexistent',
  socketDir: '/nonexistent',
  port: 5432,
  user: 'postgres',
  database: 'postgres',
};

/** pgBackRest warns without a limit. Nothing in a copy expires by itself. */
export const UNLIMITED = '9999999';

export interface CopySetRequest {
  readonly source: Repository;
  /** The off-site copy, with its layout. */
  readonly target: Repository;
  readonly capture: PostgresCapture;
  /** Private. The caller removes it. */
  readonly folder: string;
  readonly onFraction: (fraction: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface CopiedSet {
  readonly capture: PostgresCapture;
  readonly files: readonly CopiedFile[];
}

function open(site: Site, request: CopySetRequest, repository: Repository, role: StoreRole): Promise<PgBackRest> {
  const { lineage, passphrase } = request.capture;
  const own = repository === request.source ? { passphrase } : {};
  const folder = join(request.folder, `pgbackrest-${role}`);
  return openPgBackRest(site, { lineage, repositories: [repository], role, folder, postgres: NO_SERVER, ...own });
}

/** The point's set and those it is built on, as pgBackRest lists them. Throws `SET-MISSING` or `SET-DAMAGED` (exit 6). */
async function chainFrom(pg: PgBackRest, { source, capture }: CopySetRequest): Promise<string[]> {
  const info = await pg.info(source);
  const found = info?.backup.find(({ label }) => label === capture.set);
  if (info && found && found.error !== true) return chainOf(info.backup, capture.set);
  throw precondition({
    code: found ? 'SET-DAMAGED' : 'SET-MISSING',
    where: `set ${capture.set} in ${source.id}`,
    fact: found ? 'pgBackRest noted wrong page checksums when it was made' : 'pgBackRest does not list it',
    hint: `\`dr verify --repository ${source.id}\` says more; export another point (--to) or from another repository (--from)`,
  });
}

/** Decrypts with the source's passphrase and encrypts with the copy's. The plain text never reaches a disk. */
export async function encryptAgain(from: PgBackRest, to: PgBackRest): Promise<void> {
  for (const file of infoFiles(STANZA)) {
    const quiet = ['--repo=1', '--log-level-console=off', '--log-level-stderr=error', file];
    const { stdout } = await from.run('repo-get', quiet);
    await to.run('repo-put', quiet, { stdin: stdout });
  }
}

/** The copied list names all sets of the source. `expire` removes those that are missing here. */
async function dropMissingSets(
  pg: PgBackRest,
  { target, capture }: CopySetRequest,
  chain: readonly string[],
): Promise<void> {
  await pg.run('expire', ['--repo=1', `--repo1-retention-full=${UNLIMITED}`]);
  const left = (await pg.info(target))?.backup.map(({ label }) => label) ?? [];
  if (left.join(' ') === chain.join(' ')) return;
  throw new DrError({
    code: 'COPY-DIFFERS',
    where: `set ${capture.set} in ${target.id}`,
    fact: `the copy lists ${left.join(', ') || 'no set'}, and holds ${chain.join(', ')}`,
    hint: 'run the export again with --verbose',
  });
}

/** Resumes where an earlier run stopped. */
export async function copySet(site: Site, request: CopySetRequest): Promise<CopiedSet> {
  const { source, target, capture, onFraction, signal } = request;
  const from = await open(site, request, source, 'restorer');
  const chain = await chainFrom(from, request);
  const prefix = {
    from: `${source.layout.pgbackrest(capture.lineage)}/`,
    to: `${target.layout.pgbackrest(capture.lineage)}/`,
  };
  const [sourceStore, targetStore] = [asBulk(await source.store('restorer')), asBulk(await target.store('writer'))];
  const objects = (await sourceStore.list(prefix.from)).map(
    (info) => [info.key.slice(prefix.from.length), info] as const,
  );
  const byPath = new Map(objects);
  const { walStart, walStop } = capture;
  const wanted = filesOfSet([...byPath.keys()], { stanza: STANZA, chain, walStart, walStop });
  const moves = wanted.flatMap((path) => {
    const info = byPath.get(path);
    return info ? [{ from: info, to: `${prefix.to}${path}` }] : [];
  });
  const present = new Map((await targetStore.list(prefix.to)).map(({ key, size }) => [key, size]));
  // Opened before the first file is copied, so that the folders belong to the account that reads them.
  const to = await open(site, request, target, 'writer');
  const scratch = join(request.folder, 'objects');
  const files = await transfer(
    { source: sourceStore, target: targetStore, moves, scratch, onFraction, signal },
    present,
  );
  await encryptAgain(from, to);
  await dropMissingSets(to, request, chain);
  const passphrase = choosePassphrase(target.settings.passphrases, undefined, `repositories.${target.id}`).name;
  return { capture: { ...capture, passphrase }, files };
}
