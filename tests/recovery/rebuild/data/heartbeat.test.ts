/** How new recovered data is, told by the data: by a real PostgreSQL whose monitor has long been at work again. */
import { expect, test } from 'vitest';
import { postgresSettings } from '../../../../recovery/config/environment.ts';
import { openSite } from '../../../../recovery/config/site.ts';
import { databaseChecks } from '../../../../recovery/rebuild/data/database.ts';
import { beat } from '../../../../recovery/status/monitor/heartbeat.ts';
import { withClient } from '../../../../recovery/workloads/postgres/server.ts';
import { withGolden } from '../../../faults/golden.ts';
import { samplePin } from '../sample-pin.ts';

test('the recovered beat is kept when this platform’s monitor beats, also in a table of an earlier version', async () => {
  await withGolden(async ({ startSource }) => {
    const site = await openSite((await startSource()).envFile);
    const settings = postgresSettings(site.environment);
    const ask = (text: string) => withClient(site, settings, async (client) => (await client.query(text)).rows);
    const recorded = { database: undefined, redis: undefined, dump: undefined };
    const newest = async () => {
      const facts = { pin: samplePin(1), recorded, isolated: true, declaredAt: new Date(), name: 'go_coffee' };
      const checks = await databaseChecks(ask, facts);
      return checks.find(({ recoveredTo }) => recoveredTo !== undefined)?.recoveredTo?.toISOString();
    };
    const recovered = '2026-11-25T20:04:30.123Z';
    await beat(site);
    // As it comes out of a copy: of another timeline.
    await ask(`UPDATE dr.heartbeat SET beat = '${recovered}', timeline = '0000000F', inherited = NULL`);
    expect(await newest()).toBe(recovered);
    await beat(site);
    await beat(site);
    expect(await newest()).toBe(recovered);
    // An earlier version's.
    await ask('ALTER TABLE dr.heartbeat DROP COLUMN timeline, DROP COLUMN inherited');
    await ask(`UPDATE dr.heartbeat SET beat = '${recovered}'`);
    expect(await newest()).toBe(recovered);
    await beat(site);
    expect(await newest()).toBe(recovered);
  });
});
