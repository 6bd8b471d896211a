/** `dr health` */
import { openSite } from '../config/site.ts';
import { EXIT } from '../core/errors.ts';
import type { Progress } from '../core/progress.ts';
import { checkHealth } from '../status/health/check.ts';
import { healthText } from '../status/health/text.ts';
import { untilHealthy, waitOf } from '../status/health/wait.ts';
import type { Execute, HealthOptions } from './command.ts';

export const healthCommand: Execute<HealthOptions> = async (options, context) => {
  const wait = options.wait === undefined ? undefined : waitOf(options.wait);
  const site = await openSite(options.env, context.log);
  const { comprehensive, stores, tier } = options;
  const { now, progress, signal, color } = context;
  // Each round anew would draw over the one before.
  const ask = (told?: Progress) =>
    checkHealth(site, { comprehensive, stores, tier, now, signal, ...(told && { progress: told }) });
  const report =
    wait === undefined ? await ask(progress) : await untilHealthy(() => ask(), { seconds: wait, signal, progress });
  return {
    exit: report.healthy ? EXIT.ok : EXIT.failure,
    kind: 'Health',
    data: report,
    text: healthText(report, color),
  };
};
