/**
 * Is the WAL in the archive this server's own? A copy of the host archives under the same names. Whoever is first wins: the other's
 * archiving fails from then on, and a set whose WAL is the copy's can't be replayed to what this server has written. So the content
 * is compared, by the digest that pgBackRest puts into each name.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type pg from 'pg';
import { STANZA } from '../../../../plan/layout.ts';
import { isOnOtherHost, type PostgresSettings, postgresSettings } from '../../../config/environment.ts';
import type { Repository, Site } from '../../../config/site.ts';
import { hasCode, verificationFailed } from '../../../core/errors.ts';
import { fileDigest } from '../../../core/file-digest.ts';
import type { StoreRole } from '../../../storage/backends.ts';
import { withClient } from '../server.ts';

/** As many of the newest are compared: older ones have been recycled on the server. */
const COMPARED = 8;

interface ServerWal {
  readonly major: string;
  /** The segment that is written now. */
  readonly current: string;
  /** The oldest one that waits, and the one that failed last: empty for none. */
  readonly waiting: string;
  readonly failed: string;
}

const STATE = `
  SELECT split_part(current_setting('server_version'), '.', 1) AS major,
    pg_walfile_name(pg_current_wal_insert_lsn()) AS current,
    coalesce((SELECT min(split_part(name, '.', 1)) FROM pg_ls_archive_statusdir() WHERE name ~ '^[0-9A-F]{24}\\.ready$'), '')
      AS waiting,
    coalesce((SELECT last_failed_wal FROM pg_stat_archiver), '') AS failed`;

/** Segment → sha1 of its content, below one folder of 256 names. */
async function archived({ repository, role }: WalOwner, folder: string): Promise<Map<string, string>> {
  const objects = await (await repository.store(role)).list(`${folder}/`);
  const named = objects.flatMap(({ key }) => {
    const [, segment, digest] = /\/([0-9A-F]{24})-([0-9a-f]{40})(?:\.\w+)?$/.exec(key) ?? [];
    return segment === undefined || digest === undefined ? [] : [[segment, digest] as const];
  });
  return new Map(named);
}

/** Undefined for a segment that the server has recycled. */
async function digestOf(client: pg.Client, settings: PostgresSettings, segment: string): Promise<string | undefined> {
  if (isOnOtherHost(settings)) {
    // As much as the server gives at once.
    const sql = 'SELECT pg_read_binary_file($1, 0, 1073741819, true) AS bytes';
    const { rows } = await client.query<{ bytes: Buffer | null }>(sql, [`pg_wal/${segment}`]);
    const bytes = rows[0]?.bytes;
    return bytes ? createHash('sha1').update(bytes).digest('hex') : undefined;
  }
  try {
    return await fileDigest(join(settings.dataDir, 'pg_wal', segment), 'sha1');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function foreignSegment(
  client: pg.Client,
  settings: PostgresSettings,
  owner: WalOwner,
): Promise<string | undefined> {
  const { repository, lineage } = owner;
  const [before] = (await client.query<ServerWal>(STATE)).rows;
  if (before === undefined) return undefined;
  const archive = `${repository.layout.pgbackrest(lineage)}/archive/${STANZA}/${before.major}-1`;
  const wanted = [before.current, before.waiting, before.failed.slice(0, 24)].filter((name) => name !== '');
  const folders = [...new Set(wanted.map((name) => name.slice(0, 16)))];
  const found = new Map(
    (await Promise.all(folders.map((folder) => archived(owner, `${archive}/${folder}`)))).flatMap((map) => [...map]),
  );
  // Asked again: what the server has finished since may be in the list.
  const current = (await client.query<ServerWal>(STATE)).rows[0]?.current ?? before.current;
  const own = [...found.keys()].filter((name) => name.slice(0, 8) === current.slice(0, 8)).sort();
  const ahead = own.find((name) => name > current);
  if (ahead !== undefined) return `${ahead} is archived, and this server still writes ${current}`;
  const recent = own.slice(-COMPARED);
  for (const segment of new Set([...recent, ...wanted.filter((name) => found.has(name))])) {
    const digest = await digestOf(client, settings, segment);
    if (digest !== undefined && digest !== found.get(segment))
      return `${segment} in the archive has other content than on this server`;
  }
  return undefined;
}

export interface WalOwner {
  readonly repository: Repository;
  /** The one that this server archives to. */
  readonly lineage: string;
  /** With whose keys the archive is listed: a pod that backs up has the writer's alone. */
  readonly role: StoreRole;
}

/**
 * What shows that another server archives to the lineage; undefined where nothing does, and for a server in recovery. Throws what the
 * client and the store throw.
 */
export async function foreignWal(site: Site, owner: WalOwner): Promise<string | undefined> {
  const settings = postgresSettings(site.environment);
  return withClient(
    site,
    settings,
    async (client) => {
      const { rows } = await client.query<{ recovering: boolean }>('SELECT pg_is_in_recovery() AS recovering');
      return rows[0]?.recovering === true ? undefined : foreignSegment(client, settings, owner);
    },
    'postgres',
  );
}

export const FOREIGN_WAL_HINT =
  'stop the copy of this host; then on the one that is to go on: dr init --adopt, which begins a lineage of its own, and dr backup --kind full';

/** Throws `WAL-NOT-OURS` (exit 5). */
export async function refuseForeignWal(site: Site, owner: WalOwner): Promise<void> {
  const fact = await foreignWal(site, owner);
  if (fact === undefined) return;
  throw verificationFailed({
    code: 'WAL-NOT-OURS',
    where: `${owner.lineage} in ${owner.repository.id}`,
    fact: `another server archives to this lineage: WAL segment ${fact}`,
    hint: FOREIGN_WAL_HINT,
  });
}
