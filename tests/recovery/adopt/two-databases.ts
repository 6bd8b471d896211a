/** Two real PostgreSQL on this machine: the platform's, and the stack's, which Patroni's scripts fill. The platform around them is a fake. */
import { appendFile, chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from '../../../drill/host/ports.ts';
import { PATHS } from '../../../infra/cluster/paths.ts';
import { postgresSchema } from '../../../infra/config/stores/schema.ts';
import { renderAdopt, renderAfterAdopt } from '../../../infra/postgres/adopt-script.ts';
import { sourceServer } from '../../../recovery/adopt/postgres/connect.ts';
import type { ManagedServer } from '../../../recovery/adopt/postgres/ports.ts';
import type { PostgresPorts, PostgresRequest } from '../../../recovery/adopt/postgres/run.ts';
import type { FollowSettings } from '../../../recovery/adopt/stack-port.ts';
import { makeOwnedFolder } from '../../../recovery/core/account.ts';
import { silentLog } from '../../../recovery/core/log.ts';
import { makeRun } from '../../../recovery/core/process.ts';
import { findPostgresBin } from '../../../recovery/engines/find.ts';
import { FakePlatform } from './fake-platform.ts';

const run = makeRun(silentLog);
const runAs = process.getuid?.() === 0 ? 'postgres' : undefined;

/** Of the platform's superuser, and of the stack. */
export const PASSWORDS = { shop: 'shop-1234', orders: 'orders-1234', replication: 'stack-rep', superuser: 'stack-su' };

export class LocalServer {
  readonly folder: string;
  readonly data: string;
  readonly port: number;

  constructor(folder: string, port: number) {
    this.folder = folder;
    this.data = join(folder, 'data');
    this.port = port;
  }

  async initialize(superuser: string, password: string): Promise<void> {
    const bin = await findPostgresBin();
    await rm(this.data, { recursive: true, force: true });
    const file = join(this.folder, 'password');
    await writeFile(file, `${password}\n`, { mode: 0o644 });
    const flags = [
      '--no-sync',
      '-U',
      superuser,
      '-E',
      'UTF8',
      '--locale',
      'C.UTF-8',
      '-A',
      'scram-sha-256',
      `--pwfile=${file}`,
    ];
    await run([join(bin, 'initdb'), '-D', this.data, ...flags], { as: runAs, cwd: '/' });
    await this.configure();
  }

  /** As Patroni does on a copy: listening and pg_hba.conf are the members' own. */
  async configure(lines: readonly string[] = []): Promise<void> {
    const own = [`port = ${this.port}`, "listen_addresses = '127.0.0.1'", 'fsync = on', 'shared_buffers = 32MB'];
    await appendFile(join(this.data, 'postgresql.conf'), `\n${[...own, ...lines].join('\n')}\n`);
    const hba = [
      'local all all trust',
      'host all all 127.0.0.1/32 scram-sha-256',
      'host replication all 127.0.0.1/32 scram-sha-256',
    ];
    await writeFile(join(this.data, 'pg_hba.conf'), `${hba.join('\n')}\n`);
  }

  async start(): Promise<void> {
    const bin = await findPostgresBin();
    const options = ['-o', `-k ${this.folder}`, '-l', join(this.folder, 'log'), '-w', '-t', '60'];
    await run([join(bin, 'pg_ctl'), 'start', '-D', this.data, ...options], { as: runAs, cwd: '/' });
  }

  async stop(): Promise<void> {
    const bin = await findPostgresBin();
    await run([join(bin, 'pg_ctl'), 'stop', '-D', this.data, '-m', 'immediate', '-w'], {
      as: runAs,
      cwd: '/',
      accept: 'any',
    });
  }

  async connect(user: string, database = 'postgres', password?: string): Promise<pg.Client> {
    const host = password === undefined ? this.folder : '127.0.0.1';
    const client = new pg.Client({
      host,
      port: this.port,
      user,
      database,
      ...(password === undefined ? {} : { password }),
    });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  async sql(text: string, user: string, database = 'postgres'): Promise<Record<string, unknown>[]> {
    const client = await this.connect(user, database);
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  }
}

/** The scripts name the members' own paths. */
async function script(server: LocalServer, text: string, env: Record<string, string>): Promise<void> {
  const file = join(server.folder, 'script.sh');
  await writeFile(file, text.replaceAll(PATHS.pgData, server.data), { mode: 0o755 });
  const bin = await findPostgresBin();
  const path = `${bin}:${process.env.PATH}`;
  const at = { PGHOST: server.folder, PGPORT: String(server.port) };
  await run(['sh', file], { as: runAs, cwd: '/', env: { ...env, ...at, PATH: path } });
}

export class TwoDatabases {
  readonly source: LocalServer;
  readonly managed: LocalServer;
  readonly platform = new FakePlatform();
  readonly begun: { generation: number; follow: FollowSettings | undefined }[] = [];
  /** Before the stack's server follows and before its promotion: a test fails or kills here. */
  onBegin: () => Promise<void> = async () => {};
  onPromote: () => Promise<void> = async () => {};

  private constructor(source: LocalServer, managed: LocalServer) {
    this.source = source;
    this.managed = managed;
  }

  static async start(folder: string): Promise<TwoDatabases> {
    const make = async (name: string) => {
      const own = join(folder, name);
      await mkdir(own);
      await chmod(own, 0o755);
      await makeOwnedFolder(join(own, 'x'), runAs);
      await run(['chown', runAs ?? String(process.getuid?.()), own], { cwd: '/' });
      return new LocalServer(own, await freePort(undefined));
    };
    const two = new TwoDatabases(await make('platform'), await make('stack'));
    await two.source.initialize('shop', PASSWORDS.shop);
    await two.managed.initialize('postgres', PASSWORDS.superuser);
    // What must not come along: the members would archive into the source's place, or wait for its standbys.
    await appendFile(join(two.source.data, 'postgresql.conf'), "archive_mode = off\narchive_command = 'false'\n");
    await Promise.all([two.source.start(), two.managed.start()]);
    const admin = (text: string, database?: string) => two.source.sql(text, 'shop', database);
    await admin('ALTER SYSTEM SET archive_timeout = 77');
    await admin("ALTER SYSTEM SET work_mem = '7MB'");
    await admin('SELECT pg_reload_conf()');
    await admin(`CREATE ROLE orders LOGIN PASSWORD '${PASSWORDS.orders}'`);
    await admin('CREATE DATABASE shop OWNER orders');
    await admin('CREATE TABLE orders (n int PRIMARY KEY, at timestamptz DEFAULT now())', 'shop');
    await admin('ALTER TABLE orders OWNER TO orders', 'shop');
    return two;
  }

  async stop(): Promise<void> {
    await Promise.all([this.source.stop(), this.managed.stop()]);
  }

  request(more: Partial<PostgresRequest> = {}): PostgresRequest {
    const { port } = this.source;
    const place = { host: '127.0.0.1', port, service: { namespace: 'shop-data', name: 'postgres', podPort: port } };
    return { from: 'postgres.shop-data', place, slotLimit: '1GB', deletesClaims: false, followSeconds: 60, ...more };
  }

  async #begin(generation: number, follow: FollowSettings | undefined): Promise<void> {
    await this.onBegin();
    const { managed } = this;
    await managed.stop();
    if (follow === undefined) {
      await managed.initialize('postgres', PASSWORDS.superuser);
    } else {
      const { place, ...settings } = follow;
      const adopt = { ...settings, host: place.host, port: place.port, phase: 'follow' };
      const server = postgresSchema.parse({ adopt }).adopt;
      if (server === undefined) throw new Error('no server to adopt');
      // As Patroni gives it: its variables with passwords never reach a script.
      const passwords = join(managed.folder, 'pgpass');
      await writeFile(passwords, `127.0.0.1:${place.port}:*:replicator:${PASSWORDS.replication}\n`, { mode: 0o600 });
      if (runAs !== undefined) await run(['chown', runAs, passwords]);
      await script(managed, renderAdopt(server), { PGPASSFILE: passwords });
      const conninfo = `host=127.0.0.1 port=${place.port} user=replicator password=${PASSWORDS.replication}`;
      const own = [`primary_conninfo = '${conninfo}'`, `primary_slot_name = '${follow.slot}'`];
      const parameters = Object.entries(follow.settings).map(([name, value]) => `${name} = ${value}`);
      await managed.configure([...own, ...parameters, 'hot_standby = on']);
      await run(['touch', join(managed.data, 'standby.signal')], { as: runAs, cwd: '/' });
    }
    this.begun.push({ generation, follow });
    await managed.start();
  }

  get managedPort(): ManagedServer {
    const { managed } = this;
    return {
      describe: 'the stack’s server',
      query: (text, database) => managed.sql(text, 'postgres', database),
      promote: async () => {
        await this.onPromote();
        await managed.sql('SELECT pg_promote(false)', 'postgres');
      },
      afterPromotion: () =>
        script(managed, renderAfterAdopt('go_coffee', 'APPLICATION_PASSWORD'), {
          PATRONI_SUPERUSER_PASSWORD: PASSWORDS.superuser,
          APPLICATION_PASSWORD: 'stack-app',
        }),
    };
  }

  ports(login = { user: 'shop', password: PASSWORDS.shop }): PostgresPorts {
    const { port } = this.source;
    const source = sourceServer({ describe: `127.0.0.1:${port}`, host: '127.0.0.1', port }, login);
    return {
      ...this.platform.ports(),
      servers: [source],
      source,
      managed: this.managedPort,
      stack: {
        name: 'beside',
        replicationPassword: PASSWORDS.replication,
        generation: async () => this.begun.at(-1)?.generation ?? 1,
        claims: async () => ['data-postgres-0'],
        begin: (generation, follow) => this.#begin(generation, follow),
        lead: async () => void this.platform.done.push('lead'),
      },
    };
  }

  async log(): Promise<string> {
    return readFile(join(this.source.folder, 'log'), 'utf8');
  }
}

export interface Writer {
  readonly acknowledged: number[];
  stop(): Promise<void>;
}

/** Writes numbers wherever the platform's name leads to, as a service with one connection does. */
export function startWriter(two: TwoDatabases): Writer {
  const acknowledged: number[] = [];
  let stopped = false;
  const work = async (): Promise<void> => {
    let client: pg.Client | undefined;
    for (let n = 1; !stopped; ) {
      try {
        const server = two.platform.leadsTo === 'stack' ? two.managed : two.source;
        client ??= await server.connect('orders', 'shop', PASSWORDS.orders);
        await client.query('INSERT INTO orders (n) VALUES ($1)', [n]);
        acknowledged.push(n);
        n += 1;
      } catch {
        // A commit whose answer was lost may be there: its number is not written again.
        n += 1;
        await client?.end().catch(() => {});
        client = undefined;
        await delay(20);
      }
    }
    await client?.end().catch(() => {});
  };
  const working = work();
  return {
    acknowledged,
    async stop() {
      stopped = true;
      await working;
    },
  };
}
