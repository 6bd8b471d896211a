/** How SQL reaches the server: by its socket, or by TCP with TLS. */
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { isOnOtherHost, type PostgresSettings } from '../../../config/environment.ts';
import type { Site } from '../../../config/site.ts';
import { badInput, codeOf, DrError, messageOf } from '../../../core/errors.ts';
import { programOptions } from '../../../core/sql/settings.ts';
import { NETWORK_ERRORS, retryInNewPod } from '../../../kubernetes/new-pod.ts';

type Encryption = NonNullable<pg.ClientConfig['ssl']>;

async function authorityOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw badInput({
      code: 'POSTGRES-CA-UNREADABLE',
      where: 'postgres.tls.ca',
      fact: `${path} can't be read (${codeOf(cause)})`,
      hint: 'put the PEM file of the authority there that signed the certificate of PostgreSQL',
      cause,
    });
  }
}

/** Files of a client's certificate. */
export type LoginFiles = NonNullable<NonNullable<PostgresSettings['tls']>['login']>;

/**
 * PEM texts by which a server that asks for a certificate lets this side in. They are read for each session, because a renewed one comes
 * into the same files. Throws `POSTGRES-CERTIFICATE-UNREADABLE` (exit 2).
 * @param field of the environment file
 */
export async function loginCertificate(
  login: LoginFiles | undefined,
  field: string,
): Promise<{ readonly cert?: string; readonly key?: string }> {
  if (login === undefined) return {};
  const read = async (name: keyof LoginFiles) => {
    try {
      return await readFile(login[name], 'utf8');
    } catch (cause) {
      throw badInput({
        code: 'POSTGRES-CERTIFICATE-UNREADABLE',
        where: `${field}.${name}`,
        fact: `${login[name]} can't be read (${codeOf(cause)})`,
        hint: 'put the PEM file there by which PostgreSQL lets this side in, or run as the user that may read it',
        cause,
      });
    }
  };
  const [cert, key] = await Promise.all([read('certificate'), read('key')]);
  return { cert, key };
}

/** Settings that open the server by a password alone: whoever proves that one is refused must not come in by a certificate. */
export function withoutCertificate<T extends PostgresSettings>(settings: T): T {
  if (settings.tls === undefined) return settings;
  const { login: _, ...tls } = settings.tls;
  return { ...settings, tls };
}

/** With a known authority the server must prove itself. Without one, what is offered is better than nothing: nobody's word is taken for it. */
async function encryption(settings: PostgresSettings): Promise<Encryption | undefined> {
  if (settings.host === undefined) return undefined;
  if (settings.tls === undefined) return { rejectUnauthorized: false };
  const { ca, login } = settings.tls;
  return { ca: await authorityOf(ca), ...(await loginCertificate(login, 'postgres.tls.login')) };
}

const NO_TLS = /does not support SSL connections/;
const BAD_CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/;
const NETWORK = [...NETWORK_ERRORS, 'ENOTFOUND'];

/** What goes wrong before the server says a word. Its own words pass as they are: callers know them by their code. */
function explained(error: unknown, settings: PostgresSettings): unknown {
  const [code = '', message] = [codeOf(error), messageOf(error)];
  const where = `${settings.host}:${settings.port}`;
  if (NO_TLS.test(message) || BAD_CERTIFICATE.test(code)) {
    return new DrError({
      code: 'POSTGRES-TLS',
      where,
      fact: NO_TLS.test(message) ? 'it offers no TLS' : `its certificate is not good: ${message} (${code})`,
      hint: 'see ssl, ssl_cert_file of the server, and postgres.host and postgres.tls.ca of the environment file',
      cause: error,
    });
  }
  if (!NETWORK.includes(code) && message !== 'timeout expired') return error;
  return new DrError({
    code: 'POSTGRES-UNREACHABLE',
    where,
    fact: code === '' ? 'gave no answer in time' : `nobody answers there (${code})`,
    hint: 'see whether the server runs, and whether this host may reach it',
    cause: error,
  });
}

/**
 * Connects with what `base` says besides. Throws what the client throws; by TCP also `POSTGRES-UNREACHABLE` or `POSTGRES-TLS`.
 * @param listen Called with each client before it connects.
 */
export async function connectClient(
  settings: PostgresSettings,
  base: pg.ClientConfig,
  listen: (client: pg.Client) => void,
): Promise<pg.Client> {
  const open = async (ssl: Encryption | undefined): Promise<pg.Client> => {
    const place = { host: settings.host ?? settings.socketDir, port: settings.port, user: settings.user };
    const client = new pg.Client({ ...base, ...place, ...(ssl === undefined ? {} : { ssl }) });
    listen(client);
    await client.connect();
    return client;
  };
  if (settings.host === undefined) return open(undefined);
  try {
    const ssl = await encryption(settings);
    return await retryInNewPod(() => open(ssl)).catch((error: unknown) => {
      if (isOnOtherHost(settings) || !NO_TLS.test(messageOf(error))) throw error;
      return open(undefined);
    });
  } catch (error) {
    throw explained(error, settings);
  }
}

/** `-h … -p … -U …` for PostgreSQL's own programs. */
export function clientArguments(settings: PostgresSettings): string[] {
  return ['-h', settings.host ?? settings.socketDir, '-p', String(settings.port), '-U', settings.user];
}

/** The environment of those programs; they take TLS where it is offered by themselves. A server that does not answer at all is left soon. */
export function clientEnv(
  { tls }: PostgresSettings,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const env = { PGOPTIONS: programOptions(more), PGCONNECT_TIMEOUT: '10' };
  return tls === undefined
    ? env
    : { ...env, PGSSLMODE: 'verify-full', PGSSLROOTCERT: tls.ca, ...certificateEnv(tls.login) };
}

/** libpq refuses a key that others than its owner and root's group can read. */
export const certificateEnv = (login: LoginFiles | undefined): Record<string, string> =>
  login === undefined ? {} : { PGSSLCERT: login.certificate, PGSSLKEY: login.key };

/** The password for those programs: by the environment, never in an argument. */
export async function clientSecrets(site: Site): Promise<Record<string, string>> {
  const password = site.environment.postgres?.password;
  return password === undefined ? {} : { PGPASSWORD: await site.secrets.read(password, 'postgres.password') };
}
