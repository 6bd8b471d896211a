/** Scenarios 2 and 7: the namespace is deleted under load, and rebuilt into a fresh stack; the rebuild is killed half-way, and goes on. */
import { describe, expect, it } from 'vitest';
import type { Load } from '../../../drill/load/load.ts';
import { REDIS } from '../../../infra/cluster/ports.ts';
import { productionPlan } from '../../../plan/production.ts';
import { TIERS } from '../../../plan/types.ts';
import type { RebuildOutcome } from '../../../recovery/rebuild/types.ts';
import { untilGone } from '../apply.ts';
import { archived } from '../archive.ts';
import { brokenCanaries, CANARIES, madeAt, missingObjects, rowCounts, secretValue } from '../checks.ts';
import { say } from '../cluster.ts';
import { runNow } from '../cron.ts';
import { sql } from '../database.ts';
import { type ClusterFixture, OWN_SECRETS, PLATFORM } from '../fixture.ts';
import { poll } from '../poll.ts';
import { PLAIN, runRebuild } from '../rebuild.ts';
import { withRedis } from '../redis.ts';
import { servicesNotReady } from '../services/deploy.ts';
import { OBJECTS } from '../services/manifests.ts';

const RUN_SECONDS = 600;
const GONE_SECONDS = 180;
/** What the rebuild puts its own things into: the old one's are still there. */
const REBUILT_RECOVERY = 'go-coffee-dr-rebuilt';
/** A WAL segment is shipped after a minute at the latest; Redis is copied each quarter of an hour. */
const MOST_LOST_SECONDS = { order: 120, payment: 120, cart: 900, stream: 900 } as const;

export function namespaceLost(fixture: ClusterFixture): void {
  const api = () => fixture.cluster.api;
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: PLATFORM } };

  describe('2: the namespace is lost', () => {
    let load: Load;
    let before: Record<string, number>;
    /** What earlier scenarios have lost is no loss of this one. */
    let since: Date;
    let lostAt: Date;
    let outcome: RebuildOutcome;

    it('after a full copy, under load', async () => {
      since = new Date();
      load = await fixture.startLoad(PLATFORM);
      const { succeeded, log } = await runNow(api(), fixture.now.recovery, 'dr-daily', RUN_SECONDS);
      expect(succeeded, log).toBe(true);
      await load.more(100);
      expect(await archived(fixture.cluster, PLATFORM, fixture.now.lineage)).toContain('secondary');
      await load.more(20);
      before = await rowCounts(api(), PLATFORM);
      lostAt = new Date();
      await api().remove(namespace);
      expect((await load.ended).died).toBeDefined();
      await untilGone(api(), namespace, { seconds: GONE_SECONDS, say });
    });

    const request = () => ({
      ...PLAIN,
      stack: 'rebuilt',
      like: 'local',
      set: { namespaces: { platform: PLATFORM, recovery: REBUILT_RECOVERY } },
      declaredAt: lostAt,
    });

    it('7: a rebuild that is killed half-way leaves the stack as it is', async () => {
      const { killed, lines } = await runRebuild(fixture, { request: request(), killAt: /recovery-check-stores/ });
      expect(killed, lines.join('\n')).toBe(true);
      expect(await fixture.engine.list()).toContain('rebuilt');
    });

    it('7: the same command ends well', async () => {
      const ended = await runRebuild(fixture, { request: request() });
      if (ended.outcome === undefined) throw new Error(ended.lines.join('\n'));
      outcome = ended.outcome;
      expect(outcome.failure?.fact).toBeUndefined();
      expect(outcome).toMatchObject({ resumed: true, exit: 0, setAside: [] });
      expect(outcome.checks.filter(({ ok }) => !ok)).toEqual([]);
    });

    it('rows, canaries and objects are those of before', async () => {
      expect(await rowCounts(api(), PLATFORM)).toEqual(before);
      expect(before.dr_canary).toBe(CANARIES);
      expect(await brokenCanaries(api(), PLATFORM)).toBe(0);
      expect(await missingObjects(api(), PLATFORM)).toEqual([]);
      const [row] = await sql(api(), PLATFORM, 'SELECT pg_is_in_recovery() AS follows');
      expect(row).toEqual({ follows: false });
    });

    it('every service is ready: it has found its data', async () => {
      expect(await servicesNotReady(api(), PLATFORM, 60)).toEqual([]);
    });

    it('no more is lost than the plan allows', async () => {
      const { kinds } = await fixture.compare(PLATFORM, lostAt, { since, upTo: lostAt });
      for (const { kind, lostSeconds, missing, acknowledged, corrupted } of kinds) {
        say(`${kind}: ${missing.length} of ${acknowledged} lost, ${lostSeconds.toFixed(1)} s`);
        expect(corrupted).toEqual([]);
        expect(lostSeconds, kind).toBeLessThanOrEqual(MOST_LOST_SECONDS[kind]);
      }
    });

    it('tiers came in their order', async () => {
      expect(outcome.tiers.map(({ tier }) => tier)).toEqual([...TIERS]);
      const ready = outcome.tiers.map(({ readyAt }) => Date.parse(readyAt ?? ''));
      expect([...ready].sort((a, b) => a - b)).toEqual(ready);
      const made = await madeAt(api(), PLATFORM);
      for (const [i, { id, services }] of productionPlan.tiers.entries()) {
        const own = services.flatMap(({ id: service }) => made[service] ?? []);
        // Times of Kubernetes are whole seconds.
        if (i > 0) expect(Math.min(...own) + 1000, id).toBeGreaterThanOrEqual(ready[i - 1] ?? 0);
      }
      say(outcome.tiers.map(({ tier, seconds }) => `${tier} ${Math.round(seconds ?? 0)} s`).join(', '));
    });

    it('secrets are those of before', async () => {
      expect(await secretValue(api(), PLATFORM, OBJECTS.auth, 'JWT_SECRET')).toBe(OWN_SECRETS.jwtSecret);
      expect(await secretValue(api(), PLATFORM, OBJECTS.provider, 'PROVIDER_KEY')).toBe(OWN_SECRETS.providerKey);
      expect(outcome.outputs.secrets).toMatchObject({
        postgres: fixture.secrets.postgres,
        redis: fixture.secrets.redis,
      });
    });

    it('it archives into a generation of its own, and writes resume', async () => {
      const lineage = String(outcome.outputs.lineage);
      expect(lineage).not.toBe(fixture.now.lineage);
      fixture.now = { recovery: REBUILT_RECOVERY, lineage, outputs: outcome.outputs };
      const after = await fixture.startLoad(PLATFORM);
      await after.more(50);
      expect((await after.stop()).died).toBeUndefined();
      expect(await archived(fixture.cluster, PLATFORM, lineage)).toContain('secondary');
    });

    it('a restart of Redis keeps what is there: its copy is laid down once', async () => {
      const password = fixture.secrets.redis;
      await withRedis(api(), PLATFORM, password, (redis) => redis.set('own', 'since then'));
      const pod = { name: `${REDIS}-0`, namespace: PLATFORM };
      const old = (await api().core.readNamespacedPod(pod)).metadata?.uid;
      await api().core.deleteNamespacedPod(pod);
      const ready = await poll(
        120,
        () =>
          api()
            .core.readNamespacedPod(pod)
            .catch(() => undefined),
        (found) => found?.metadata?.uid !== old && found?.status?.containerStatuses?.[0]?.ready === true,
      );
      expect(ready?.status?.initContainerStatuses?.[0]?.state?.terminated?.exitCode).toBe(0);
      const kept = await withRedis(api(), PLATFORM, password, (redis) => redis.get('own'));
      expect(kept).toBe('since then');
    });
  });
}
