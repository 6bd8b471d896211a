/** Do PostgreSQL and Redis let `dr` in: a backup and a restore need more than their programs. */
import { isOnOtherHost, type RedisSettings } from '../../config/environment.ts';
import { attachedRepositories } from '../../config/repositories.ts';
import type { Site } from '../../config/site.ts';
import { type Account, lookUpAccount } from '../../core/account.ts';
import { asDrError, rethrowBug } from '../../core/as-dr-error.ts';
import { DrError } from '../../core/errors.ts';
import { secretVariables } from '../../engines/pgbackrest/secrets.ts';
import { authoritiesOf, refuseUnreadable } from '../../workloads/postgres/archive/readable-secrets.ts';
import { withClient } from '../../workloads/postgres/server.ts';
import { redisAddress, withRedis } from '../../workloads/redis/client.ts';
import { infoField } from '../../workloads/redis/info.ts';
import type { Check } from './site-checks.ts';

/** A refused login is missing: only a person can put the right one there. A server that does not answer may be the disaster itself. */
async function answerOf(name: string, ask: () => Promise<string>): Promise<Check> {
  const wanted = 'lets dr in';
  try {
    return { name, status: 'ok', found: await ask(), wanted, hint: '' };
  } catch (error) {
    rethrowBug(error);
    const { code, fact, hint } = asDrError(error, name);
    const refused = /-DENIED$|^SECRET-|-TLS$|-CA-UNREADABLE$/.test(code);
    return { name, status: refused ? 'missing' : 'warning', found: fact, wanted, hint };
  }
}

async function checkPostgres(site: Site): Promise<Check[]> {
  const settings = site.environment.postgres;
  if (settings === undefined) return [];
  const ask = async (): Promise<string> => {
    const { rows } = await withClient(site, settings, (client) =>
      client.query<{ version: string; standby: boolean }>(
        "SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS standby",
      ),
    );
    const { version = '', standby = false } = rows[0] ?? {};
    return `${version}${standby ? ', a standby' : ''}, as ${settings.user}`;
  };
  return [await answerOf('postgres server', ask)];
}

/** An account that this machine does not have is a check of its own. */
async function accountOf(name: string | undefined): Promise<Account | undefined> {
  try {
    return await lookUpAccount(name);
  } catch (error) {
    if (error instanceof DrError && error.code === 'ACCOUNT-UNKNOWN') return undefined;
    throw error;
  }
}

/** As that account ships the WAL. Nothing where it is the caller's own, or that of another host. */
async function checkArchiveSecrets(site: Site): Promise<Check[]> {
  const { postgres, runAs } = site.environment;
  if (postgres === undefined || isOnOtherHost(postgres) || (await accountOf(runAs)) === undefined) return [];
  const written = attachedRepositories(site).filter(({ exported }) => exported !== true);
  const secrets = secretVariables(written.map(({ id, settings }) => ({ id, settings, role: 'writer' })));
  const about = { name: 'secrets for WAL', wanted: `readable for ${runAs}, with each ca` };
  try {
    await refuseUnreadable(site, secrets, authoritiesOf(written));
    return [{ ...about, status: 'ok', found: 'all', hint: '' }];
  } catch (error) {
    rethrowBug(error);
    const { fact, hint } = asDrError(error, about.name);
    return [{ ...about, status: 'missing', found: fact, hint }];
  }
}

/** Rights that a backup needs besides: an ACL user may lack one. */
async function ask(site: Site, settings: RedisSettings): Promise<string> {
  return withRedis(site, settings, async (redis) => {
    const info = await redis.info();
    const field = (name: string): string => infoField(info, name) ?? 'unknown';
    if (!isOnOtherHost(settings)) await redis.config('GET', 'dir');
    const name = settings.user === undefined ? '' : `, as ${settings.user}`;
    return `${field('redis_version')}, ${field('role')} at ${redisAddress(settings)}${name}`;
  });
}

async function checkRedis(site: Site): Promise<Check[]> {
  const settings = site.environment.redis;
  return settings === undefined ? [] : [await answerOf('redis server', () => ask(site, settings))];
}

export async function serverChecks(site: Site): Promise<Check[]> {
  return (await Promise.all([checkArchiveSecrets(site), checkPostgres(site), checkRedis(site)])).flat();
}
