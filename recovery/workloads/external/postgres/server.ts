/** The way to a PostgreSQL that `dr` does not run: sessions, and what PostgreSQL's own programs need to reach it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { type Environment, isOnOtherHost } from '../../../config/environment.ts';
import type { Site } from '../../../config/site.ts';
import { isThere } from '../../../core/absent.ts';
import { badInput, codeOf, DrError, EXIT, hasCode, messageOf } from '../../../core/errors.ts';
import type { SecretRef } from '../../../core/fields.ts';
import { programOptions } from '../../../core/sql/settings.ts';
import { findPostgresBin } from '../../../engines/find.ts';
import { NETWORK_ERRORS } from '../../../kubernetes/new-pod.ts';
import { certificateEnv, type LoginFiles, loginCertificate } from '../../postgres/access/client.ts';
import {
  clientLimits,
  inSession,
  interrupted,
  openSession,
  prepareSession,
  type SessionOptions,
} from '../../postgres/access/session.ts';

/** A server that dumps come from or go to: an external one, or the one that `postgres` names. */
export interface Server {
  /** Host name, or the folder of its socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: SecretRef | undefined;
  /** For what concerns the whole server. */
  readonly maintenance: string;
  /** Those that are dumped. @default all that the user may connect to */
  readonly databases?: readonly string[] | undefined;
  readonly tls: 'disable' | 'prefer' | 'require' | 'verify-full';
  /** PEM file. */
  readonly ca?: string | undefined;
  /** By which it lets `user` in. */
  readonly login?: LoginFiles | undefined;
  readonly binDir?: string | undefined;
  /** Field of the environment file that names it. */
  readonly field: string;
}

/** The external server, or the one of `postgres`. Throws `POSTGRES-UNCONFIGURED` (exit 2). */
export function serverOf({ external, postgres }: Environment): Server {
  if (external?.postgres !== undefined) return { ...external.postgres, field: 'external.postgres' };
  if (postgres === undefined) {
    throw badInput({
      code: 'POSTGRES-UNCONFIGURED',
      where: 'external.postgres',
      fact: 'the environment file has neither "external.postgres" nor "postgres"',
      hint: 'add the server that the dump goes to, or leave the database out with --only',
    });
  }
  const { host, socketDir, port, user, password, tls, binDir } = postgres;
  const verified = isOnOtherHost(postgres)
    ? { tls: 'verify-full' as const, ca: tls?.ca, login: tls?.login }
    : { tls: 'prefer' as const };
  return {
    host: host ?? socketDir,
    port,
    user,
    password,
    maintenance: 'postgres',
    binDir,
    field: 'postgres',
    ...verified,
  };
}

export const addressOf = ({ host, port }: Server): string => `${host}:${port}`;

const CONNECT_MS = 10_000;

async function encryption({ tls, ca, host, field, login }: Server): Promise<pg.ClientConfig['ssl']> {
  if (tls === 'disable' || host.startsWith('/')) return false;
  if (tls !== 'verify-full') return { rejectUnauthorized: false };
  const own = await loginCertificate(login, `${field}.tls.login`);
  if (ca === undefined) return { rejectUnauthorized: true, ...own };
  try {
    return { ca: await readFile(ca, 'utf8'), ...own };
  } catch (cause) {
    throw badInput({
      code: 'POSTGRES-CA-UNREADABLE',
      where: `${field}.ca`,
      fact: `${ca} can't be read (${codeOf(cause)})`,
      hint: 'put the PEM file of the authority there that signed the certificate of PostgreSQL',
      cause,
    });
  }
}

const NO_TLS = /does not support SSL connections/;
const BAD_CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET|ALTNAME/;

/** What goes wrong before the server lets anybody in. Throws on what is no error of the way there. */
function explained(error: unknown, server: Server): unknown {
  const [code = '', words, where] = [codeOf(error), messageOf(error), addressOf(server)];
  const make = (name: string, fact: string, hint: string): DrError =>
    new DrError({ code: name, where, fact, hint, cause: error });
  if (['28P01', '28000'].includes(code)) {
    return new DrError({
      code: 'POSTGRES-DENIED',
      where,
      fact: `it does not let "${server.user}" in: ${words}`,
      hint: `correct ${server.field}.user and what its password names; pg_hba.conf of the server may refuse this host`,
      exit: EXIT.locked,
      cause: error,
    });
  }
  if (NO_TLS.test(words))
    return make('POSTGRES-TLS', 'it offers no TLS', `write ${server.field}.tls: disable only where nobody can listen`);
  if (BAD_CERTIFICATE.test(code))
    return make(
      'POSTGRES-TLS',
      `its certificate is not good: ${words} (${code})`,
      `see ${server.field}.host and ${server.field}.ca`,
    );
  const isNetwork =
    [...NETWORK_ERRORS, 'ENOTFOUND', 'EAI_AGAIN', 'ENOENT'].includes(code) || /timeout expired/.test(words);
  if (!isNetwork) return error;
  const fact = /timeout expired/.test(words) ? 'gave no answer in time' : `nobody answers there (${code})`;
  return make('POSTGRES-UNREACHABLE', fact, 'see whether the server runs, and whether this host may reach it');
}

async function connect(
  site: Site,
  server: Server,
  options: SessionOptions,
  more: { readonly replication?: string } = {},
): Promise<pg.Client> {
  const { host, port, user, field, maintenance, tls } = server;
  const password = server.password && (await site.secrets.read(server.password, `${field}.password`));
  const openWith = async (ssl: pg.ClientConfig['ssl'], opening: pg.ClientConfig): Promise<pg.Client> => {
    const client = new pg.Client({
      ...clientLimits(options),
      ...opening,
      ...more,
      host,
      port,
      user,
      database: options.database ?? maintenance,
      connectionTimeoutMillis: CONNECT_MS,
      application_name: 'dr',
      ...(password === undefined ? {} : { password }),
      ...(ssl === false ? {} : { ssl }),
    });
    // A server that is stopped drops its clients: without a listener that would end the process.
    client.on('error', (error) => site.log.debug({ error: error.message }, 'PostgreSQL closed the connection'));
    await client.connect();
    return client;
  };
  const open = (ssl: pg.ClientConfig['ssl']) => openSession(options, (opening) => openWith(ssl, opening));
  try {
    return await open(await encryption(server)).catch((error: unknown) => {
      if (tls !== 'prefer' || !NO_TLS.test(messageOf(error))) throw error;
      return open(false);
    });
  } catch (error) {
    throw explained(error, server);
  }
}

/** A session with the limits and settings of all of `dr`'s. Throws `POSTGRES-UNREACHABLE`, `POSTGRES-TLS`, `POSTGRES-DENIED` (exit 6). */
export async function withServer<T>(
  site: Site,
  server: Server,
  use: (client: pg.Client) => Promise<T>,
  session: SessionOptions & { readonly signal?: AbortSignal | undefined } = {},
): Promise<T> {
  const { signal: own, ...options } = session;
  const whole = options.cleansUp === true ? undefined : site.signal;
  if (whole?.aborted === true) throw interrupted();
  const client = await connect(site, server, options);
  await prepareSession(client, options);
  return inSession(client, own ?? whole, use);
}

/** Over a replication connection, which has lines of its own in pg_hba.conf. Throws as `withServer` does. */
export async function identifySystem(site: Site, server: Server): Promise<{ systemId: string; timeline: number }> {
  const client = await connect(site, server, {}, { replication: 'true' });
  return inSession(client, site.signal, async () => {
    const { rows } = await client.query<{ systemid: string; timeline: number }>('IDENTIFY_SYSTEM');
    return { systemId: String(rows[0]?.systemid), timeline: Number(rows[0]?.timeline) };
  });
}

/** Arguments for PostgreSQL's own programs. */
export const programArguments = ({ host, port, user }: Server): string[] => [
  '-h',
  host,
  '-p',
  String(port),
  '-U',
  user,
];

/** The word `system` is known to PostgreSQL 16 and newer; older programs take a file. */
async function systemAuthorities(): Promise<string> {
  const files = [process.env.SSL_CERT_FILE, '/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt'];
  for (const file of files) if (file !== undefined && (await isThere(file))) return file;
  return 'system';
}

/** Environment and secrets of those programs: no argument holds a password. */
export async function connectionOptions(
  site: Site,
  { tls, ca, login, password, field }: Server,
  more: Readonly<Record<string, string>> = {},
) {
  return {
    env: {
      PGOPTIONS: programOptions(more),
      PGCONNECT_TIMEOUT: '10',
      PGSSLMODE: tls,
      ...(tls === 'verify-full' ? { PGSSLROOTCERT: ca ?? (await systemAuthorities()) } : {}),
      ...certificateEnv(login),
    },
    secretEnv: password === undefined ? {} : { PGPASSWORD: await site.secrets.read(password, `${field}.password`) },
  };
}

const majorOf = (version: string): number => Number(/^\d+/.exec(version)?.[0] ?? 0);

/** Version of the server: `15.18`. */
export async function versionOf(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
  return rows[0]?.server_version.split(' ')[0] ?? '';
}

/**
 * Folder of programs that can read this server. Throws `POSTGRES-NEWER` (exit 2): pg_dump refuses a server of a newer major version.
 * @param program `pg_dump`, `pg_restore`
 */
export async function programsFor(site: Site, { binDir, field }: Server, version: string): Promise<string> {
  const folder = await findPostgresBin(binDir ?? site.environment.postgres?.binDir);
  const { stdout } = await site.run([join(folder, 'pg_dump'), '--version'], { timeoutSeconds: 20 });
  const own = /(\d+)(?:\.\d+|devel|beta\d+|rc\d+)/.exec(stdout)?.[0] ?? '0';
  if (majorOf(own) >= majorOf(version)) return folder;
  throw badInput({
    code: 'POSTGRES-NEWER',
    where: field,
    fact: `the server is PostgreSQL ${version}, and pg_dump in ${folder} is ${own}: it refuses newer servers`,
    hint: `install PostgreSQL ${majorOf(version)} or newer on this host, and name its programs: ${field}.binDir`,
  });
}

/** 3D000: there is no such database. */
export const isNoDatabase = (error: unknown): boolean => hasCode(error, '3D000');
