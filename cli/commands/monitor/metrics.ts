/** `dr monitor`: the metrics once, or served until it is stopped. */
import { isIP } from 'node:net';
import type { Site } from '../../../recovery/config/site.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import { accountName } from '../../../recovery/core/holder.ts';
import { openIncidents } from '../../../recovery/incident/incidents.ts';
import { deliverAgain } from '../../../recovery/incident/redeliver.ts';
import { readSiteFacts } from '../../../recovery/runbook/facts.ts';
import { runbookHtml } from '../../../recovery/runbook/html.ts';
import { makeRunbook } from '../../../recovery/runbook/model.ts';
import { type Exporter, makeExporter } from '../../../recovery/status/monitor/exporter.ts';
import { beat } from '../../../recovery/status/monitor/heartbeat.ts';
import { makeObserver } from '../../../recovery/status/monitor/observe.ts';
import { ping, readPingUrl } from '../../../recovery/status/monitor/ping.ts';
import { refreshUntilAborted } from '../../../recovery/status/monitor/refresh.ts';
import { serveMetrics } from '../../../recovery/status/monitor/server.ts';
import { setReadOnly } from '../../../recovery/status/monitor/set-read-only.ts';
import { recordDaily } from '../../../recovery/status/performance/performance.ts';
import type { CommandResult, SiteContext } from '../../command.ts';
import type { MonitorOptions } from './declaration.ts';
import { pageOf, readinessBeside } from './readiness.ts';

const HEARTBEAT_SECONDS = 60;
/** How often it is looked whether the day's baseline of performance is there. */
const BASELINE_SECONDS = 3600;
/** How often it is looked whether a message of an incident is to be tried again. */
const REDELIVER_SECONDS = 60;
/** A slower repository is reported as unreachable; never longer than one refresh interval. */
const LONGEST_READ_SECONDS = 45;

export interface Monitor {
  readonly site: Site;
  readonly exporter: Exporter;
  /** Reads the site anew, and pings where everything needed for that could be read. */
  refresh(): Promise<void>;
  /** The status page. */
  page(now: Date): string;
}

/** @param intervalSeconds between two refreshes */
export async function openMonitor(
  site: Site,
  { pingUrlFile, intervalSeconds }: { readonly pingUrlFile: string | undefined; readonly intervalSeconds: number },
  { now }: SiteContext,
): Promise<Monitor> {
  const url = pingUrlFile === undefined ? undefined : await readPingUrl(site, pingUrlFile);
  const exporter = makeExporter(site);
  const observer = makeObserver(site, Math.min(intervalSeconds, LONGEST_READ_SECONDS));
  const readiness = readinessBeside(site);
  const refresh = async (): Promise<void> => {
    const observation = await observer.observe(now());
    // Before it is judged: the ages of the copies wait for nobody.
    exporter.update({ ...observation, ...readiness.summary() });
    await readiness.judge(observation, now());
    exporter.update({ ...observation, ...readiness.summary() });
    // With every repository unreachable nothing was checked: silence raises the alarm on the other side.
    if (url !== undefined && observation.repositories.some(({ reachable }) => reachable)) await ping(site, url);
  };
  const page = (at: Date): string => pageOf(site, { exporter, beside: readiness, now: at });
  return { site, exporter, refresh, page };
}

export async function printOnce(
  { site, exporter, refresh }: Monitor,
  { heartbeat }: MonitorOptions,
  { now }: SiteContext,
): Promise<CommandResult> {
  if (heartbeat) await beat(site);
  await refresh();
  const unreachable = exporter.last()?.repositories.filter(({ reachable, away }) => !reachable && away !== true) ?? [];
  return {
    exit: exitFor({ partial: unreachable.length > 0 }),
    kind: 'Metrics',
    // JSON has no infinity: null stands for "never".
    data: {
      samples: exporter.samples(now()),
      unreachable: unreachable.map(({ id, fact }) => ({ repository: id, fact })),
    },
    text: (await exporter.text(now())).trimEnd(),
  };
}

export async function serveUntilStopped(
  { site, exporter, refresh, page }: Monitor,
  options: MonitorOptions & { readonly intervalSeconds: number },
  { signal, log, now, progress }: SiteContext,
): Promise<CommandResult> {
  const { listen, port, heartbeat, intervalSeconds } = options;
  // As of the request, and without asking repositories: a page that waits for one that hangs is no use.
  const runbook = async () => runbookHtml(makeRunbook(site.plan, await readSiteFacts(site, now(), false)));
  const staleSeconds = 3 * intervalSeconds;
  const server = await serveMetrics({ exporter, address: listen, port, staleSeconds, now, page, runbook });
  const host = isIP(server.address) === 6 ? `[${server.address}]` : server.address;
  const detail = `http://${host}:${server.port}/metrics`;
  progress({ step: 'monitor', title: 'metrics', state: 'start', detail });
  // A site that is fenced must not continue its history.
  const pulse = async (): Promise<void> => {
    const fence = exporter.last()?.fence;
    if (fence === undefined) await beat(site);
    else await setReadOnly(site, fence);
  };
  // What is measured during an incident is no good day.
  const baseline = async (): Promise<void> => {
    const incidents = await openIncidents(site, { localOnly: true });
    if (incidents.open().length === 0) await recordDaily(site, now());
  };
  const redeliver = async (): Promise<void> => {
    for (const { incident, result } of await deliverAgain(site, accountName(), now()))
      log.warn({ incident, deliveries: result.deliveries }, 'a message that had not arrived was tried again');
  };
  const beats = { intervalSeconds: HEARTBEAT_SECONDS, signal, log, refresh: pulse };
  try {
    await Promise.all([
      refreshUntilAborted({ intervalSeconds, signal, log, refresh }),
      refreshUntilAborted({ intervalSeconds: BASELINE_SECONDS, signal, log, refresh: baseline }),
      refreshUntilAborted({ intervalSeconds: REDELIVER_SECONDS, signal, log, refresh: redeliver }),
      ...(heartbeat ? [refreshUntilAborted(beats)] : []),
    ]);
  } finally {
    await server.close();
  }
  return { kind: 'MonitorStopped', data: {}, text: 'stopped' };
}
