/** The readiness beside the metrics: judged every now and then, because it runs the engines to ask them for their versions. */
import type { Site } from '../../../recovery/config/site.ts';
import { messageOf } from '../../../recovery/core/errors.ts';
import { runningIncident } from '../../../recovery/readiness/page/incident.ts';
import { statusPage, waitingPage } from '../../../recovery/readiness/page/page.ts';
import { readinessJudge, summaryOf } from '../../../recovery/readiness/readiness.ts';
import type { ReadinessReport } from '../../../recovery/readiness/types.ts';
import type { Exporter } from '../../../recovery/status/monitor/exporter.ts';
import type { Observation, ReadinessSummary } from '../../../recovery/status/monitor/observation.ts';

const JUDGE_EVERY_MS = 15 * 60_000;

export interface ReadinessBeside {
  /** Undefined until it was judged once. */
  report(): ReadinessReport | undefined;
  summary(): { readonly readiness?: ReadinessSummary };
  judge(observation: Observation, now: Date): Promise<void>;
}

export function readinessBeside(site: Site): ReadinessBeside {
  const judgeSite = readinessJudge(site);
  let report: ReadinessReport | undefined;
  let summary: ReadinessSummary | undefined;
  let began: Date | undefined;
  return {
    report: () => report,
    summary: () => (summary === undefined ? {} : { readiness: summary }),
    async judge(observation, now) {
      began ??= now;
      if (report !== undefined && now.getTime() - Date.parse(report.at) < JUDGE_EVERY_MS) return;
      try {
        report = await judgeSite(observation, now);
        summary = summaryOf(site.plan, report, oldest(observation) ?? began);
      } catch (error) {
        // The metrics of the copies go on; the age of the last verdict is an alert of its own.
        site.log.error({ error: messageOf(error) }, 'the readiness could not be judged');
      }
    },
  };
}

function oldest({ watchedSince }: Observation): Date | undefined {
  const times = [...(watchedSince?.values() ?? [])].map((at) => at.getTime());
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

export function pageOf(
  site: Site,
  facts: { readonly exporter: Exporter; readonly beside: ReadinessBeside; readonly now: Date },
): string {
  const { beside, now } = facts;
  const report = beside.report();
  const observation = facts.exporter.last();
  if (report === undefined || observation === undefined) return waitingPage(site.environment.name);
  const incident = runningIncident(observation.incidents ?? [], site.plan, now);
  return statusPage({ plan: site.plan, report, observation, incident, now });
}
