/** `dr monitor` */
import { isIP } from 'node:net';
import { type Duration, durationProblem, seconds } from '../../plan/duration.ts';
import { openSite } from '../config/site.ts';
import { badInput, EXIT } from '../core/errors.ts';
import { makeExporter } from '../status/monitor/exporter.ts';
import { beat } from '../status/monitor/heartbeat.ts';
import { holdWrites } from '../status/monitor/hold-writes.ts';
import { makeObserver } from '../status/monitor/observe.ts';
import { ping, readPingUrl } from '../status/monitor/ping.ts';
import { refreshUntilAborted } from '../status/monitor/refresh.ts';
import { serveMetrics } from '../status/monitor/server.ts';
import type { Execute, SiteOptions } from './command.ts';

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
