/** The readiness beside the metrics: judged every now and then, because it runs the engines to ask them for their versions. */
import type { Site } from '../../../recovery/config/site.ts';
import { messageOf } from '../../../recovery/core/errors.ts';
import { runningIncident } from '../../../recovery/readiness/page/incident.ts';
import { type PageIncident, statusPage, waitingPage } from '../../../recovery/readiness/page/page.ts';
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
  /** As of the last refresh. */
  incident(): PageIncident | undefined;
}

export function readinessBeside(site: Site): ReadinessBeside {
  const judgeSite = readinessJudge(site);
  let report: ReadinessReport | undefined;
  let summary: ReadinessSummary | undefined;
  let began: Date | undefined;
  let incident: PageIncident | undefined;
  return {
    incident: () => incident,
    report: () => report,
    summary: () => (summary === undefined ? {} : { readiness: summary }),
    async judge(observation, now) {
      began ??= now;
      incident = await incidentOf(site, incident);
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

/** What can't be read now is as it was: an incident does not end because nobody could ask. */
async function incidentOf(site: Site, before: PageIncident | undefined): Promise<PageIncident | undefined> {
  try {
    return await runningIncident(site);
  } catch (error) {
    site.log.error({ error: messageOf(error) }, 'the incidents could not be read');
    return before;
  }
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
  return statusPage({ plan: site.plan, report, observation, incident: beside.incident(), now });
}
