/** The data centre is lost: every process, the site's folders, its S3 region, its local repository. Rebuilt from the other region. */
import { seconds } from '../../plan/duration.ts';
import { reportLosses } from '../losses.ts';
import { declareIncident } from '../people/walk.ts';
import { checkAssessment, compareWithLedger, restoreWatched } from '../recover.ts';
import type { Prepared, Recovered, Scenario } from '../stage.ts';

async function run(prepared: Prepared): Promise<Recovered> {
  const { stage, first, regions, load, ledgerFile } = prepared;
  const disasterAt = stage.declare('the first site, its S3 region and its local repository are lost');
  await stage.step(
    'destroy',
    'kill every process of the first site and delete all of it',
    async () => {
      const killed = await first.kill9();
      await Promise.all([first.destroy(), regions.primary.destroy()]);
      return { killed, ended: await load.ended };
    },
    ({ killed, ended }) => `${killed.length} processes killed; the load generator got: ${ended.died ?? 'no error'}`,
  );
  const second = await stage.step('site', 'an empty site in the second region', () =>
    prepared.emptySite({ site: 'second', regions: { secondary: regions.secondary }, local: false }),
  );
  const walk = await declareIncident(stage, second, { impact: 'Nothing can be ordered' });
  await checkAssessment(stage, walk);
  const { restored, ready } = await restoreWatched(stage, walk, ['--to', 'latest', '--from', 'secondary']);
  const comparison = await compareWithLedger(second, ledgerFile, disasterAt);
  // Writes that no other region held are lost; the plan's RPO limits how many those may be.
  const allowed = seconds(stage.options.plan.objectives.rpo.database);
  reportLosses(stage, comparison, { database: allowed, redis: allowed });
  return {
    platform: second,
    restored,
    comparison,
    ready,
    walk,
    target: { repository: 'secondary', description: 'the newest state in the second region' },
  };
}

export const completeFailure: Scenario = { id: 'complete-failure', run };
