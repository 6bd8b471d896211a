/** A prune whose retention would remove the last verified point keeps it and says so; the point can still be restored. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSite } from '../../recovery/config/site.ts';
import { silentLog } from '../../recovery/core/log.ts';
import { openPgBackRest } from '../../recovery/engines/pgbackrest/pgbackrest.ts';
import { type PruneRequest, runPrune } from '../../recovery/prune/run.ts';
import { pruneText } from '../../recovery/prune/text.ts';
import { leasePoint } from '../../recovery/storage/lease.ts';
import { verifyRepositories } from '../../recovery/verify/run.ts';
import { drEnds, withGolden } from './golden.ts';

const DAY_MS = 24 * 3_600_000;
/** Three times the retention of `local`. */
const LATER = () => new Date(Date.now() + 90 * DAY_MS);

test('the last verified point and a leased point stay, and pass a deep verification', async () => {
  await withGolden(async (golden) => {
    const source = await golden.startSource();
    const { envFile } = source;
    const { full, incremental } = golden.facts.points;
    const backup = async (): Promise<string> => {
      const args = ['backup', '--kind', 'full', '--only', 'postgres,uploads', '--repository', 'local', '-o', 'json'];
      return (JSON.parse((await drEnds(0, envFile, args)).stdout) as { runId: string }).runId;
    };
    const [middle, newest] = [await backup(), await backup()];
    await drEnds(0, envFile, ['points', 'mark', full, 'verified', '--repository', 'local']);

    const site = await openSite(envFile, silentLog);
    const repository = site.repository('local');
    let asked = 0;
    const request: PruneRequest = {
      repositories: ['local'],
      dryRun: false,
      now: LATER,
      progress: () => undefined,
      approve: async () => {
        asked += 1;
      },
    };
    const ids = async (): Promise<string[]> => {
      const { stdout } = await drEnds(0, envFile, ['points', '--repository', 'local', '-o', 'json']);
      return (JSON.parse(stdout) as { points: { id: string }[] }).points.map(({ id }) => id).sort();
    };
    const all = [full, incremental, middle, newest];

    const dry = await runPrune(site, { ...request, dryRun: true });
    expect(dry.outcomes[0]?.plan?.remove).toEqual([middle]);
    expect(pruneText(dry.outcomes, { dryRun: true })).toMatch(
      new RegExp(`kept +${full} .*the last verified point: never removed`),
    );
    const refusal = new Error('no');
    const refuse = async (): Promise<void> => {
      throw refusal;
    };
    await expect(runPrune(site, { ...request, approve: refuse })).rejects.toBe(refusal);
    expect(await ids()).toEqual(all);
    expect(asked).toBe(0);

    // A restore that starts while the confirmation is pending keeps the point.
    const store = await repository.store('restorer');
    const approve = async (): Promise<void> => {
      await leasePoint(store, repository.layout, {
        point: middle,
        holder: 'someone',
        ttlSeconds: 100 * 24 * 3600,
      });
    };
    await runPrune(site, { ...request, approve });
    expect(await ids()).toEqual(all);
    await drEnds(0, envFile, ['points', '--repository', 'local']);
    for (const { key } of await store.list(repository.layout.leasesOf(middle))) await store.delete(key);

    expect((await runPrune(site, request)).exit).toBe(0);
    expect(asked).toBe(1);
    expect(await ids()).toEqual([full, incremental, newest]);
    const folder = join(golden.folder, 'look');
    const pg = await openPgBackRest(site, { lineage: 'first-1', repositories: [repository], role: 'restorer', folder });
    expect((await pg.info(repository))?.backup.map(({ type }) => type)).toEqual(['full', 'incr', 'full']);

    // The signed checkpoint names what was removed, its WAL is not a gap, and the kept point still restores.
    const now = LATER();
    const later = {
      deep: true,
      reading: { kind: 'percent', percent: 100 } as const,
      point: full,
      now,
      progress: () => undefined,
    };
    const { repositories } = await verifyRepositories(site, ['local'], later);
    expect(repositories[0]?.findings).toEqual([]);
    expect(repositories[0]?.deep).toMatchObject({ point: full, marked: true });
    expect(repositories[0]?.deep?.rows).toBeGreaterThan(golden.facts.rows.beforeFull);
  });
});
