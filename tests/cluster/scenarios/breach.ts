/** Scenario 5: an intruder changes data and takes secrets; the platform is rebuilt from the moment before, and what was taken opens nothing. */
import { createHmac } from 'node:crypto';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { PORTS, POSTGRES } from '../../../infra/cluster/ports.ts';
import type { RebuildOutcome } from '../../../recovery/rebuild/types.ts';
import type { Api } from '../api.ts';
import { archived } from '../archive.ts';
import { rowCounts, secretValue } from '../checks.ts';
import { runNow } from '../cron.ts';
import { DATABASE, sql } from '../database.ts';
import { type ClusterFixture, OWN_SECRETS, PLATFORM } from '../fixture.ts';
import { PLAIN, runRebuild } from '../rebuild.ts';
import { connectRedis } from '../redis.ts';
import { ask, servicesNotReady } from '../services/deploy.ts';
import { OBJECTS } from '../services/manifests.ts';

const RUN_SECONDS = 600;
const CLEAN = { platform: 'go-coffee-clean', recovery: 'go-coffee-dr-clean' } as const;

const tokenBy = (secret: string): string => `guest.${createHmac('sha256', secret).update('guest').digest('hex')}`;

/** Message of the refusal; undefined when the password opens it. */
async function refused(api: Api, namespace: string, user: string, password: string): Promise<string | undefined> {
  const { spec } = await api.core.readNamespacedService({ name: POSTGRES, namespace });
  const client = new pg.Client({
    host: spec?.clusterIP ?? '',
    port: PORTS.postgres,
    user,
    database: DATABASE,
    password,
    ssl: { rejectUnauthorized: false },
    connectionTimeoutMillis: 5000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.end();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

export function breach(fixture: ClusterFixture): void {
  const api = () => fixture.cluster.api;

  describe('5: a security breach', () => {
    let before: Record<string, number>;
    let cleanAt: Date;
    let outcome: RebuildOutcome;

    it('comes after a full copy', async () => {
      const { succeeded, log } = await runNow(api(), fixture.now.recovery, 'dr-daily', RUN_SECONDS);
      expect(succeeded, log).toBe(true);
      before = await rowCounts(api(), PLATFORM);
      // A commit after the moment that is asked for: else PostgreSQL could not tell that it was reached.
      const [row] = await sql(api(), PLATFORM, 'SELECT clock_timestamp() AS now');
      cleanAt = new Date(String(row?.now));
      await sql(api(), PLATFORM, 'DELETE FROM order_items WHERE line = 1');
      await sql(api(), PLATFORM, `UPDATE accounts SET password_hash = 'of the intruder'`);
      expect(await archived(fixture.cluster, PLATFORM, fixture.now.lineage)).toContain('secondary');
    });

    it('is rebuilt from the moment before it, with new secrets', async () => {
      const ended = await runRebuild(fixture, {
        request: {
          ...PLAIN,
          stack: 'clean',
          like: 'local',
          target: cleanAt.toISOString(),
          set: { namespaces: CLEAN },
          rotateSecrets: true,
          harden: true,
          declaredAt: new Date(),
        },
      });
      if (ended.outcome === undefined) throw new Error(ended.lines.join('\n'));
      outcome = ended.outcome;
      expect(outcome.failure?.fact).toBeUndefined();
      expect(outcome).toMatchObject({ exit: 0, setAside: [] });
    });

    it('has the rows of before, and none of the intruder’s', async () => {
      expect(await rowCounts(api(), CLEAN.platform)).toEqual(before);
      const text = `SELECT count(*)::int AS stolen FROM accounts WHERE password_hash = 'of the intruder'`;
      expect(await sql(api(), CLEAN.platform, text)).toEqual([{ stolen: 0 }]);
      expect(await servicesNotReady(api(), CLEAN.platform, 120)).toEqual([]);
    });

    it('what was taken opens nothing', async () => {
      const { postgres, redis } = fixture.secrets;
      for (const [user, password] of [
        ['postgres', postgres.superuser],
        ['replicator', postgres.replication],
        [DATABASE, postgres.application],
      ] as const) {
        expect(await refused(api(), CLEAN.platform, user, password), user).toMatch(
          /password authentication failed|no pg_hba|valid client certificate/,
        );
      }
      await expect(connectRedis(api(), CLEAN.platform, redis)).rejects.toThrow();
      const token = tokenBy(OWN_SECRETS.jwtSecret);
      expect(await ask(api(), CLEAN.platform, 'auth-service', '/', token)).toBe(401);
      // The token itself is sound: where nothing was rotated it is welcome.
      expect(await ask(api(), PLATFORM, 'auth-service', '/', token)).toBe(200);
    });

    it('the new ones do; what only the provider can change is as it was, and people are told so', async () => {
      const jwt = await secretValue(api(), CLEAN.platform, OBJECTS.auth, 'JWT_SECRET');
      expect(jwt).not.toBe(OWN_SECRETS.jwtSecret);
      expect(await ask(api(), CLEAN.platform, 'auth-service', '/', tokenBy(jwt))).toBe(200);
      expect(await secretValue(api(), CLEAN.platform, OBJECTS.provider, 'PROVIDER_KEY')).toBe(OWN_SECRETS.providerKey);
    });
  });
}
