/** Saves what can still be read of a damaged cluster, thing by thing, before anything else is done to it. */
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { isOnOtherHost, type PostgresSettings, postgresSettings } from '../config/environment.ts';
import type { Site } from '../config/site.ts';
import { asDrError, rethrowBug } from '../core/as-dr-error.ts';
import { DrError, EXIT, type ExitCode, hasCode, messageOf, precondition } from '../core/errors.ts';
import { exitFor } from '../core/exit.ts';
import { writeFile } from '../core/files/writes.ts';
import { poll } from '../core/poll.ts';
import type { Progress } from '../core/progress.ts';
import { shellWord } from '../core/quote.ts';
import { findPostgresBin } from '../engines/find.ts';
import { clientArguments, clientEnv, clientSecrets } from '../workloads/postgres/access/client.ts';
import { answers, startServer, withClient } from '../workloads/postgres/server.ts';
import {
  countLargeObjects,
  databasesOf,
  fileNameOf,
  folderNameOf,
  patternOf,
  type Relation,
  readSequences,
  tablesOf,
} from './emergency-items.ts';

export interface SavedTable {
  /** `public.orders`; of another database than the application's `other/public.orders`. */
  readonly table: string;
  /** `whole`: read without an error. `partial`: damaged pages were skipped. `lost`: nothing could be read. */
  readonly state: 'whole' | 'partial' | 'lost';
  readonly bytes: number;
  readonly error?: string;
}

/** What is not a table: `schema`, `globals`, `large-objects`, `sequence public.orders_id_seq`. */
export type SavedOther = Omit<SavedTable, 'table'> & { readonly what: string };

export interface EmergencyResult {
  readonly folder: string;
  readonly schema: boolean;
  readonly globals: boolean;
  readonly tables: readonly SavedTable[];
  readonly others: readonly SavedOther[];
  /** Names of everything that is not whole, as `--accept-loss` takes them. */
  readonly lost: readonly string[];
  readonly exit: ExitCode;
}

/** pg_dump ends with the command that it sent; why the server refused it stands before. */
function serverError(text: string): string {
  return /ERROR: +(.*)/.exec(text)?.[1] ?? text.split('\n').at(-1) ?? text;
}

/** A damaged server that comes up at all answers within seconds. */
const START_SECONDS = 20;

async function running(site: Site): Promise<void> {
  const settings = postgresSettings(site.environment);
  let why = '';
  // It may come up all the same; if it doesn't, this is the reason.
  const reported = (error: unknown): void => {
    if (!(error instanceof DrError) || error.exit === EXIT.interrupted) throw error;
    why = `: ${error.fact}`;
  };
  if (await answers(site, settings)) return;
  // Another host's server is not ours to start.
  if (!isOnOtherHost(settings)) await startServer(site, settings).catch(reported);
  const up = await poll(
    { seconds: START_SECONDS, everySeconds: 0.2 },
    () => answers(site, settings),
    (answer) => answer,
  );
  if (up.accepted) return;
  throw new DrError({
    code: 'EMERGENCY-DUMP-IMPOSSIBLE',
    where: settings.dataDir,
    fact: `the damaged server does not come up, so nothing can be dumped${why}`,
    hint: `keep a copy of the files (cp -a ${shellWord(settings.dataDir)} ELSEWHERE) and restore: dr restore --to latest`,
  });
}

/** Milliseconds. Somebody may hold a table for ever; it is then named as lost. */
const LOCK_WAIT = 30_000;
/** Damaged pages read as empty ones. Only this session sees it so; nothing is written back. */
const SKIP_DAMAGED = { zero_damaged_pages: 'on', ignore_checksum_failure: 'off' };

type Attempt = (
  program: string,
  args: readonly string[],
  file: string,
  settingsOfSession?: Readonly<Record<string, string>>,
) => Promise<string | undefined>;

/** Runs a client program into a file. Gives its error, or undefined when it ended well. */
async function attempts(site: Site, settings: PostgresSettings): Promise<Attempt> {
  const bin = await findPostgresBin(settings.binDir);
  const at = clientArguments(settings);
  const secretEnv = await clientSecrets(site);
  // Written by this process: the server's account may not be let into the folder that was named.
  return async (program, args, stdoutFile, more = {}) => {
    try {
      const env = clientEnv(settings, more);
      const options = { as: site.environment.runAs, cwd: '/', env, secretEnv, stdoutFile };
      await site.run([join(bin, program), ...at, ...args], options);
      return undefined;
    } catch (error) {
      rethrowBug(error);
      return asDrError(error, program).fact;
    }
  };
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 0;
    throw error;
  }
}

type Saved = Omit<SavedTable, 'table'>;

/** Whole, else without the damaged pages, else not at all. */
async function save(attempt: Attempt, program: string, args: readonly string[], file: string): Promise<Saved> {
  const first = await attempt(program, args, file);
  if (first === undefined) return { state: 'whole', bytes: await sizeOf(file) };
  const second = await attempt(program, args, file, SKIP_DAMAGED);
  return { state: second === undefined ? 'partial' : 'lost', bytes: await sizeOf(file), error: serverError(first) };
}

interface Work {
  readonly site: Site;
  readonly settings: PostgresSettings;
  readonly attempt: Attempt;
  readonly progress: Progress;
}

interface Part {
  readonly name: string;
  readonly folder: string;
  /** Before each name: empty for the application's database. */
  readonly prefix: string;
}

/** A name of PostgreSQL as one of libpq's, which reads `=` and `postgresql://` in a database's name as connection settings. */
function databaseArgument(name: string): string {
  return `--dbname=dbname='${name.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

async function saveTable({ attempt }: Work, { name, folder }: Part, table: Relation, number: number): Promise<Saved> {
  const base = join(folder, fileNameOf(table, number));
  const database = databaseArgument(name);
  // An extension makes its tables; pg_dump leaves out their rows.
  if (table.ofExtension) {
    const copy = `COPY (SELECT * FROM ${patternOf(table)}) TO STDOUT`;
    return save(attempt, 'psql', ['-X', '-v', 'ON_ERROR_STOP=1', '-c', copy, database], `${base}.copy`);
  }
  const args = ['--format=custom', '--data-only', `--lock-wait-timeout=${LOCK_WAIT}`, '--strict-names'];
  return save(attempt, 'pg_dump', [...args, `--table=${patternOf(table)}`, database], `${base}.dump`);
}

async function saveOthers(work: Work, part: Part): Promise<SavedOther[]> {
  const { attempt, site, settings } = work;
  const { name, folder, prefix } = part;
  const database = databaseArgument(name);
  const others: SavedOther[] = [];
  const lock = `--lock-wait-timeout=${LOCK_WAIT}`;
  const schema = await save(attempt, 'pg_dump', ['--schema-only', lock, database], join(folder, 'schema.sql'));
  others.push({ what: `${prefix}schema`, ...schema });
  const read = async <T>(what: string, use: (client: pg.Client) => Promise<T>): Promise<T | undefined> => {
    try {
      return await withClient(site, settings, use, name);
    } catch (error) {
      others.push({ what: `${prefix}${what}`, state: 'lost', bytes: 0, error: messageOf(error) });
      return undefined;
    }
  };
  const objects = await read('large-objects', countLargeObjects);
  if (objects !== undefined && objects > 0) {
    const args = ['--format=custom', '--data-only', '--blobs', '--exclude-table=*.*', database];
    const saved = await save(attempt, 'pg_dump', args, join(folder, 'large-objects.dump'));
    others.push({ what: `${prefix}large-objects`, ...saved });
  }
  const sequences = await read('sequences', readSequences);
  if (sequences !== undefined) {
    const file = join(folder, 'sequences.sql');
    await writeFile(file, sequences.sql, { mode: 0o600 });
    others.push({ what: `${prefix}sequences`, state: 'whole', bytes: await sizeOf(file) });
    for (const lost of sequences.lost)
      others.push({ what: `${prefix}sequence ${lost.name}`, state: 'lost', bytes: 0, error: lost.error });
  }
  return others;
}

async function saveDatabase(work: Work, part: Part): Promise<{ tables: SavedTable[]; others: SavedOther[] }> {
  const { site, settings, progress } = work;
  await mkdir(part.folder, { recursive: true, mode: 0o700 });
  const others = await saveOthers(work, part);
  let relations: Relation[];
  try {
    relations = await withClient(site, settings, tablesOf, part.name);
  } catch (error) {
    const lost = { what: `${part.prefix}tables`, state: 'lost' as const, bytes: 0, error: messageOf(error) };
    return { tables: [], others: [...others, lost] };
  }
  const tables: SavedTable[] = [];
  for (const [number, relation] of relations.entries()) {
    const table = `${part.prefix}${relation.schema}.${relation.name}`;
    const event = { step: `emergency/${table}`, title: `save ${table}` };
    progress({ ...event, state: 'start' });
    const saved = await saveTable(work, part, relation, number);
    tables.push({ table, ...saved });
    progress({ ...event, state: saved.state === 'lost' ? 'failed' : 'done', detail: saved.state });
  }
  return { tables, others };
}

/** The application's database first, in the folder itself; each other one in a folder below `databases`. */
async function partsOf({ site, settings }: Work, folder: string): Promise<Part[]> {
  const names = await withClient(site, settings, databasesOf, 'postgres');
  const others = names.filter((name) => name !== settings.database);
  return [
    ...(names.includes(settings.database) ? [{ name: settings.database, folder, prefix: '' }] : []),
    ...others.map((name) => ({
      name,
      folder: join(folder, 'databases', folderNameOf(name)),
      prefix: `${name}/`,
    })),
  ];
}

/** Throws `EMERGENCY-DUMP-IMPOSSIBLE` when the server can't be asked at all; what is not whole ends with exit 3. */
export async function emergencyDump(site: Site, folder: string, progress: Progress): Promise<EmergencyResult> {
  const settings = postgresSettings(site.environment);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await running(site);
  const work: Work = { site, settings, attempt: await attempts(site, settings), progress };
  const globals = await save(work.attempt, 'pg_dumpall', ['--globals-only'], join(folder, 'globals.sql'));
  const tables: SavedTable[] = [];
  const others: SavedOther[] = [{ what: 'globals', ...globals }];
  for (const part of await partsOf(work, folder)) {
    const saved = await saveDatabase(work, part);
    // An empty database, such as `postgres`, is not worth a line.
    if (part.prefix !== '' && saved.tables.length === 0 && saved.others.every(({ state }) => state === 'whole'))
      continue;
    tables.push(...saved.tables);
    others.push(...saved.others);
  }
  const lost = [
    ...others.filter(({ state }) => state !== 'whole').map(({ what }) => what),
    ...tables.filter(({ state }) => state !== 'whole').map(({ table }) => table),
  ];
  const schema = others.some(({ what, state }) => what === 'schema' && state === 'whole');
  const exit = exitFor({ partial: lost.length > 0 });
  return { folder, schema, globals: globals.state === 'whole', tables, others, lost, exit };
}

/** The whole cluster, for `--accept-loss`: nothing could be dumped. */
export const EVERYTHING = 'everything';

/**
 * What could not be saved would be gone after the restore: only what a person has named may be. Throws `NOT-SAVED` (exit 6).
 * @param lost Names, as `EmergencyResult.lost`, or `everything`.
 */
export function refuseLoss(lost: readonly string[], accepted: readonly string[], where: string): void {
  const left = accepted.includes(EVERYTHING) ? [] : lost.filter((name) => !accepted.includes(name));
  if (left.length === 0) return;
  const shown = left.slice(0, 10);
  const more = left.length > shown.length ? ` and ${left.length - shown.length} more` : '';
  const flags = shown.map((name) => `--accept-loss ${shellWord(name)}`).join(' ');
  throw precondition({
    code: 'NOT-SAVED',
    where,
    fact: `could not be saved whole, and the restore would overwrite it: ${shown.join(', ')}${more}; nothing was restored`,
    hint: `save it by hand, or say that it may go: ${flags}${left.length > shown.length ? ` … (or all of it: --accept-loss ${EVERYTHING})` : ''}`,
  });
}
