/** `dr monitor`: the numbers of recovery for Prometheus. */
import { isIP } from 'node:net';
import { type Duration, durationProblem, seconds } from '../../plan/duration.ts';
import { badInput } from '../../recovery/core/errors.ts';
import { type CommandResult, type SiteContext, siteCommand } from '../command.ts';
import { openSite } from '../open-site.ts';
import { declaration, type MonitorOptions } from './monitor/declaration.ts';

function secondsOf(interval: string): number {
  const problem = durationProblem(interval);
  const value = problem === undefined ? seconds(interval as Duration) : 0;
  if (value >= 1) return value;
  throw badInput({
    code: 'INTERVAL',
    where: '--interval',
    fact: problem?.split('; ')[0] ?? `"${interval}" is shorter than 1 s`,
    hint: 'write a number and a unit, as in "60s" or "5m"',
  });
}

function checkAddress(address: string): void {
  if (isIP(address) !== 0 || address === 'localhost') return;
  throw badInput({
    code: 'LISTEN',
    where: '--listen',
    fact: `"${address}" is not an IP address`,
    hint: '127.0.0.1 for this machine alone, 0.0.0.0 or :: for everyone who can reach it',
  });
}

async function monitor(options: MonitorOptions, context: SiteContext): Promise<CommandResult> {
  const intervalSeconds = secondsOf(options.interval);
  checkAddress(options.listen);
  const { openMonitor, printOnce, serveUntilStopped } = await import('./monitor/metrics.ts');
  const site = await openSite(context);
  const opened = await openMonitor(site, { pingUrlFile: options.pingUrlFile, intervalSeconds }, context);
  if (!options.serve) return printOnce(opened, options, context);
  return serveUntilStopped(opened, { ...options, intervalSeconds }, context);
}

export const declare = siteCommand({ declare: declaration, run: monitor });
