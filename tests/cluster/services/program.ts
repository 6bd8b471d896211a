/**
 * The inside of a sample service of Go Coffee, as it runs in a pod of the toolbox image: it reads and writes its stores, and is ready only
 * while it finds its own data there. One program for all; the environment says which service it is.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

// Mounted from a ConfigMap, it lies outside of every package: it uses the image's libraries.
const load = createRequire('/opt/go-coffee-dr/package.json');
const pg = load('pg') as typeof import('pg');
const { Redis } = load('ioredis') as typeof import('ioredis');

const { SERVICE = '', DATABASE_URL = '', REDIS_URL = '', JWT_SECRET = '', PROVIDER_KEY = '' } = process.env;
const SETTINGS = '/etc/service/settings.json';

const pool = new pg.Pool({
  connectionString: DATABASE_URL,
  max: 1,
  connectionTimeoutMillis: 2000,
  query_timeout: 3000,
});
pool.on('error', () => {});
const redis = new Redis(REDIS_URL, {
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  retryStrategy: (times) => Math.min(times * 100, 500),
});
redis.on('error', () => {});

/** A check throws what is wrong. */
type Check = () => Promise<void>;

function need(condition: unknown, fact: string): asserts condition {
  if (!condition) throw new Error(fact);
}

const rows =
  (from: string, what: string): Check =>
  async () => {
    const { rows } = await pool.query<{ n: number }>(`select count(*)::int n from (select 1 from ${from} limit 10) r`);
    need((rows[0]?.n ?? 0) > 0, `no ${what}`);
  };

const sessions: Check = async () => {
  need((await redis.hget('meta:sessions', 'schema')) === '1', 'no sessions in Redis');
  await redis.set(`probe:${SERVICE}`, SERVICE, 'EX', 60);
};

const heartbeat: Check = async () => {
  const sql = 'insert into service_heartbeats values ($1, now()) on conflict (service) do update set at = excluded.at';
  await pool.query(sql, [SERVICE]);
};

/** Of its ConfigMap. */
const setting =
  (name: string): Check =>
  async () => {
    const settings = JSON.parse(await readFile(SETTINGS, 'utf8')) as Record<string, unknown>;
    need(Array.isArray(settings[name]) && settings[name].length > 0, `${SETTINGS} has no ${name}`);
  };

const CHECKS: Readonly<Record<string, readonly Check[]>> = {
  'auth-service': [rows('accounts', 'accounts'), sessions],
  'payment-service': [
    rows('payments p join orders o on o.id = p.order_id', 'payments'),
    async () => need(PROVIDER_KEY, 'no key of the payment provider'),
  ],
  'order-service': [rows('orders o join order_items i on i.order_id = o.id', 'orders')],
  'ai-search': [rows(`menu_items where attributes @> '{"kind":"coffee"}'`, 'coffee on the menu')],
  analytics: [rows('events', 'events')],
  monitoring: [setting('rules')],
  logging: [setting('sinks')],
};

async function problems(): Promise<string[]> {
  const checks = [...(CHECKS[SERVICE] ?? []), heartbeat];
  const results = await Promise.allSettled(checks.map((check) => check()));
  return results.flatMap((r) => (r.status === 'rejected' ? [String((r.reason as Error).message)] : []));
}

/** `<subject>.<its HMAC by the JWT secret>`: enough of a token to see whose secret it was made with. */
function knows(token: string): boolean {
  const [subject = '', given = ''] = token.split('.');
  const wanted = createHmac('sha256', JWT_SECRET).update(subject).digest('hex');
  return given.length === wanted.length && timingSafeEqual(Buffer.from(given), Buffer.from(wanted));
}

const server = createServer(async (request, response) => {
  const reply = (status: number, body: object): void => {
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ service: SERVICE, ...body }));
  };
  if (request.url === '/alive') return reply(200, {});
  if (request.url === '/ready') {
    const found = await problems();
    return reply(found.length === 0 ? 200 : 503, { problems: found });
  }
  const welcome = knows((request.headers.authorization ?? '').replace(/^Bearer /, ''));
  return reply(welcome ? 200 : 401, { welcome });
});
server.listen(8080);
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  redis.disconnect();
  void pool.end();
});
