/** `dr monitor`: the numbers of recovery for Prometheus. */
import { isIP } from 'node:net';
import { badInput } from '../../recovery/core/errors.ts';
import { type CommandResult, type SiteContext, siteCommand } from '../command.ts';
import { readSeconds } from '../duration-flag.ts';
import { openSite } from '../open-site.ts';
import { declaration, type MonitorOptions } from './monitor/declaration.ts';

/** What is older is no news, and a timer of Node ends at 24 days: a longer one fires at once. */
const LONGEST_INTERVAL_SECONDS = 86_400;

/** Throws exit 2. */
function intervalSecondsOf(text: string): number {
  const value = readSeconds(text, { name: '--interval', code: 'INTERVAL' });
  if (value >= 1 && value <= LONGEST_INTERVAL_SECONDS) return value;
  throw badInput({
    code: 'INTERVAL',
    where: '--interval',
    fact: value < 1 ? `"${text}" is shorter than 1 s` : `"${text}" is longer than a day`,
    hint: 'write 1s or more, as in "60s" or "5m"',
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
  const intervalSeconds = intervalSecondsOf(options.interval);
  checkAddress(options.listen);
  const { openMonitor, printOnce, serveUntilStopped } = await import('./monitor/metrics.ts');
  const site = await openSite(context);
  const opened = await openMonitor(site, { pingUrlFile: options.pingUrlFile, intervalSeconds }, context);
  if (!options.serve) return printOnce(opened, options, context);
  return serveUntilStopped(opened, { ...options, intervalSeconds }, context);
}

export const declare = siteCommand({ declare: declaration, run: monitor });
