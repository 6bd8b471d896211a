/** The calendar of tests and reviews of a site. */
import type { Site } from '../config/site.ts';
import { type RecordsRead, readRecords } from '../records/store.ts';
import { allMeasurements } from '../report/measurements.ts';
import { readRuns } from '../report/runs.ts';
import { type CalendarFacts, reviewCalendar, testCalendar } from './calendar.ts';
import type { CalendarRow } from './types.ts';

export interface CalendarRead extends Pick<RecordsRead, 'refused' | 'unread'> {
  readonly rows: readonly CalendarRow[];
}

/** Throws SECRET-… (exit 2) without a signing key: no record could be told from a forged one. */
export async function readCalendar(site: Site, now: Date): Promise<CalendarRead> {
  const { plan, environment } = site;
  const [runs, measurements, read] = await Promise.all([
    readRuns(environment.stateDir),
    allMeasurements(environment.stateDir),
    readRecords(site),
  ]);
  const facts: CalendarFacts = { plan, now, runs, measurements, records: read.records };
  const { refused, unread } = read;
  return { rows: [...testCalendar(facts), ...reviewCalendar(facts)], refused, unread };
}
