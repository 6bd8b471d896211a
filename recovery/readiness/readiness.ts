/** The readiness of a site: one look at all of it, or one look every now and then beside the monitor. */
import { dueAfter } from '../../plan/people/calendar.ts';
import type { Plan } from '../../plan/types.ts';
import type { Site } from '../config/site.ts';
import type { Observation, ReadinessSummary } from '../status/monitor/observation.ts';
import { makeObserver } from '../status/monitor/observe.ts';
import { collectFacts } from './collect.ts';
import { judgeReadiness } from './judge.ts';
import type { ReadinessReport } from './types.ts';

/** A slower repository counts as one that does not answer. */
const LONGEST_READ_SECONDS = 45;

export interface ReadinessSeen {
  readonly report: ReadinessReport;
  readonly observation: Observation;
}

/** Judges by an observation that the monitor has made. */
export function readinessJudge(site: Site): (observation: Observation, now: Date) => Promise<ReadinessReport> {
  return async (observation, now) => judgeReadiness(await collectFacts(site, observation, now));
}

/** Throws only without a signing key (exit 2): nothing could be trusted. */
export async function readinessOf(site: Site, now: Date): Promise<ReadinessSeen> {
  const observation = await makeObserver(site, LONGEST_READ_SECONDS).observe(now);
  return { observation, report: await readinessJudge(site)(observation, now) };
}

/** For the metrics. What has never happened is due one cadence after this site was first watched. */
export function summaryOf(plan: Plan, report: ReadinessReport, since: Date): ReadinessSummary {
  const cadences = new Map<string, Plan['tests'][number]['cadence']>(
    plan.tests.map(({ id, cadence }) => [id, cadence]),
  );
  for (const { cadence } of plan.maintenance.reviews) cadences.set(cadence, cadence);
  return {
    at: new Date(report.at),
    verdict: report.verdict,
    counts: report.counts,
    due: report.calendar.map(({ kind, id, dueAt }) => ({
      kind,
      id,
      at: dueAt === undefined ? dueAfter(since, cadences.get(id) ?? 'annual') : new Date(dueAt),
    })),
  };
}
