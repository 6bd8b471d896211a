/** PostgreSQL's copies in one repository: every lineage that points refer to. */
import { join } from 'node:path';
import { STANZA } from '../../plan/layout.ts';
import { readLineage } from '../config/lineage.ts';
import type { Repository, Site } from '../config/site.ts';
import { rethrowBug } from '../core/as-dr-error.ts';
import { DrError, messageOf } from '../core/errors.ts';
import type { Progress } from '../core/progress.ts';
import { ENGINE_SAID } from '../engines/explain.ts';
import { findEngine } from '../engines/find.ts';
import type { StanzaInfo } from '../engines/pgbackrest/info.ts';
import { openPgBackRest, type PgBackRest } from '../engines/pgbackrest/pgbackrest.ts';
import { opensAnyInfo } from '../engines/pgbackrest/verify.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import type { PostgresCapture } from '../points/point.ts';
import { segmentFiles } from '../points/wal.ts';
import { plural } from '../report/format.ts';
import { FOREIGN_WAL_HINT, foreignWal } from '../workloads/postgres/archive/own-wal.ts';
import { bothRead, isListingOnly, NOTHING_READ, readSets } from './reading/read-sets.ts';
import type { KnownReading, SetsRead } from './reading/reading.ts';
import { setsToRead } from './reading/sets.ts';
import { listedFindings, type NamedSets } from './set-findings.ts';
import { twinFindings } from './twin-findings.ts';
import type { Finding } from './types.ts';
import { walFindings } from './wal-findings.ts';

export interface PostgresVerification {
  readonly findings: readonly Finding[];
  readonly sets: number;
  readonly walSegments: number;
  readonly read: SetsRead;
}

export interface PostgresRequest {
  readonly repository: Repository;
  readonly entries: readonly CatalogEntry[];
  readonly reading: KnownReading;
  readonly retainedSince: Date;
  /** Private; the caller removes it. */
  readonly folder: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** Lineage → its captures, oldest first. */
function lineagesOf(entries: readonly CatalogEntry[], repository: string): Map<string, NamedSets> {
  const lineages = new Map<string, Map<string, { capture: PostgresCapture; points: string[] }>>();
  for (const { point } of entries) {
    for (const capture of point.captures) {
      if (capture.engine !== 'pgbackrest') continue;
      const captures = lineages.get(capture.lineage) ?? new Map();
      const known = captures.get(capture.set);
      captures.set(capture.set, { capture, points: [...(known?.points ?? []), point.id] });
      lineages.set(capture.lineage, captures);
    }
  }
  return new Map([...lineages].map(([lineage, captures]) => [lineage, { repository, lineage, captures }]));
}

/** A host that only verifies has no PostgreSQL of its own; pgBackRest wants the names all the same. */
const NO_SERVER = {
  dataDir: '/nonexistent',
  socketDir: '/nonexistent',
  port: 5432,
  user: 'postgres',
  database: 'postgres',
};

async function openLineage(
  site: Site,
  repository: Repository,
  { lineage, captures }: NamedSets,
  folder: string,
): Promise<PgBackRest> {
  const passphrase = [...captures.values()].at(-1)?.capture.passphrase;
  return openPgBackRest(site, {
    lineage,
    repositories: [repository],
    role: 'restorer',
    passphrase,
    folder: join(folder, `pgbackrest-${lineage}`),
    postgres: site.environment.postgres ?? NO_SERVER,
  });
}

/** Throws `PASSPHRASE-WRONG` only when none of the lineage's info files opens: one that doesn't is damaged. */
async function readInfo(
  pg: PgBackRest,
  repository: Repository,
  named: NamedSets,
): Promise<{ info: StanzaInfo | undefined; findings: Finding[] }> {
  try {
    return { info: await pg.info(repository), findings: [] };
  } catch (error) {
    const about = error instanceof DrError && ['PASSPHRASE-WRONG', ...ENGINE_SAID].includes(error.code);
    if (!about || !/FormatError|CryptoError|cipher|unable to load|passphrase/i.test(error.message)) throw error;
    if (!(await opensAnyInfo(pg, repository))) throw asWrongPassphrase(error, repository, named);
    const points = [...new Set([...named.captures.values()].flatMap((entry) => entry.points))];
    const finding: Finding = {
      repository: repository.id,
      area: 'postgres',
      severity: 'wrong',
      code: 'INFO-DAMAGED',
      what: `backup.info of ${named.lineage}`,
      fact: 'it and its copy are damaged: pgBackRest can list and restore none of the lineage’s sets',
      hint: 'restore from another repository (--from); in a versioned bucket read it as of an earlier time (--repository-time)',
      points,
    };
    return { info: undefined, findings: [finding] };
  }
}

function asWrongPassphrase(error: DrError, repository: Repository, { lineage, captures }: NamedSets): DrError {
  if (error.code === 'PASSPHRASE-WRONG') return error;
  const name = [...captures.values()].at(-1)?.capture.passphrase ?? '';
  return new DrError({
    code: 'PASSPHRASE-WRONG',
    where: `repository ${repository.id}`,
    fact: `its pgBackRest files (${lineage}) do not open with the passphrase "${name}"`,
    hint: `the copy may well be whole: put the right passphrase where "${name}" in repositories.${repository.id}.passphrases points to`,
    exit: 2,
    cause: error,
  });
}

/** Several segments are shipped at once, so a later one may be there for a moment before an earlier one. */
const SETTLE_MS = 2000;

async function listSegments(pg: PgBackRest, repository: Repository): Promise<Set<string>> {
  return new Set(segmentFiles(await pg.list(repository, `archive/${STANZA}`)).keys());
}

async function checkWal(
  pg: PgBackRest,
  request: PostgresRequest,
  named: NamedSets,
  info: StanzaInfo,
): Promise<{ findings: Finding[]; segments: number }> {
  const { repository, retainedSince } = request;
  const setStarts = new Set(info.backup.flatMap(({ archive }) => archive.start ?? []));
  const common = { ...named, repository: repository.id, setStarts, retainedSince };
  let segments = await listSegments(pg, repository);
  let findings = walFindings({ ...common, segments });
  if (findings.length > 0) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    segments = await listSegments(pg, repository);
    findings = walFindings({ ...common, segments });
  }
  return { findings, segments: segments.size };
}

/** Only the server that archives to the lineage can tell its WAL from another's; where it doesn't answer, nothing is said. */
async function foreignFindings(site: Site, repository: Repository, lineage: string): Promise<Finding[]> {
  if (site.environment.postgres === undefined || repository.exported === true) return [];
  if ((await readLineage(site))?.name !== lineage) return [];
  const fact = await foreignWal(site, { repository, lineage, role: 'restorer' }).catch((error: unknown) => {
    rethrowBug(error);
    site.log.info({ error: messageOf(error), lineage }, 'the server was not asked for its WAL');
    return undefined;
  });
  if (fact === undefined) return [];
  const common = { repository: repository.id, area: 'postgres', severity: 'wrong', points: [] } as const;
  return [
    {
      ...common,
      code: 'WAL-NOT-OURS',
      what: `WAL of ${lineage}`,
      fact: `another server archives to this lineage: WAL segment ${fact}`,
      hint: FOREIGN_WAL_HINT,
    },
  ];
}

async function verifyLineage(site: Site, request: PostgresRequest, named: NamedSets): Promise<PostgresVerification> {
  const { repository, progress, signal } = request;
  const step = `verify/${repository.id}/${named.lineage}`;
  const title = `${repository.id}: PostgreSQL ${named.lineage}`;
  progress({ step, title, state: 'start' });
  try {
    const pg = await openLineage(site, repository, named, request.folder);
    const { info, findings: damaged } = await readInfo(pg, repository, named);
    if (damaged.length > 0) {
      progress({ step, title, state: 'failed', detail: damaged[0]?.fact ?? '' });
      return { findings: damaged, sets: 0, walSegments: 0, read: NOTHING_READ };
    }
    const listed = listedFindings(named, info);
    const wal = info ? await checkWal(pg, request, named, info) : { findings: [], segments: 0 };
    const { version = '0' } = (await findEngine('pgbackrest', { run: site.run })) ?? {};
    const wanted = info === undefined ? [] : setsToRead(named.lineage, info, request.reading, version);
    const what = wanted === 'all' ? 'reading every file' : plural(wanted.length, 'set');
    progress({ step, title, state: 'progress', detail: wanted.length === 0 ? 'not read back' : what });
    const done = await readSets(pg, repository, { named, info, wanted, signal });
    const foreign = await foreignFindings(site, repository, named.lineage);
    const copies =
      info && !isListingOnly(request.reading) ? await twinFindings(site, repository, { named, wanted }) : [];
    const findings = [...listed, ...wal.findings, ...foreign, ...copies, ...done.findings];
    const detail = `${named.captures.size} sets, ${wal.segments} WAL segments`;
    progress({ step, title, state: findings.length > 0 ? 'failed' : 'done', detail });
    return { findings, sets: named.captures.size, walSegments: wal.segments, read: done.read };
  } catch (error) {
    progress({ step, title, state: 'failed', detail: messageOf(error) });
    throw error;
  }
}

export async function verifyPostgres(site: Site, request: PostgresRequest): Promise<PostgresVerification> {
  let total: PostgresVerification = { findings: [], sets: 0, walSegments: 0, read: NOTHING_READ };
  for (const named of lineagesOf(request.entries, request.repository.id).values()) {
    const one = await verifyLineage(site, request, named);
    total = {
      findings: [...total.findings, ...one.findings],
      sets: total.sets + one.sets,
      walSegments: total.walSegments + one.walSegments,
      read: bothRead(total.read, one.read),
    };
  }
  return total;
}
