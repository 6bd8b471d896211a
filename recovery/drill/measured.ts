/** What a drill has measured, for the objectives that are asked for later. Pure. */
import type { Measurement } from '../report/measurements.ts';
import type { DrillReport } from '../report/types.ts';

/** One that failed proves nothing, and leaves the drill overdue. */
export function drillMeasurements({ passed, endedAt, scenario, tiers }: DrillReport): Measurement[] {
  if (!passed) return [];
  return tiers.map(({ id, rto, rpo }) => ({
    at: endedAt,
    what: `drill ${scenario}`,
    tier: id,
    ...(rto.measuredSeconds === undefined ? {} : { rtoSeconds: rto.measuredSeconds }),
    ...(rpo.measuredSeconds === undefined ? {} : { rpoSeconds: rpo.measuredSeconds }),
    source: 'drill',
  }));
}
