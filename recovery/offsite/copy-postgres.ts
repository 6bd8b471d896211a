/**
 * One pgBackRest set with its chain and its WAL into a repository of its own, file by file. pgBackRest has no command for that; a
 * restore and a new backup would need a server, room for the whole database and twice the time. All but four info files are encrypted
 * with keys that stand in these, so they alone are encrypted anew: the copy opens with the off-site passphrase, and not with the source's.
 */
import { join } from 'node:path';
import { STANZA } from '../../plan/layout.ts';
import type { Repository, Site } from '../config/site.ts';
import { DrError, precondition } from '../core/errors.ts';
import { openPgBackRest, type PgBackRest } from '../engines/pgbackrest/pgbackrest.ts';
import { choosePassphrase } from '../engines/pgbackrest/secrets.ts';
import type { CopiedFile } from '../points/dated-copy/manifest.ts';
import type { PostgresCapture } from '../points/point.ts';
import type { StoreRole } from '../storage/backends.ts';
import { chainOf, filesOfSet, infoFiles } from './set-files.ts';
import { asBulk, transfer } from './transfer.ts';

/** No server takes part; pgBackRest wants the names all the same. */
const NO_SERVER = {
  dataDir: '/nonexistent',
  socketDir: '/nonexistent',
  port: 5432,
  user: 'postgres',
  database: 'postgres',
};

/** pgBackRest warns when no limit is set; nothing of a copy expires by itself. */
const UNLIMITED = '9999999';

export interface CopySetRequest {
  readonly source: Repository;
  /** The dated copy: its layout is that of the copy. */
  readonly target: Repository;
  readonly capture: PostgresCapture;
  /** Private; whoever calls removes it. */
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

/** Sets that the point's is built on, by pgBackRest's own list. Throws `SET-MISSING` (exit 6). */
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

/** Decrypted by the one, encrypted by the other: never on a disk in between. */
async function encryptAnew(from: PgBackRest, to: PgBackRest): Promise<void> {
  for (const file of infoFiles(STANZA)) {
    const quiet = ['--repo=1', '--log-level-console=off', '--log-level-stderr=error', file];
    const { stdout } = await from.run('repo-get', quiet);
    await to.run('repo-put', quiet, { stdin: stdout });
  }
}

/** The list came with all sets of the source; pgBackRest strikes out those that are not here when it looks for what to expire. */
async function strikeOut(pg: PgBackRest, { target, capture }: CopySetRequest, chain: readonly string[]): Promise<void> {
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

/** Goes on where an earlier run stopped. */
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
  // Before any file of the copy, so that its folders belong to the account that reads them.
  const to = await open(site, request, target, 'writer');
  const scratch = join(request.folder, 'objects');
  const files = await transfer(
    { source: sourceStore, target: targetStore, moves, scratch, onFraction, signal },
    present,
  );
  await encryptAnew(from, to);
  await strikeOut(to, request, chain);
  const passphrase = choosePassphrase(target.settings.passphrases, undefined, `repositories.${target.id}`).name;
  return { capture: { ...capture, passphrase }, files };
}
