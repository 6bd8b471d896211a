/** A running service: an HTTP server on a socket, its stores, and its health checks. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { parse, parseAllDocuments } from 'yaml';
import { valueAt } from '../../recovery/core/json.ts';
import { SERVICE_ROLES } from './accounts.ts';
import { readServiceSecret, type ServiceSecret } from './kubernetes.ts';
import { PROBE_PREFIX } from './redis-data.ts';
import type { ServiceSettings } from './service-settings.ts';

interface Stores {
  readonly pool: pg.Pool | undefined;
  readonly redis: Redis;
  folder(workload: string): string;
}

/** Throws what is wrong. */
type HealthCheck = (stores: Stores) => Promise<void>;

function need(condition: unknown, fact: string): asserts condition {
  if (!condition) throw new Error(fact);
}

const rowsOf =
  (sql: string, what: string): HealthCheck =>
  async ({ pool }) => {
    const result = await pool?.query<{ n: number }>(sql);
    need((result?.rows[0]?.n ?? 0) > 0, `no ${what}`);
  };

const sessions: HealthCheck = async ({ redis }) => {
  need((await redis.hget('meta:sessions', 'schema')) === '1', 'no sessions in Redis');
  const key = `${PROBE_PREFIX}auth-service`;
  await redis.set(key, String(process.pid), 'EX', 60);
  need((await redis.get(key)) === String(process.pid), 'Redis does not keep a written key');
};

const eventSegments: HealthCheck = async ({ folder }) => {
  const names = (await readdir(folder('event-store'))).filter((name) => name.endsWith('.ndjson')).sort();
  const last = names.at(-1);
  need(last, 'the event store has no segment');
  const [text, digest] = await Promise.all(
    [last, `${last}.sha256`].map((name) => readFile(join(folder('event-store'), name), 'utf8')),
  );
  need(
    createHash('sha256')
      .update(text ?? '')
      .digest('hex') === digest,
    `segment ${last} does not match its digest`,
  );
};

const alertRules: HealthCheck = async ({ folder }) => {
  const document: unknown = parse(await readFile(join(folder('monitoring-config'), 'rules.yaml'), 'utf8'));
  need(valueAt(document, 'groups', 0, 'rules', 0), 'no alert rules');
  const manifests = (await readdir(folder('manifests'))).filter((name) => name.endsWith('.yaml'));
  need(manifests.length > 1, 'no manifests to watch');
};

const logSinks: HealthCheck = async ({ folder }) => {
  const document: unknown = parse(await readFile(join(folder('monitoring-config'), 'logging.yaml'), 'utf8'));
  need(valueAt(document, 'sinks', 0), 'no log sinks');
};

const CHECKS: Readonly<Record<string, readonly HealthCheck[]>> = {
  'auth-service': [rowsOf('select count(*)::int n from (select from accounts limit 10) a', 'accounts'), sessions],
  'payment-service': [
    rowsOf(
      'select count(*)::int n from (select from payments p join orders o on o.id = p.order_id limit 10) p',
      'payments',
    ),
  ],
  'order-service': [
    rowsOf(
      'select count(*)::int n from (select from orders o join order_items i on i.order_id = o.id limit 10) o',
      'orders',
    ),
  ],
  'ai-search': [
    rowsOf(`select count(*)::int n from menu_items where attributes @> '{"kind":"coffee"}'`, 'coffee on the menu'),
  ],
  analytics: [rowsOf('select count(*)::int n from (select from events limit 10) e', 'events'), eventSegments],
  monitoring: [alertRules],
  logging: [logSinks],
};

/** A cluster would not schedule a service without its manifest, configuration or image. */
const deployed =
  (service: string): HealthCheck =>
  async ({ folder }) => {
    const text = await readFile(join(folder('manifests'), `${service}.yaml`), 'utf8');
    const documents: unknown[] = parseAllDocuments(text).map((document) => document.toJS());
    const deployment = documents.find((document) => valueAt(document, 'kind') === 'Deployment');
    const image = valueAt(deployment, 'spec', 'template', 'spec', 'containers', 0, 'image');
    need(typeof image === 'string', `${service}.yaml holds no Deployment with an image`);
    const digest = image.split('@sha256:')[1] ?? '';
    need(existsSync(join(folder('images'), 'blobs/sha256', digest)), `image ${image} is not in the registry`);
    await readFile(join(folder('config-and-secrets'), 'configmaps', `${service}.yaml`), 'utf8');
  };

const heartbeat =
  (service: string): HealthCheck =>
  async ({ pool }) => {
    const sql = `insert into service_heartbeats values ($1, now()) on conflict (service) do update set at = excluded.at`;
    await pool?.query(sql, [service]);
  };

async function ownSecret(settings: ServiceSettings, service: string): Promise<ServiceSecret> {
  const file = join(settings.folder('config-and-secrets'), 'secrets', `${service}.yaml`);
  return readServiceSecret(await readFile(file, 'utf8'));
}

function openStores(
  settings: ServiceSettings,
  service: string,
  secret: ServiceSecret | undefined,
  redisPassword: string,
): Stores {
  const role = SERVICE_ROLES.find((r) => r.service === service)?.role;
  const pool =
    role &&
    new pg.Pool({
      host: settings.run,
      port: settings.database.port,
      database: settings.database.name,
      user: role,
      password: secret?.dbPassword ?? '',
      max: 1,
      idleTimeoutMillis: 2_000,
      connectionTimeoutMillis: 3_000,
      query_timeout: 5_000,
    });
  if (pool) pool.on('error', () => {});
  const redis = new Redis({
    path: settings.redis.socket,
    password: redisPassword,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(times * 100, 500),
  });
  redis.on('error', () => {});
  return {
    pool: pool || undefined,
    redis,
    folder: settings.folder,
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function sameToken(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return token !== '' && timingSafeEqual(digest(given), digest(token));
}

/** Listens until SIGTERM. Reads its secrets once at the start, as a container gets them. */
export async function runService(service: string, settings: ServiceSettings, socket: string): Promise<void> {
  const secret = await ownSecret(settings, service).catch(() => undefined);
  const redisPassword = await readFile(settings.redis.passwordFile, 'utf8').catch(() => '');
  const stores = openStores(settings, service, secret, redisPassword);
  const checks: readonly HealthCheck[] = [
    async () => need(secret, 'its Secret is missing'),
    deployed(service),
    ...(CHECKS[service] ?? []),
    heartbeat(service),
  ];
  const problems = async (): Promise<string[]> => {
    const results = await Promise.allSettled(checks.map((check) => check(stores)));
    return results.flatMap((r) => (r.status === 'rejected' ? [messageOf(r.reason)] : []));
  };
  const server = createServer(async (request, response) => {
    const reply = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ service, ...body }));
    };
    if (request.url === '/alive') return reply(200, {});
    if (request.url === '/health') {
      const found = await problems();
      return reply(found.length === 0 ? 200 : 503, { healthy: found.length === 0, problems: found });
    }
    const given = (request.headers.authorization ?? '').replace(/^Bearer /, '');
    return sameToken(given, secret?.token ?? '') ? reply(200, { welcome: true }) : reply(401, { welcome: false });
  });
  server.listen(socket);
  process.once('SIGTERM', () => {
    server.close();
    server.closeAllConnections();
    stores.redis.disconnect();
    void stores.pool?.end();
  });
}
