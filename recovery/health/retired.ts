/**
 * Are replaced credentials dead: each is tried against the live store. Only a refusal by that store is proof; a store that gives no answer
 * proves nothing, and the check has failed.
 */
import { Redis } from 'ioredis';
import type { PostgresSettings, Retired } from '../config/environment.ts';
import type { Site } from '../config/site.ts';
import { connectClient } from '../engines/postgres/client.ts';
import { redisPlace } from '../engines/redis/server.ts';
import { wordsOf } from './stores.ts';
import type { HealthCheck } from './types.ts';

type Verdict = Pick<HealthCheck, 'ok' | 'fact'>;

const CONNECT_MS = 5_000;

const refused = (fact: string): Verdict => ({ ok: true, fact });
const accepted = (fact: string): Verdict => ({ ok: false, fact: `ACCEPTED: ${fact}` });
const unproven = (error: unknown): Verdict => ({ ok: false, fact: `not proven: ${wordsOf(error)}` });

/** What the server says of a password, by its codes. The second group is said only to those whose password was right. */
function verdictOf(error: unknown): Verdict {
  const { code, message } = error as { readonly code?: string; readonly message: string };
  if (code === '28P01') return refused('refused');
  if (code === '28000' && /not permitted to log in/.test(message)) return refused('the role may not log in');
  if (code === '42501' || code === '3D000') return accepted(`the server lets it in, and says: ${message}`);
  return unproven(error);
}

async function tryPostgres(
  site: Site,
  settings: PostgresSettings,
  { user, password }: Retired['postgres'][number],
): Promise<Verdict> {
  try {
    const base = {
      database: settings.database,
      connectionTimeoutMillis: CONNECT_MS,
      application_name: 'dr',
      password: await site.secrets.read(password, 'retired.postgres.password'),
    };
    const client = await connectClient({ ...settings, user }, base, (each) => {
      each.on('error', (error) => site.log.debug({ error: error.message }, 'PostgreSQL closed the connection'));
    });
    await client.end();
    return accepted('the server lets it in');
  } catch (error) {
    return verdictOf(error);
  }
}

/** Nothing where no credential was replaced. */
export async function checkRetiredPostgres(site: Site): Promise<HealthCheck[]> {
  const { postgres: settings, retired } = site.environment;
  if (settings === undefined) return [];
  return Promise.all(
    (retired?.postgres ?? []).map(async (credential, n) => ({
      id: `retired/postgres/${credential.user}/${n + 1}`,
      title: `PostgreSQL refuses the old password of ${credential.user}`,
      ...(await tryPostgres(site, settings, credential)),
    })),
  );
}

async function tryRedis(
  site: Site,
  settings: Parameters<typeof redisPlace>[0],
  { user, password }: Retired['redis'][number],
): Promise<Verdict> {
  let redis: Redis | undefined;
  // What a connection ends with is said by an event; the promise knows only that it has ended.
  let said: Error | undefined;
  try {
    const secret = await site.secrets.read(password, 'retired.redis.password');
    const name = user === undefined ? {} : { username: user };
    redis = new Redis({ ...redisPlace(settings), ...name, password: secret });
    redis.on('error', (error) => {
      said = error;
    });
    await redis.connect();
    // Without a password of its own the server lets everybody in, and this one too.
    await redis.echo('in');
    return accepted('the server lets it in');
  } catch (caught) {
    const error = said ?? (caught as Error);
    const words = error.message;
    // Whoever may do nothing at all has given the right password all the same.
    if (/^NOPERM/.test(words)) return accepted(`the server says: ${words}`);
    return /WRONGPASS/.test(words) ? refused('refused') : unproven(error);
  } finally {
    redis?.disconnect();
  }
}

export async function checkRetiredRedis(site: Site): Promise<HealthCheck[]> {
  const { redis: settings, retired } = site.environment;
  if (settings === undefined) return [];
  return Promise.all(
    (retired?.redis ?? []).map(async (credential, n) => ({
      id: `retired/redis/${credential.user ?? 'default'}/${n + 1}`,
      title: `Redis refuses the old password${credential.user === undefined ? '' : ` of ${credential.user}`}`,
      ...(await tryRedis(site, settings, credential)),
    })),
  );
}
