/** `dr monitor` */
/** `dr monitor`: the numbers of recovery for Prometheus. */
import { isIP } from 'node:net';
import { InvalidArgumentError, Option } from 'commander';
import { type Duration, durationProblem, seconds } from '../../plan/duration.ts';
import { openSite } from '../../recovery/config/site.ts';
import { badInput, EXIT } from '../../recovery/core/errors.ts';
import { makeExporter } from '../../recovery/status/monitor/exporter.ts';
import { beat } from '../../recovery/status/monitor/heartbeat.ts';
import { holdWrites } from '../../recovery/status/monitor/hold-writes.ts';
import { makeObserver } from '../../recovery/status/monitor/observe.ts';
import { ping, readPingUrl } from '../../recovery/status/monitor/ping.ts';
import { refreshUntilAborted } from '../../recovery/status/monitor/refresh.ts';
import { serveMetrics } from '../../recovery/status/monitor/server.ts';
import type { Declare, Execute, SiteOptions } from '../command.ts';
import { examples } from '../flags.ts';

export interface MonitorOptions extends SiteOptions {
  readonly serve: boolean;
  readonly port: number;
  /** An IP address or `localhost`. */
  readonly listen: string;
  /** As typed: `60s`. */
  readonly interval: string;
  readonly pingUrlFile?: string;
  readonly heartbeat: boolean;
}

const HEARTBEAT_SECONDS = 60;
/** A repository that takes longer is counted as away; never more than a turn. */
const LONGEST_READ_SECONDS = 45;

function intervalOf(text: string): number {
  const problem = durationProblem(text);
  const value = problem === undefined ? seconds(text as Duration) : 0;
  if (value >= 1) return value;
  const fact = problem?.split('; ')[0] ?? `"${text}" is shorter than 1 s`;
  throw badInput({
    code: 'INTERVAL',
    where: '--interval',
    fact,
    hint: 'write a number and a unit, as in "60s" or "5m"',
  });
}

function checkAddress(address: string): void {
  if (isIP(address) !== 0 || address === 'localhost') return;
  const hint = '127.0.0.1 for this machine alone, 0.0.0.0 or :: for everyone who can reach it';
  throw badInput({ code: 'LISTEN', where: '--listen', fact: `"${address}" is no IP address`, hint });
}

export const monitorCommand: Execute<MonitorOptions> = async (options, context) => {
  const interval = intervalOf(options.interval);
  checkAddress(options.listen);
  const site = await openSite(options.env, context.log);
  const url = options.pingUrlFile === undefined ? undefined : await readPingUrl(site, options.pingUrlFile);
  const exporter = makeExporter(site);
  const observer = makeObserver(site, Math.min(interval, LONGEST_READ_SECONDS));
  // A site that has lost its lead must not go on with its history.
  const pulse = async (): Promise<void> => {
    const fence = exporter.last()?.fence;
    if (fence === undefined) await beat(site);
    else await holdWrites(site, fence);
  };
  const refresh = async (): Promise<void> => {
    const observation = await observer.observe(context.now());
    exporter.update(observation);
    // With every repository away nothing was checked: silence is what the other side must hear.
    if (url !== undefined && observation.repositories.some(({ reachable }) => reachable)) await ping(site, url);
  };
  if (!options.serve) {
    if (options.heartbeat) await beat(site);
    await refresh();
    const away = exporter.last()?.repositories.filter(({ reachable }) => !reachable) ?? [];
    const samples = exporter.samples(context.now());
    return {
      exit: away.length === 0 ? EXIT.ok : EXIT.partial,
      kind: 'Metrics',
      // JSON has no infinity: null stands for "never".
      data: { samples, unreachable: away.map(({ id, fact }) => ({ repository: id, fact })) },
      text: (await exporter.text(context.now())).trimEnd(),
    };
  }
  const { signal, log, now } = context;
  const { listen, port } = options;
  const server = await serveMetrics({ exporter, address: listen, port, staleSeconds: 3 * interval, now });
  const host = isIP(server.address) === 6 ? `[${server.address}]` : server.address;
  context.progress({
    step: 'monitor',
    title: 'metrics',
    state: 'start',
    detail: `http://${host}:${server.port}/metrics`,
  });
  try {
    await Promise.all([
      refreshUntilAborted({ intervalSeconds: interval, signal, log, refresh }),
      ...(options.heartbeat
        ? [
            refreshUntilAborted({
              intervalSeconds: HEARTBEAT_SECONDS,
              signal,
              log,
              refresh: pulse,
            }),
          ]
        : []),
    ]);
  } finally {
    await server.close();
  }
  return { kind: 'MonitorStopped', data: {}, text: 'stopped' };
};

function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('Wanted a port from 0 (any free one) to 65535.');
}

export const declareMonitor: Declare = (program, action) => {
  const command = program
    .command('monitor')
    .description('Print the metrics of recovery: age of copies, WAL, verification, drills, objectives; or serve them.')
    .option('--serve', 'answer at /metrics and /healthz until stopped', false)
    .addOption(new Option('--port <number>', 'with --serve').argParser(portNumber).default(9187))
    .option('--listen <address>', 'with --serve: this IP address only', '127.0.0.1')
    .option('--interval <duration>', 'with --serve: time between two refreshes', '60s')
    .option('--ping-url-file <file>', 'call the URL in this file after each refresh; its silence is the alarm')
    .option(
      '--heartbeat',
      'also update a row of PostgreSQL every minute, so that any moment can be recovered to',
      false,
    )
    .action(action(async () => (await import('./monitor.ts')).monitorCommand));
  examples(command, [
    'dr monitor',
    'dr monitor --serve --heartbeat',
    'dr monitor --serve --listen 0.0.0.0 --port 9187 --interval 60s --ping-url-file /etc/go-coffee-dr/keys/ping',
  ]);
};
