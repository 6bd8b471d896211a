/** How `dr` starts a server by PostgreSQL's own programs. */
import { join } from 'node:path';
import type { PostgresSettings } from '../../../config/environment.ts';
import type { Site } from '../../../config/site.ts';
import { precondition } from '../../../core/errors.ts';
import { shellWord, socketFolder } from '../../../core/quote.ts';
import { findPostgresBin } from '../../../engines/find.ts';

/** Bytes of a socket's path. */
const LONGEST_SOCKET = 107;

/** Where its start writes: the log of the settings, or a file in the data directory. */
export function logOf(settings: PostgresSettings): string {
  return settings.logFile ?? join(settings.dataDir, 'dr-start.log');
}

/** What `dr` gives the server; the rest comes from its files. */
function startOptions(settings: PostgresSettings): string[] {
  const { configDir, dataDir, socketDir, port } = settings;
  // A file of another host may name that host's data directory.
  const files = (folder: string) => [
    '-c',
    `config_file=${join(folder, 'postgresql.conf')}`,
    '-c',
    `data_directory=${dataDir}`,
  ];
  const config = configDir === undefined ? [] : files(configDir);
  return ['-k', socketFolder(socketDir), '-p', String(port), ...config];
}

/**
 * pg_ctl gives its options, the data directory and the log to a shell, the last two between double quotes: so a path with a character
 * that counts there goes by another way.
 */
export async function startWithPgCtl(site: Site, settings: PostgresSettings): Promise<void> {
  const { dataDir } = settings;
  const log = logOf(settings);
  const program = join(await findPostgresBin(settings.binDir), 'pg_ctl');
  const argv = [program, 'start', '-W', '-o', startOptions(settings).map(shellWord).join(' ')] as const;
  const options = { as: site.environment.runAs, cwd: '/' };
  if (!/["$`\\]/.test(`${dataDir}${log}`)) {
    await site.run([...argv, '-D', dataDir, '-l', log], { ...options, spareDescendants: true });
    return;
  }
  const redirected = ['sh', '-c', 'log=$1; shift; exec "$@" >>"$log" 2>&1', 'sh', log] as const;
  await site.run([...redirected, ...argv], { ...options, env: { PGDATA: dataDir }, spareDescendants: true });
}

/** Asked of the server's program, which reads its files and starts nothing. */
async function askProgram(site: Site, settings: PostgresSettings, name: string) {
  const program = join(await findPostgresBin(settings.binDir), 'postgres');
  const options = startOptions(settings).map(shellWord).join(' ');
  // By a shell, as pg_ctl does.
  const argv = ['sh', '-c', `exec "$0" -D "$1" ${options} -C ${name}`] as const;
  return site.run([...argv, program, settings.dataDir], { as: site.environment.runAs, cwd: '/', accept: 'any' });
}

/** The value that the server would start with; undefined where its files are not where `dr` would look for them. */
export async function effectiveSetting(
  site: Site,
  settings: PostgresSettings,
  name: string,
): Promise<string | undefined> {
  const { exitCode, stdout } = await askProgram(site, settings, name);
  return exitCode === 0 ? stdout.trim() : undefined;
}

/**
 * Would the server start with its files and what `dr` adds to them? Asked of its own program, which reads them and starts nothing: so a
 * server that runs is not stopped for a configuration that can't start. Throws `SERVER-START-REFUSED` (exit 6).
 */
export async function tryStartOptions(site: Site, settings: PostgresSettings): Promise<void> {
  const { exitCode, stdout, stderr } = await askProgram(site, settings, 'unix_socket_directories');
  const folder = stdout.trim();
  const tooLong = Buffer.byteLength(`${settings.socketDir}/.s.PGSQL.${settings.port}`) > LONGEST_SOCKET;
  if (exitCode === 0 && folder === socketFolder(settings.socketDir) && !tooLong) return;
  const said = stderr.split('\n').filter((line) => /FATAL|ERROR|DETAIL|HINT/.test(line));
  throw precondition({
    code: 'SERVER-START-REFUSED',
    where: settings.dataDir,
    fact: tooLong
      ? `the path of its socket has more than ${LONGEST_SOCKET} bytes: ${settings.socketDir}`
      : `PostgreSQL would not start again: ${said.join('\n') || stderr.trim() || `its socket folder would be ${folder}`}`,
    hint: 'nothing was stopped; fix that, and postgres.socketDir, port and configDir of the environment file, first',
  });
}
