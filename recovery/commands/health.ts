/** `dr health` */
import { EXIT } from '../errors.ts';
import { checkHealth } from '../health/check.ts';
import { healthText } from '../health/text.ts';
import { openSite } from '../site.ts';
import type { Execute, HealthOptions } from './command.ts';

export const healthCommand: Execute<HealthOptions> = async (options, context) => {
  const site = await openSite(options.env, context.log);
  const { comprehensive, tier } = options;
  const { now, progress, signal, color } = context;
  const report = await checkHealth(site, { comprehensive, tier, now, progress, signal });
  return {
    exit: report.healthy ? EXIT.ok : EXIT.failure,
    kind: 'Health',
    data: report,
    text: healthText(report, color),
  };
};
