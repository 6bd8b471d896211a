/** A MySQL server of this host (MariaDB): its settings in dr.yaml, how it is made, started, asked and stopped. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Environment } from '../../../../recovery/config/environment.ts';
import type { Site } from '../../../../recovery/config/site.ts';
import { badInput, DrError } from '../../../../recovery/core/errors.ts';
import { absolute, argv } from '../../../../recovery/core/fields.ts';
import { poll } from '../../../../recovery/core/poll.ts';

const settingsSchema = z.strictObject({
  socket: absolute,
  dataDir: absolute,
  /** Database with the application's data. */
  database: z.string(),
  hooks: z.strictObject({ pre: argv.optional(), post: argv.optional() }).optional(),
});
export type MysqlSettings = z.infer<typeof settingsSchema>;

/** Throws `ENV-INVALID` (exit 2). */
export function mysqlSettings(environment: Environment): MysqlSettings {
  const found = settingsSchema.safeParse(environment.extensions?.['x-mysql']);
  if (found.success) return found.data;
  throw badInput({
    code: 'ENV-INVALID',
    where: 'extensions.x-mysql',
    fact: z.prettifyError(found.error),
    hint: 'fix these fields; nothing was changed',
  });
}

type Place = Pick<MysqlSettings, 'socket' | 'dataDir'>;

const START_SECONDS = 60;
const STOP_SECONDS = 30;

export async function answers({ run }: Site, { socket }: Place): Promise<boolean> {
  const { exitCode } = await run(['mariadb-admin', `--socket=${socket}`, 'ping'], { accept: [0, 1] });
  return exitCode === 0;
}

/** The rows that come back, without a header. */
export async function query({ run }: Site, { socket }: Place, sql: string): Promise<string[][]> {
  const flags = [`--socket=${socket}`, '--default-character-set=utf8mb4', '--batch', '--skip-column-names'];
  const { stdout } = await run(['mariadb', ...flags, '-e', sql]);
  const lines = stdout.trim().split('\n');
  return lines.filter((line) => line !== '').map((line) => line.split('\t'));
}

async function settled(site: Site, place: Place, wanted: { readonly up: boolean; readonly seconds: number }) {
  const { accepted } = await poll(
    { seconds: wanted.seconds, everySeconds: 0.1 },
    () => answers(site, place),
    (up) => up === wanted.up,
  );
  if (accepted) return;
  throw new DrError({
    code: 'MYSQL-SERVER',
    where: place.dataDir,
    fact: `the server ${wanted.up ? 'does not answer' : 'still answers'} after ${wanted.seconds} s`,
    hint: `its log: ${join(place.dataDir, 'server.log')}`,
  });
}

/** A new data directory, with an account for whoever is let in by the socket. Its folder must not exist. */
export async function makeDataDir({ run }: Site, { dataDir }: Place): Promise<void> {
  await mkdir(dataDir, { mode: 0o700 });
  const flags = ['--no-defaults', `--datadir=${dataDir}`, '--user=root', '--auth-root-authentication-method=normal'];
  await run(['mariadb-install-db', ...flags, '--skip-test-db']);
}

/** On its socket only, and detached: it outlives `dr`. */
export async function startServer(site: Site, place: Place): Promise<void> {
  const { socket, dataDir } = place;
  if (await answers(site, place)) return;
  const flags = ['--no-defaults', '--user=root', '--skip-networking', '--innodb-buffer-pool-size=16M'];
  const command = ['mariadbd', ...flags, `--datadir=${dataDir}`, `--socket=${socket}`, `--pid-file=${dataDir}/pid`];
  const detached = `setsid "$@" >>${dataDir}/server.log 2>&1 </dev/null &`;
  await site.run(['sh', '-c', detached, 'sh', ...command]);
  await settled(site, place, { up: true, seconds: START_SECONDS });
}

export async function stopServer(site: Site, place: Place): Promise<void> {
  if (!(await answers(site, place))) return;
  await site.run(['mariadb-admin', `--socket=${place.socket}`, 'shutdown']);
  await settled(site, place, { up: false, seconds: STOP_SECONDS });
}
