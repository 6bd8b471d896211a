/** Sessions on the source, over TCP: with TLS where it is offered. */
import pg from 'pg';
import { ignoring } from '../../core/absent.ts';
import { badInput, codeOf, DrError, EXIT, messageOf } from '../../core/errors.ts';
import { sessionSettings, setStatements } from '../../core/sql/settings.ts';
import { withStartup } from '../../workloads/postgres/access/session.ts';
import type { Row } from '../types.ts';
import type { Session, SourceServer } from './ports.ts';

export interface Login {
  readonly user: string;
  /** Undefined where the server wants none. */
  readonly password: string | undefined;
}

export interface Address {
  readonly describe: string;
  readonly host: string;
  readonly port: number;
}

const CONNECT_MS = 10_000;
const NO_TLS = /does not support SSL connections/;
const NO_DATABASE = '3D000';

/** Its locks must not hold the switch. */
const SETTINGS = sessionSettings({ lock_timeout: '10s', statement_timeout: '60s' });

function explained(error: unknown, { describe }: Address, { user }: Login): unknown {
  if (error instanceof DrError) return error;
  const [code = '', message] = [codeOf(error), messageOf(error)];
  // Class 28: the server does not let this user in.
  if (code.startsWith('28') || /SASL|password must be a string/.test(message)) {
    return badInput({
      code: 'SOURCE-DENIED',
      where: describe,
      fact: `it does not let ${user} in: ${message}`,
      hint: 'put the password of a superuser into a file of mode 0600 and name both: --user NAME --password-file FILE',
      cause: error,
    });
  }
  if (/^[0-9A-Z]{5}$/.test(code)) {
    const hint = 'that is the server’s own message; its log may hold more';
    return new DrError({ code: 'SOURCE-FAILED', where: describe, fact: `${message} (${code})`, hint, cause: error });
  }
  return new DrError({
    code: 'SOURCE-UNREACHABLE',
    where: describe,
    fact: message === 'timeout expired' ? `no answer within ${CONNECT_MS / 1000} s` : message || code || 'no answer',
    hint: 'see whether it runs and may be reached from here; --from names it',
    exit: EXIT.locked,
    cause: error,
  });
}

async function connect({ host, port }: Address, { user, password }: Login, database: string): Promise<pg.Client> {
  const openWith = async (tls: boolean, opening: pg.ClientConfig): Promise<pg.Client> => {
    const client = new pg.Client({
      ...opening,
      host,
      port,
      user,
      database,
      application_name: 'dr',
      connectionTimeoutMillis: CONNECT_MS,
      ...(password === undefined ? {} : { password }),
      // Nobody has told us its authority: what is offered is better than nothing.
      ...(tls ? { ssl: { rejectUnauthorized: false } } : {}),
    });
    // A server that ends meanwhile is met by the next query.
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  const open = (tls: boolean) => withStartup(SETTINGS, (opening) => openWith(tls, opening));
  return open(true).catch((error: unknown) => {
    if (!NO_TLS.test(messageOf(error))) throw error;
    return open(false);
  });
}

export function sourceServer(address: Address, login: Login): SourceServer {
  return {
    describe: address.describe,
    async open(database): Promise<Session> {
      try {
        const client = await connect(address, login, database ?? 'postgres').catch((error: unknown) => {
          if (database !== undefined || codeOf(error) !== NO_DATABASE) throw error;
          return connect(address, login, 'template1');
        });
        await client.query(setStatements(SETTINGS));
        return {
          query: (text) =>
            client.query<Record<string, unknown>>(text).then(
              ({ rows }): Row[] => rows,
              (error: unknown) => {
                throw explained(error, address, login);
              },
            ),
          [Symbol.asyncDispose]: () => client.end().catch(ignoring('its work is done')),
        };
      } catch (error) {
        throw explained(error, address, login);
      }
    },
  };
}
