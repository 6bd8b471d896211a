/** Is PostgreSQL alive, are its files whole, does it still hold its tables. Changes nothing and never starts a server. */
import { readdir } from 'node:fs/promises';
import type pg from 'pg';
import { isOnOtherHost, type PostgresSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { codeOf, DrError, hasCode, messageOf } from '../../core/errors.ts';
import type { CaptureFacts } from '../../points/point.ts';
import { parseLsn } from '../../points/wal-segment.ts';
import { formatCount, formatTime, plural } from '../../report/format.ts';
import type { FileState } from '../workload.ts';
import { postgresLife } from './access/alive.ts';
import { otherHostSays } from './access/other-host.ts';
import { checkPages, type PageCheck } from './access/page-check.ts';
import { unansweredWords } from './access/unanswered.ts';
import { type ArchiveFault, archiveFault, readArchiver } from './archive/archive-fault.ts';
import { type ControlData, readControlData } from './host/control-data.ts';
import { leaderOfStandby } from './host/standby.ts';
import { lostTables, readRowCounts, unknownSuperusers } from './row-counts.ts';
import { withClient } from './server.ts';

export interface PostgresFinding {
  readonly server: 'up' | 'starting' | 'down';
  readonly files: FileState;
  /** Pages, control file, relations that can't be read; a fact each. */
  readonly damage: readonly string[];
  /** Tables that are missing, empty or much smaller than when they were last captured. */
  readonly lostTables: readonly {
    readonly table: string;
    readonly rowsThen: number;
    readonly rowsNow: number | undefined;
  }[];
  readonly unknownSuperusers: readonly string[];
  /** When the server last archived a WAL segment. */
  readonly lastArchivedAt?: string;
  /** Why its WAL is not archived. Absent where it is, where that can't be known, and in a drill, which must not archive. */
  readonly archiveFault?: ArchiveFault;
  /** It runs and answers nobody, or not us. Absent where it answers. */
  readonly unanswered?: string;
  readonly facts: readonly string[];
}

/** Reading a terabyte takes too long for `dr assess`; the report says how many pages were read. */
const PAGE_CHECK_SECONDS = 60;

export interface PostgresQuestion {
  readonly settings: PostgresSettings;
  /** Facts of the newest logical dump: tables with their rows, superusers. */
  readonly before: CaptureFacts | undefined;
  /** The system id in the newest point. */
  readonly cluster?: string | undefined;
  readonly signal: AbortSignal;
}

type Said = 'server' | 'damage' | 'lastArchivedAt' | 'archiveFault' | 'unanswered' | 'facts';

interface ServerAnswers extends Pick<PostgresFinding, Said> {
  readonly lost: PostgresFinding['lostTables'];
  readonly superusers: readonly string[];
}

export async function inspectPostgres(site: Site, question: PostgresQuestion): Promise<PostgresFinding> {
  const answers = await askServer(site, question);
  const { archiveFault: fault, unanswered } = answers;
  const finding = isOnOtherHost(question.settings)
    ? findElsewhere(question, answers)
    : await findHere(site, question, answers);
  const archive = fault === undefined || site.environment.isolated === true ? {} : { archiveFault: fault };
  return { ...finding, ...archive, ...(unanswered === undefined ? {} : { unanswered }) };
}

async function findHere(site: Site, question: PostgresQuestion, answers: ServerAnswers): Promise<PostgresFinding> {
  const { settings } = question;
  const folder = await folderState(settings.dataDir);
  if (folder !== 'well') {
    const { lastArchivedAt } = answers;
    return {
      server: answers.server,
      files: folder,
      damage: [],
      lostTables: [],
      unknownSuperusers: answers.superusers,
      ...(lastArchivedAt === undefined ? {} : { lastArchivedAt }),
      facts: [`the data directory ${settings.dataDir} is ${folder}`],
    };
  }
  const control = await controlOf(site, settings);
  if (control instanceof DrError) {
    const { server, damage, lost, superusers, facts } = answers;
    const files = damage.length > 0 ? 'damaged' : 'unknown';
    const cannot = `the files can't be inspected: ${control.fact}`;
    return { server, files, damage, lostTables: lost, unknownSuperusers: superusers, facts: [...facts, cannot] };
  }
  const pages = control?.checksums ? await readPages(question, control, answers.server) : undefined;
  const damage = [
    ...(control === undefined ? [`${settings.dataDir}/global/pg_control can't be read`] : []),
    ...pageDamage(pages),
    ...answers.damage,
  ];
  return {
    server: answers.server,
    files: damage.length > 0 ? 'damaged' : 'well',
    damage,
    lostTables: answers.lost,
    unknownSuperusers: answers.superusers,
    ...(answers.lastArchivedAt === undefined ? {} : { lastArchivedAt: answers.lastArchivedAt }),
    facts: [
      ...answers.facts,
      ...controlFacts(control),
      ...clusterFacts(control, question.cluster),
      ...pageFacts(control, pages),
    ],
  };
}

/** Only the server's own host can read its files: the damage that the server itself has met is all that is known here. */
function findElsewhere(question: PostgresQuestion, answers: ServerAnswers): PostgresFinding {
  const { server, damage, lost, superusers, lastArchivedAt, facts } = answers;
  const { host, dataDir } = question.settings;
  return {
    server,
    files: damage.length > 0 ? 'damaged' : 'unknown',
    damage,
    lostTables: lost,
    unknownSuperusers: superusers,
    ...(lastArchivedAt === undefined ? {} : { lastArchivedAt }),
    facts: [...facts, `the files (${dataDir}) are on ${host} and can't be inspected from here`],
  };
}

/** Without PostgreSQL's programs on this host the state of the files is unknown, which is not damage. */
async function controlOf(site: Site, settings: PostgresSettings): Promise<ControlData | undefined | DrError> {
  try {
    return await readControlData(site, settings);
  } catch (error) {
    if (error instanceof DrError) return error;
    throw error;
  }
}

/** Every data directory has these two folders. */
async function folderState(dataDir: string): Promise<FileState> {
  try {
    const names = await readdir(dataDir);
    if (names.length === 0) return 'empty';
    return names.includes('base') && names.includes('global') ? 'well' : 'damaged';
  } catch (error) {
    return hasCode(error, 'ENOENT', 'ENOTDIR') ? 'missing' : 'unknown';
  }
}

async function askServer(site: Site, question: PostgresQuestion): Promise<ServerAnswers> {
  const { settings } = question;
  const silent = { damage: [], lost: [], superusers: [] };
  try {
    return await withClient(site, settings, (client) => askClient(client, question.before));
  } catch (error) {
    const [code = '', message] = [codeOf(error), messageOf(error)];
    // 57P03: it is starting up or replaying. 3D000: it is up, and the application's database is gone.
    if (code === '57P03') return { ...silent, server: 'starting', facts: [`PostgreSQL: ${message}`] };
    if (code === '3D000') return askWithoutDatabase(site, question);
    if (/^(?:58|XX)/.test(code)) return { ...silent, server: 'up', damage: [message], facts: [] };
    if (isOnOtherHost(settings)) return { ...silent, ...(await otherHostSays(settings, error)) };
    const { alive, pid, fact } = await postgresLife(site, settings);
    if (!alive) return { ...silent, server: 'down', facts: [`PostgreSQL does not run: ${fact}`] };
    const unanswered = unansweredWords(error, pid, fact);
    return { ...silent, server: 'up', unanswered, facts: [unanswered] };
  }
}

async function askClient(client: pg.Client, before: CaptureFacts | undefined): Promise<ServerAnswers> {
  const counts = await readRowCounts(client);
  const { rows } = await client.query<{ failures: string | null }>(
    'SELECT sum(checksum_failures) AS failures FROM pg_stat_database',
  );
  const failures = Number(rows[0]?.failures ?? 0);
  const archiver = await archiverOf(client);
  const leader = await leaderOfStandby(client);
  const total = counts.tables.reduce((sum, { rows: count }) => sum + count, 0);
  return {
    server: 'up',
    damage: [
      ...counts.damage,
      ...(failures > 0 ? [`the server met ${plural(failures, 'page')} with a wrong checksum`] : []),
    ],
    lost: before === undefined ? [] : lostTables(counts, before),
    superusers: unknownSuperusers(counts, before),
    ...archiver.answers,
    facts: [
      `PostgreSQL answers: ${plural(counts.tables.length, 'table')}, ${plural(total, 'row')}`,
      ...(leader === undefined ? [] : [`it is a standby (or still recovers); ${leader} leads`]),
      ...(before === undefined ? ['no capture to compare the tables with'] : []),
      ...lockedFacts(counts.locked),
      ...archiver.facts,
    ],
  };
}

function lockedFacts(locked: readonly string[]): string[] {
  return locked.length === 0 ? [] : [`locked by others and not counted: ${locked.join(', ')}`];
}

/** The database was dropped: every table that the capture knows is lost. */
async function askWithoutDatabase(site: Site, { settings, before }: PostgresQuestion): Promise<ServerAnswers> {
  const nothing = { tables: [], damage: [], locked: [], superusers: [] };
  return withClient(
    site,
    settings,
    async (client) => {
      const { superusers } = await readRowCounts(client);
      const archiver = await archiverOf(client);
      const lost = lostTables(nothing, before ?? {});
      return {
        server: 'up' as const,
        damage: [],
        lost:
          lost.length > 0 ? lost : [{ table: `every table of ${settings.database}`, rowsThen: 0, rowsNow: undefined }],
        superusers: unknownSuperusers({ ...nothing, superusers }, before),
        ...archiver.answers,
        facts: [`PostgreSQL answers, and has no database "${settings.database}"`, ...archiver.facts],
      };
    },
    { database: 'postgres' },
  );
}

interface Archiver {
  readonly answers: Pick<ServerAnswers, 'lastArchivedAt' | 'archiveFault'>;
  readonly facts: readonly string[];
}

async function archiverOf(client: pg.Client): Promise<Archiver> {
  const state = await readArchiver(client);
  const { last } = state;
  const fault = archiveFault(state);
  return {
    answers: {
      ...(last === null ? {} : { lastArchivedAt: last.toISOString() }),
      ...(fault === undefined ? {} : { archiveFault: fault }),
    },
    facts: [
      last === null
        ? 'no WAL was archived since the statistics began'
        : `last archived WAL: ${state.last_wal} at ${formatTime(last)}`,
      ...(fault === undefined ? [] : [`WAL is not archived: ${fault.fact}`]),
    ],
  };
}

async function readPages(
  question: PostgresQuestion,
  control: ControlData,
  server: PostgresFinding['server'],
): Promise<PageCheck> {
  const live = server !== 'down';
  const crashed = !live && !control.state.startsWith('shut down');
  return checkPages(question.settings.dataDir, {
    live,
    trustUpTo: crashed ? parseLsn(control.checkpointLsn) : undefined,
    deadlineSeconds: PAGE_CHECK_SECONDS,
    signal: question.signal,
  });
}

function pageDamage(pages: PageCheck | undefined): string[] {
  if (pages === undefined || pages.badPages === 0) return [];
  const more = pages.badPages > pages.damaged.length ? ', …' : '';
  return [`${plural(pages.badPages, 'page')} with a wrong checksum: ${pages.damaged.join(', ')}${more}`];
}

function pageFacts(control: ControlData | undefined, pages: PageCheck | undefined): string[] {
  if (control !== undefined && !control.checksums) return ['data checksums are off: damaged pages are not detected'];
  if (pages === undefined) return [];
  const read = `${formatCount(pages.pages)} pages of ${plural(pages.files, 'file')}`;
  return [pages.finished ? `read all ${read}` : `read ${read}, as far as ${PAGE_CHECK_SECONDS} s allowed`];
}

/** Pure. `initdb` anew, or pg_upgrade: nothing of it is in the copies, and nothing of the copies can be replayed on it. */
function clusterFacts(control: Pick<ControlData, 'systemId'> | undefined, wanted: string | undefined): string[] {
  if (control === undefined || wanted === undefined || control.systemId === wanted) return [];
  return [
    `ANOTHER CLUSTER: this one is ${control.systemId}, the newest point is of ${wanted}; initdb or pg_upgrade has made it anew. To go on with it: dr init --adopt --restart and dr backup --kind full; to have the old one back: stop it, move its data directory away, dr restore --to latest`,
  ];
}

function controlFacts(control: ControlData | undefined): string[] {
  if (control === undefined) return [];
  const { state, timeline, checkpointLsn, systemId } = control;
  return [`cluster ${systemId}: ${state}, timeline ${timeline}, last checkpoint at ${checkpointLsn}`];
}
