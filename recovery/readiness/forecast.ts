/** How long each tier would take with the data of today, and when its RTO will be missed as the data grows. Pure. */
import { DAY_SECONDS, seconds } from '../../plan/duration.ts';
import type { Plan } from '../../plan/types.ts';
import type { Measurement } from '../report/measurements.ts';
import type { ObservedSize, RepositoryObservation } from '../status/monitor/observation.ts';
import type { TierForecast } from './types.ts';

const DAY_MS = DAY_SECONDS * 1000;
/** A growth of fewer days is noise. */
const LEAST_DAYS = 7;
/** A date further away says nothing. */
const LONGEST_DAYS = 3650;

/** The sizes of the repository that knows most days: each holds the same data. */
function history(repositories: readonly RepositoryObservation[], workloads: ReadonlySet<string>): ObservedSize[] {
  const own = repositories.map(({ sizes = [] }) => sizes.filter(({ workload }) => workloads.has(workload)));
  return own.reduce((best, each) => (each.length > best.length ? each : best), []);
}

/** The last known size of each workload at the end of each day, added up. Days before all of them are known say nothing. */
function totals(sizes: readonly ObservedSize[], workloads: number): { day: number; bytes: number }[] {
  const known = new Map<string, number>();
  const byDay = Map.groupBy(sizes, ({ at }) => Math.floor(at.getTime() / DAY_MS));
  return [...byDay].flatMap(([day, rows]) => {
    for (const { workload, bytes } of rows) known.set(workload, bytes);
    return known.size < workloads ? [] : [{ day, bytes: [...known.values()].reduce((sum, bytes) => sum + bytes, 0) }];
  });
}

/** Least squares. */
function slope(points: readonly { readonly day: number; readonly bytes: number }[]): number | undefined {
  const first = points[0]?.day ?? 0;
  if ((points.at(-1)?.day ?? 0) - first < LEAST_DAYS) return undefined;
  const n = points.length;
  const meanDay = points.reduce((sum, { day }) => sum + day, 0) / n;
  const meanBytes = points.reduce((sum, { bytes }) => sum + bytes, 0) / n;
  const above = points.reduce((sum, { day, bytes }) => sum + (day - meanDay) * (bytes - meanBytes), 0);
  return above / points.reduce((sum, { day }) => sum + (day - meanDay) ** 2, 0);
}

/** The slowest of the newest measurement of each kind: a drill lays down less, on another machine. */
export function measuredRate(measurements: readonly Measurement[]): Measurement | undefined {
  const newest = new Map<string, Measurement>();
  for (const each of measurements) if (each.bytesPerSecond !== undefined) newest.set(each.source, each);
  return [...newest.values()].reduce<Measurement | undefined>(
    (slowest, each) =>
      slowest === undefined || (each.bytesPerSecond ?? 0) < (slowest.bytesPerSecond ?? 0) ? each : slowest,
    undefined,
  );
}

export interface ForecastQuestion {
  readonly plan: Plan;
  readonly repositories: readonly RepositoryObservation[];
  readonly measurements: readonly Measurement[];
  readonly now: Date;
}

export function forecastTiers({ plan, repositories, measurements, now }: ForecastQuestion): TierForecast[] {
  const rate = measuredRate(measurements)?.bytesPerSecond;
  return plan.tiers.map(({ id: tier, rto }, n) => {
    const upTo = plan.tiers.slice(0, n + 1).map(({ id }) => id);
    // A second form of the same data is not laid down.
    const own = plan.workloads.filter((each) => upTo.includes(each.tier) && each.secondFormOf === undefined);
    const sizes = history(repositories, new Set(own.map(({ id }) => id)));
    const days = totals(sizes, new Set(sizes.map(({ workload }) => workload)).size);
    const bytes = days.at(-1)?.bytes ?? 0;
    const bytesPerDay = slope(days);
    const objectiveSeconds = seconds(rto);
    const head = { tier, objectiveSeconds, bytes, ...(bytesPerDay === undefined ? {} : { bytesPerDay }) };
    if (rate === undefined) return head;
    const forecastSeconds = bytes / rate;
    return { ...head, forecastSeconds, ...missedOn({ ...head, rate, now }) };
  });
}

function missedOn(facts: {
  readonly bytes: number;
  readonly bytesPerDay?: number;
  readonly objectiveSeconds: number;
  readonly rate: number;
  readonly now: Date;
}): { missedOn?: string } {
  const { bytes, bytesPerDay = 0, objectiveSeconds, rate, now } = facts;
  const room = objectiveSeconds * rate - bytes;
  const days = room <= 0 ? 0 : bytesPerDay <= 0 ? Number.POSITIVE_INFINITY : room / bytesPerDay;
  if (days > LONGEST_DAYS) return {};
  return { missedOn: new Date(now.getTime() + days * DAY_MS).toISOString().slice(0, 10) };
}
