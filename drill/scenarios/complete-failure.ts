/** The data centre is gone: every process, the site's folders, its S3 region, its local repository. Rebuilt from the other region. */
import { seconds } from '../../plan/duration.ts';
import { reportLosses } from '../losses.ts';
import { assessNames, comparePromises, restoreWatched } from '../recover.ts';
import type { Recovered, Scenario } from '../scenario.ts';
import type { Prepared } from '../stage.ts';

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
    ({ killed, ended }) => `${killed.length} processes killed; customers saw: ${ended.died ?? 'nothing'}`,
  );
  const second = await stage.step('site', 'an empty site in the second region', () =>
    prepared.emptySite({ site: 'second', regions: { secondary: regions.secondary }, local: false }),
  );
  await assessNames(stage, second);
  const { restored, ready } = await restoreWatched(stage, second, ['--to', 'latest', '--from', 'secondary']);
  const comparison = await comparePromises(second, ledgerFile, disasterAt);
  // What no other region held when the site died can't come back: the plan's RPO says how much that may be.
  const allowed = seconds(stage.options.plan.objectives.rpo.database);
  reportLosses(stage, comparison, { database: allowed, redis: allowed });
  return {
    platform: second,
    restored,
    comparison,
    ready,
    target: { repository: 'secondary', description: 'everything that the second region holds' },
  };
}

export const completeFailure: Scenario = { id: 'complete-failure', run };
