/** Reads what a quarter's report rests on. */

import type { Site } from '../../config/site.ts';
import { openIncidents } from '../../incident/incidents.ts';
import { recordsIn } from '../../records/store.ts';
import { allMeasurements } from '../../report/measurements.ts';
import { readRuns } from '../../report/runs.ts';
import type { QuarterFacts } from './report.ts';

/** Throws SECRET-… (exit 2) without a signing key: no record could be told from a forged one. */
export async function collectQuarter(site: Site, now: Date): Promise<QuarterFacts> {
  const { plan, environment } = site;
  const [measurements, runs, incidents] = await Promise.all([
    allMeasurements(environment.stateDir),
    readRuns(environment.stateDir),
    openIncidents(site),
  ]);
  const records = recordsIn(incidents.records);
  return {
    ...{ plan, now, measurements, runs, records },
    environment: environment.name,
    site: environment.site,
    repositories: Object.keys(environment.repositories),
    incidents: incidents.all(),
  };
}
