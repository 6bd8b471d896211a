/** Scenario 6: the node of the leader is gone in the middle of the load. */
import { describe, expect, it } from 'vitest';
import type { Load } from '../../../drill/load/load.ts';
import { archived, missingSegments } from '../archive.ts';
import { say } from '../cluster.ts';
import { type Member, members, sql } from '../database.ts';
import { type ClusterFixture, lossesOf, PLATFORM } from '../fixture.ts';
import { cordon, crash, uncordon } from '../losses.ts';
import { poll } from '../poll.ts';
import { servicesNotReady } from '../services/deploy.ts';

/** Patroni's lease is 30 s; then the election. */
const FAILOVER_SECONDS = 90;
/** Streaming to the replica is asynchronous. The plan allows an hour. */
const MOST_LOST_SECONDS = 5;

const leaderOf = (all: readonly Member[]): string | undefined =>
  all.find(({ role, state }) => role === 'leader' && state === 'running')?.name;

export function leaderKilled(fixture: ClusterFixture): void {
  const api = () => fixture.cluster.api;

  describe('6: the leader is killed', () => {
    let load: Load;
    let first: string;
    let killedAt: Date;

    it('under load', async () => {
      first = leaderOf(await members(api(), PLATFORM)) ?? '';
      expect(first).toMatch(/^postgres-/);
      load = await fixture.startLoad(PLATFORM);
      await load.more(100);
      // No pod comes back while the node is away; else the same leader would be there before its lease is over.
      await cordon(api());
      // A segment is complete, and there is no time to ship it.
      await sql(api(), PLATFORM, 'SELECT pg_switch_wal()');
      killedAt = new Date();
      await crash(api(), PLATFORM, first);
      const { died } = await load.ended;
      expect(died).toBeDefined();
    });

    it('Patroni fails over', async () => {
      const found = await poll(
        FAILOVER_SECONDS,
        () => members(api(), PLATFORM),
        (all) => ![undefined, first].includes(leaderOf(all)),
      );
      await uncordon(api());
      expect(leaderOf(found)).toMatch(/^postgres-/);
      // It has the lease; the service leads to it a moment later.
      const [row] = await poll(
        60,
        () => sql(api(), PLATFORM, 'SELECT pg_is_in_recovery() AS follows').catch(() => []),
        ([answer]) => answer?.follows === false,
      );
      expect(row).toEqual({ follows: false });
      say(`a new leader after ${Math.round((Date.now() - killedAt.getTime()) / 1000)} s`);
    });

    it('writes resume; at most the last seconds are lost', async () => {
      // What was promised in the moment of the kill counts too.
      const comparison = await fixture.compare(PLATFORM, killedAt);
      const { kinds } = comparison;
      for (const line of lossesOf(comparison)) say(line);
      expect(kinds.flatMap(({ corrupted }) => corrupted)).toEqual([]);
      const lost = Math.max(...kinds.map(({ lostSeconds }) => lostSeconds));
      say(`lost ${lost} s`);
      expect(lost).toBeLessThanOrEqual(MOST_LOST_SECONDS);
      const after = await fixture.startLoad(PLATFORM);
      await after.more(50);
      expect((await after.stop()).died).toBeUndefined();
    });

    it('archiving resumes on the new timeline, and no segment is missing before it', async () => {
      const holders = await archived(fixture.cluster, PLATFORM, 'local-1');
      expect(holders).toEqual(['local', 'primary', 'secondary']);
      const [row] = await sql(api(), PLATFORM, 'SELECT pg_walfile_name(pg_current_wal_lsn()) AS segment');
      const last = String(row?.segment);
      expect(Number.parseInt(last.slice(0, 8), 16)).toBe(2);
      for (const repository of ['primary', 'secondary'] as const) {
        const gaps = await poll(
          60,
          () => missingSegments(fixture.cluster.storage, repository, 'local-1'),
          (missing) => missing.length === 0,
        );
        expect(gaps).toEqual([]);
      }
    });

    it('the old leader follows, and every service is ready', async () => {
      const found = await poll(
        180,
        () => members(api(), PLATFORM),
        (all) => all.some(({ name, role, state }) => name === first && role === 'replica' && state === 'running'),
      );
      expect(found).toContainEqual(expect.objectContaining({ name: first, role: 'replica' }));
      expect(await servicesNotReady(api(), PLATFORM, 120)).toEqual([]);
    });
  });
}
