/** Old credentials are dead only when the live store has refused them: real PostgreSQL, real Redis. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSite, type Site } from '../../../../recovery/config/site.ts';
import { checkHealth } from '../../../../recovery/status/health/check.ts';
import { withPlatform } from '../../../platform.ts';

type Place = Partial<Record<'socketDir' | 'socket', string>>;

/** The platform's own site, with these replaced credentials. */
async function siteWith(
  envFile: string,
  folder: string,
  retired: Site['environment']['retired'],
  place: Place = {},
): Promise<Site> {
  const site = await openSite(envFile);
  const { postgres, redis, ...rest } = site.environment;
  if (postgres === undefined || redis === undefined) throw new Error('the platform has both stores');
  const { socketDir = postgres.socketDir, socket = redis.socket } = place;
  const environment = { ...rest, postgres: { ...postgres, socketDir }, redis: { ...redis, socket }, retired };
  return { ...site, file: join(folder, 'dr.yaml'), environment };
}

async function verdicts(
  site: Site,
): Promise<{ healthy: boolean; found: Record<string, [boolean | undefined, string]> }> {
  const report = await checkHealth(site, { comprehensive: false, stores: true, now: () => new Date() });
  const checks = report.tiers.flatMap((tier) => tier.checks).filter(({ id }) => id.startsWith('retired/'));
  return { healthy: report.healthy, found: Object.fromEntries(checks.map(({ id, ok, fact }) => [id, [ok, fact]])) };
}

test('what is let in fails the check, what is refused passes it, and silence proves nothing', {
  timeout: 120_000,
}, async () => {
  await withPlatform({}, async ({ folder, platform }) => {
    const secret = async (name: string, value: string) => {
      const file = join(folder, name);
      await writeFile(file, value, { mode: 0o600 });
      return { file };
    };
    const old = await secret('old', 'OldPassword-1234');
    const wrong = await secret('wrong', 'NeverWasOne-1234');
    const client = await platform.postgres();
    try {
      await client.query(`create role lives login password 'OldPassword-1234'`);
      await client.query(
        `create role rotated login password 'OldPassword-1234'; alter role rotated password 'New-1234'`,
      );
      await client.query(`create role emptied login password 'OldPassword-1234'; alter role emptied password null`);
      await client.query(`create role locked nologin password 'OldPassword-1234'`);
      await client.query('create database closed');
      await client.query('revoke connect on database closed from public');
    } finally {
      await client.end();
    }
    const postgres = ['lives', 'rotated', 'emptied', 'locked', 'never-was'].map((user) => ({ user, password: old }));
    const redis = await platform.redis();
    try {
      await redis.call('ACL', 'SETUSER', 'lives', 'on', '>OldPassword-1234', '+@all');
      const retired = { postgres, redis: [{ password: wrong }, { user: 'lives', password: old }] };
      const { healthy, found } = await verdicts(await siteWith(platform.envFile, folder, retired));
      expect(found).toEqual({
        'retired/postgres/lives/1': [false, 'ACCEPTED: the server lets it in'],
        'retired/postgres/rotated/2': [true, 'refused'],
        'retired/postgres/emptied/3': [true, 'refused'],
        'retired/postgres/locked/4': [true, 'the role may not log in'],
        'retired/postgres/never-was/5': [true, 'refused'],
        'retired/redis/default/1': [true, 'refused'],
        'retired/redis/lives/2': [false, 'ACCEPTED: the server lets it in'],
      });
      expect(healthy).toBe(false);
      const dead = { postgres: postgres.slice(1), redis: [{ password: wrong }] };
      expect((await verdicts(await siteWith(platform.envFile, folder, dead))).healthy).toBe(true);

      const closed = await siteWith(platform.envFile, folder, { postgres: postgres.slice(0, 1), redis: [] });
      const settings = { ...closed.environment.postgres, database: 'closed' } as Site['environment']['postgres'];
      const elsewhere = await verdicts({ ...closed, environment: { ...closed.environment, postgres: settings } });
      expect(elsewhere.found['retired/postgres/lives/1']?.[1]).toMatch(/^ACCEPTED: .*permission denied for database/);

      await redis.call('CONFIG', 'SET', 'requirepass', '');
      const open = await verdicts(
        await siteWith(platform.envFile, folder, { postgres: [], redis: [{ password: wrong }] }),
      );
      expect(open.found['retired/redis/default/1']).toEqual([false, 'ACCEPTED: the server lets it in']);

      const away = await siteWith(platform.envFile, folder, dead, { socketDir: folder, socket: join(folder, 'none') });
      const silent = await verdicts(away);
      expect(Object.values(silent.found).map(([ok, fact]) => [ok, fact.split(':')[0]])).toEqual(
        Array.from({ length: 5 }, () => [false, 'not proven']),
      );
      expect(silent.healthy).toBe(false);
    } finally {
      redis.disconnect();
    }
    const gone = { postgres: [{ user: 'lives', password: { file: join(folder, 'none') } }], redis: [] };
    const { found } = await verdicts(await siteWith(platform.envFile, folder, gone));
    expect(found['retired/postgres/lives/1']?.[0]).toBe(false);
    expect(found['retired/postgres/lives/1']?.[1]).toMatch(/^not proven: the key file .* does not exist/);
  });
});
