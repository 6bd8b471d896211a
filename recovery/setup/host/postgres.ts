/**
 * The PostgreSQL servers of this host: found by their processes, then asked. Each runs in its data directory, and its account may ask it
 * by the socket without a password, also where `dr` itself may not log in yet.
 */
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { nameOf } from '../../core/account.ts';
import { asDrError, rethrowBug } from '../../core/as-dr-error.ts';
import { badInput, DrError } from '../../core/errors.ts';
import { allPids, errorFileOf, processDetails, processStat, sharesFiles, unitOf } from '../../core/pids.ts';
import type { Run } from '../../core/process.ts';
import { openSecrets } from '../../core/secrets.ts';
import { isProgram } from '../../engines/programs.ts';
import { connectClient } from '../../workloads/postgres/access/client.ts';
import { type Answer, ask, inTime, LIMIT_SECONDS } from '../found.ts';

const answersSchema = z.object({
  dataDir: z.string(),
  configFile: z.string(),
  hbaFile: z.string(),
  socketDirs: z.string(),
  port: z.coerce.number(),
  version: z.string(),
  archiveMode: z.string(),
  standby: z.boolean(),
  /** Without templates. */
  databases: z.array(z.object({ name: z.string(), bytes: z.coerce.number() })).nullable(),
});

export interface PostgresAnswers extends Omit<z.infer<typeof answersSchema>, 'databases'> {
  readonly databases: readonly { readonly name: string; readonly bytes: number }[];
  /** The first folder of its sockets. */
  readonly socketDir: string;
}

export interface PostgresServer {
  readonly pid: number;
  /** Empty where it is hidden from this account. */
  readonly dataDir: string;
  readonly account: string;
  /** Folder of its programs. */
  readonly binDir: string;
  /** Service of systemd that runs it. */
  readonly unit: string | undefined;
  readonly logFile: string;
  readonly asked: Answer<PostgresAnswers>;
  /** Why `dr` itself can't log in; undefined where it can, or where that was not tried. */
  readonly closed: string | undefined;
}

/** What `dr` is given to ask with. */
export interface PostgresLogin {
  readonly passwordFile?: string | undefined;
  /** False for a server that only needs to be named. */
  readonly isAsked: (dataDir: string) => boolean;
}

const SQL = `SELECT json_build_object(
  'dataDir', current_setting('data_directory'), 'configFile', current_setting('config_file'),
  'hbaFile', current_setting('hba_file'), 'socketDirs', current_setting('unix_socket_directories'),
  'port', current_setting('port'), 'version', current_setting('server_version'),
  'archiveMode', current_setting('archive_mode'), 'standby', pg_is_in_recovery(),
  'databases', (SELECT json_agg(json_build_object('name', datname, 'bytes', pg_database_size(oid)) ORDER BY datname)
    FROM pg_database WHERE NOT datistemplate AND datallowconn))`;

/** Nothing but reading, and no waiting: a server that is busy with a lock is left alone. */
const PGOPTIONS = `-c default_transaction_read_only=on -c statement_timeout=${LIMIT_SECONDS}s -c lock_timeout=2s`;

/** Some distributions start it by its older name. */
const isServer = (name: string | undefined): boolean => name === 'postgres' || name === 'postmaster';

async function isPostmaster(pid: number): Promise<boolean> {
  const stat = processStat(pid);
  return isServer(stat?.name) && stat?.state !== 'Z' && !isServer(processStat(stat?.parent ?? 0)?.name);
}

/** Fourth and fifth line of postmaster.pid: the port, and the first folder with a socket. */
async function addressOf(dataDir: string): Promise<{ port: string; socketDir: string }> {
  const lines = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n');
  const [port = '', socketDir = ''] = [lines[3], lines[4]];
  if (socketDir.startsWith('/')) return { port, socketDir };
  throw badInput({
    code: 'SETUP-NO-SOCKET',
    where: dataDir,
    fact: 'it listens on no Unix socket',
    hint: 'set unix_socket_directories in postgresql.conf: `dr` asks a server of its own host by the socket',
  });
}

async function query(
  run: Run,
  server: Pick<PostgresServer, 'dataDir' | 'account' | 'binDir'>,
  password: string | undefined,
) {
  const { port, socketDir } = await addressOf(server.dataDir);
  const own = join(server.binDir, 'psql');
  const psql = (await isProgram(own)) ? own : 'psql';
  const asked = async (database: string) =>
    run([psql, '-XAtq', '-w', '-h', socketDir, '-p', port, '-U', 'postgres', '-d', database, '-c', SQL], {
      as: server.account,
      cwd: '/',
      env: { PGOPTIONS, PGCONNECT_TIMEOUT: '5', LC_ALL: 'C' },
      ...(password === undefined ? {} : { secretEnv: { PGPASSWORD: password } }),
      timeoutSeconds: 2 * LIMIT_SECONDS,
    });
  const { stdout } = await asked('postgres').catch((error: unknown) => {
    // A server may lack the database that is usually there.
    if (error instanceof DrError && /database "postgres" does not exist/.test(error.fact)) return asked('template1');
    throw denied(error);
  });
  const { databases, ...rest } = answersSchema.parse(JSON.parse(stdout));
  return { ...rest, databases: databases ?? [], socketDir };
}

/** No way in is the usual reason: the hint says how to make one. */
function denied(error: unknown): unknown {
  if (
    !(error instanceof DrError) ||
    !/authentication failed|no pg_hba\.conf entry|no password supplied/.test(error.fact)
  )
    return error;
  return badInput({
    code: 'POSTGRES-DENIED',
    where: 'postgres',
    fact: 'it lets in neither its own account nor, with the password that was given, anybody as postgres',
    hint: 'let `dr` in as docs/host.md says, or write the password of postgres into a file of mode 0600 and name it: --postgres-password FILE',
    cause: error,
  });
}

async function passwordIn(file: string | undefined): Promise<string | undefined> {
  return file === undefined ? undefined : openSecrets().read({ file }, '--postgres-password');
}

async function closedTo(
  { socketDir, port }: PostgresAnswers,
  password: string | undefined,
): Promise<string | undefined> {
  try {
    const place = { dataDir: '/', socketDir, port, user: 'postgres', database: 'template1' };
    const limits = {
      connectionTimeoutMillis: LIMIT_SECONDS * 1000,
      database: 'template1',
      application_name: 'dr',
      ...(password === undefined ? {} : { password }),
    };
    const client = await connectClient(place, limits, (each) => each.on('error', () => {}));
    await client.end();
    return undefined;
  } catch (error) {
    rethrowBug(error);
    return asDrError(error, 'postgres').fact;
  }
}

async function describe(run: Run, pid: number, { isAsked, passwordFile }: PostgresLogin): Promise<PostgresServer> {
  const { folder, executable } = await processDetails(pid);
  const about = `PostgreSQL in ${folder || `process ${pid}`}`;
  const binDir = dirname(executable);
  const rest = { pid, dataDir: folder, binDir, unit: await unitOf(pid), logFile: await errorFileOf(pid) };
  const refuse = (why: string, hint: string): PostgresServer => ({
    ...rest,
    account: '',
    asked: { unanswered: { about, why, hint } },
    closed: undefined,
  });
  if (folder === '') return refuse('this account may not see where it runs', 'run `dr setup` as root');
  if ((await sharesFiles(pid)) === false) {
    return refuse(
      'it runs in a container, whose files are not those of this host',
      'run `dr` in a container beside it that mounts its data directory and its socket, or use `dr setup --context`',
    );
  }
  if (!isAsked(folder)) return refuse('another server was chosen', `choose it: --postgres ${folder}`);
  const found = await ask(about, async () => nameOf('passwd', (await inTime(stat(folder), folder)).uid));
  if (found.unanswered) return refuse(found.unanswered.why, found.unanswered.hint);
  const server = { ...rest, account: found.value };
  const secret = await ask(about, () => passwordIn(passwordFile));
  if (secret.unanswered) return refuse(secret.unanswered.why, secret.unanswered.hint);
  const asked = await ask(about, () => query(run, server, secret.value));
  return {
    ...server,
    asked,
    closed: asked.value === undefined ? undefined : await closedTo(asked.value, secret.value),
  };
}

/** All of them, in the order of their data directories. */
export async function findPostgres(run: Run, login: PostgresLogin): Promise<PostgresServer[]> {
  const pids = await allPids();
  const postmasters = (await Promise.all(pids.map(async (pid) => ((await isPostmaster(pid)) ? [pid] : [])))).flat();
  const found = await Promise.all(postmasters.map((pid) => describe(run, pid, login)));
  return found.sort((a, b) => a.dataDir.localeCompare(b.dataDir));
}
