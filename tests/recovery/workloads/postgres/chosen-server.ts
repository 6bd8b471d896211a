/** A PostgreSQL with the choices of a test, and its dr.yaml: one folder repository, a host for the database alone. */
import { appendFile, chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { stringify } from 'yaml';
import { makeSecretFolder, randomSecret, writeSecret } from '../../../../drill/host/secret-files.ts';
import { makeOwnedFolder, writeOwnedFile } from '../../../../recovery/core/account.ts';
import { silentLog } from '../../../../recovery/core/log.ts';
import { makeRun } from '../../../../recovery/core/process.ts';
import { findPostgresBin } from '../../../../recovery/engines/find.ts';
import { withFolder } from '../../../platform.ts';

export interface ServerChoices {
  /** Name of the folder that everything lies in: with spaces or quotes where the test wants them. @default 'site' */
  readonly place?: string;
  /** Megabytes of a WAL segment. @default 16 */
  readonly segment?: number;
  /** Name of the first segment: near the end of a row of 4 GiB. */
  readonly firstWal?: string;
  /** @default 'postgres' */
  readonly superuser?: string;
  /** scram-sha-256 for everybody, also by the socket. @default false: peer, by a map */
  readonly password?: boolean;
  /** pg_wal is a link to a folder beside the data directory. @default false */
  readonly linkedWal?: boolean;
  /** postgresql.conf and its neighbours lie in `etc`, as Debian has it. @default false */
  readonly outsideConfig?: boolean;
  /** No socket: TCP on this port of 127.0.0.1. */
  readonly tcpPort?: number;
  /** Lines of postgresql.conf. */
  readonly config?: string;
  /** Fields of `postgres` in dr.yaml that differ. */
  readonly environment?: Readonly<Record<string, unknown>>;
}

export interface ChosenServer {
  readonly folder: string;
  readonly envFile: string;
  readonly dataDir: string;
  readonly walDir: string;
  readonly socketDir: string;
  readonly configDir: string;
  readonly runAs: string | undefined;
  start(): Promise<void>;
  /** A folder of the server's account. */
  makeFolder(path: string): Promise<void>;
  /** `initdb` where nothing is. */
  initialize(): Promise<void>;
  /** @default 'fast' */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  sql<R extends pg.QueryResultRow>(text: string, database?: string): Promise<R[]>;
  /** Ends the segment and waits until the archive has it. */
  ship(): Promise<void>;
}

const DATABASE = 'shop';

const run = makeRun(silentLog);

async function initialize(server: ChosenServer, choices: ServerChoices, password: string): Promise<void> {
  const { dataDir, walDir, runAs, folder } = server;
  const user = choices.superuser ?? 'postgres';
  const bin = await findPostgresBin();
  const passwordFile = join(folder, 'initdb-password');
  await writeOwnedFile(passwordFile, `${password}\n`, 0o600, runAs);
  const flags = ['--data-checksums', '--no-sync', '-U', user, '-E', 'UTF8', '--locale', 'C.UTF-8'];
  const more = [
    `--wal-segsize=${choices.segment ?? 16}`,
    ...(choices.password ? ['--auth', 'scram-sha-256', `--pwfile=${passwordFile}`] : ['--auth', 'peer']),
    ...(choices.linkedWal ? [`--waldir=${walDir}`] : []),
  ];
  await run([join(bin, 'initdb'), '-D', dataDir, ...flags, ...more], { as: runAs, cwd: '/' });
  if (choices.firstWal !== undefined)
    await run([join(bin, 'pg_resetwal'), '-l', choices.firstWal, '-D', dataDir], { as: runAs, cwd: '/' });
  const settings = "listen_addresses = ''\nfsync = off\nshared_buffers = 32MB\nautovacuum = off\nmax_wal_size = 2GB\n";
  await appendFile(join(dataDir, 'postgresql.conf'), `${settings}${choices.config ?? ''}\n`);
  if (!choices.password) await letIn(server, user);
  if (choices.outsideConfig) await moveConfig(server);
}

async function letIn({ dataDir, runAs }: ChosenServer, user: string): Promise<void> {
  await writeFile(join(dataDir, 'pg_hba.conf'), 'local all all peer map=admin\nhost all all 127.0.0.1/32 trust\n');
  await writeFile(join(dataDir, 'pg_ident.conf'), `admin root ${user}\nadmin ${runAs ?? 'root'} ${user}\n`);
}

async function moveConfig({ dataDir, configDir, runAs }: ChosenServer): Promise<void> {
  const places = [
    ['data_directory', dataDir],
    ['hba_file', join(configDir, 'pg_hba.conf')],
    ['ident_file', join(configDir, 'pg_ident.conf')],
  ].map(([name, value]) => `${name} = '${value}'`);
  await appendFile(join(dataDir, 'postgresql.conf'), `${places.join('\n')}\n`);
  for (const name of ['postgresql.conf', 'pg_hba.conf', 'pg_ident.conf'])
    await run(['mv', join(dataDir, name), configDir], { as: runAs, cwd: '/' });
}

/** A server that runs, with the database `shop`; it is killed and removed afterwards. */
export async function withChosenServer<T>(
  choices: ServerChoices,
  use: (server: ChosenServer) => Promise<T>,
): Promise<T> {
  return withFolder(async (top) => {
    const folder = join(top, choices.place ?? 'site');
    const runAs = process.getuid?.() === 0 ? 'postgres' : undefined;
    await mkdir(folder);
    await chmod(folder, 0o755);
    const keys = join(folder, 'keys');
    await makeSecretFolder(keys, runAs);
    for (const name of ['signing', 'local', 'superuser']) await writeSecret(join(keys, name), randomSecret(), runAs);
    const password = await readFile(join(keys, 'superuser'), 'utf8');
    const [dataDir, walDir, socketDir] = [
      join(folder, 'pg', 'data'),
      join(folder, 'wal', 'pg_wal'),
      join(folder, 'run'),
    ];
    const configDir = join(folder, 'etc');
    for (const path of [join(folder, 'pg'), join(folder, 'wal'), configDir, socketDir])
      await makeOwnedFolder(path, runAs);
    await chmod(socketDir, 0o755);
    const user = choices.superuser ?? 'postgres';
    const port = choices.tcpPort ?? 5432;
    const host = choices.tcpPort === undefined ? socketDir : '127.0.0.1';
    const key = (name: string) => [{ name, from: { file: join(keys, name) } }];
    const environment = {
      apiVersion: 'go-coffee-dr/v1',
      kind: 'Environment',
      name: 'drill',
      site: 'first',
      stateDir: join(folder, 'state'),
      ...(runAs === undefined ? {} : { runAs }),
      signingKeys: key('signing'),
      postgres: {
        dataDir,
        socketDir,
        port,
        user,
        database: DATABASE,
        ...(choices.outsideConfig ? { configDir } : {}),
        ...(choices.tcpPort === undefined ? {} : { host }),
        ...(choices.password ? { password: { file: join(keys, 'superuser') } } : {}),
        ...choices.environment,
      },
      repositories: { local: { type: 'posix', path: join(folder, 'backups'), passphrases: key('local') } },
    };
    const envFile = join(folder, 'dr.yaml');
    await writeFile(envFile, stringify(environment, { lineWidth: 0 }));
    const bin = await findPostgresBin();
    const sql: ChosenServer['sql'] = async (text, database = DATABASE) => {
      const client = new pg.Client({ host, port, user, database, password: password.trim() });
      client.on('error', () => undefined);
      await client.connect();
      try {
        return (await client.query(text)).rows;
      } finally {
        await client.end();
      }
    };
    // Not by pg_ctl: what it makes of awkward paths is what is tested.
    const script = 'exec "$1" -D "$2" -k "$3" -p "$4" >>"$5" 2>&1 </dev/null &';
    const server: ChosenServer = {
      configDir,
      makeFolder: (path) => makeOwnedFolder(path, runAs),
      initialize: () => initialize(server, choices, password.trim()),
      folder,
      envFile,
      dataDir,
      walDir,
      socketDir,
      runAs,
      async start() {
        const log = join(folder, 'pg', 'server.log');
        const place = choices.outsideConfig ? configDir : dataDir;
        const sockets = choices.tcpPort === undefined ? socketDir : '';
        await run(['sh', '-c', script, 'sh', join(bin, 'postgres'), place, sockets, String(port), log], {
          as: runAs,
          cwd: '/',
        });
        for (let tries = 0; ; tries += 1) {
          try {
            await sql('SELECT 1', 'template1');
            return;
          } catch (error) {
            if (tries > 200) throw new Error(`${String(error)}\n${await readFile(log, 'utf8')}`);
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
        }
      },
      async stop(mode = 'fast') {
        await run([join(bin, 'pg_ctl'), 'stop', '-D', dataDir, '-m', mode, '-w'], { as: runAs, cwd: '/' });
      },
      sql,
      async ship() {
        const [row] = await sql<{ name: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS name');
        for (let tries = 0; tries < 300; tries += 1) {
          const [found] = await sql<{ last: string | null }>('SELECT last_archived_wal AS last FROM pg_stat_archiver');
          if ((found?.last ?? '') >= (row?.name ?? '')) return;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        throw new Error(`${row?.name} was not archived within 30 s`);
      },
    };
    await server.initialize();
    await server.start();
    await sql(`CREATE DATABASE ${DATABASE}`, 'template1');
    return use(server);
  });
}
