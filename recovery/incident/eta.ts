/** When the service is expected to be back, from what the last recovery took. Pure. */
import { formatDuration, seconds } from '../../plan/duration.ts';
import type { Plan } from '../../plan/types.ts';
import { formatTime } from '../report/format.ts';
import { lastRto, type Measurement } from '../report/measurements.ts';
import type { Severity } from './events.ts';

export interface EtaFacts {
  readonly plan: Pick<Plan, 'tiers'>;
  readonly measurements: readonly Measurement[];
  readonly severity: Severity;
  readonly declaredAt: Date;
  /** An estimate that has passed is told to nobody. @default the moment of the declaration */
  readonly now?: Date;
  /** Of the newest copies together; undefined where no repository says so. */
  readonly bytesNow: number | undefined;
}

/**
 * `2026-11-23 04:00:00 UTC (P1 took 12 min with 3 GB last time; 4 GB now)`. Without a measurement it is the tier's objective, and says that.
 * A tier with less data than at the last recovery is not expected to be faster.
 */
export function expectedBack({
  plan,
  measurements,
  severity,
  declaredAt,
  bytesNow,
  now = declaredAt,
}: EtaFacts): string {
  const isPast = (delay: number): boolean => declaredAt.getTime() + delay * 1000 < now.getTime();
  const at = (delay: number): string => formatTime(new Date(declaredAt.getTime() + delay * 1000));
  const last = lastRto(measurements, severity) ?? lastRto(measurements, 'all');
  if (last?.rtoSeconds !== undefined) {
    const factor = last.bytes === undefined || last.bytes === 0 || bytesNow === undefined ? 1 : bytesNow / last.bytes;
    const expected = last.rtoSeconds * Math.max(1, factor);
    if (!isPast(expected))
      return `${at(expected)} (the last recovery of ${severity} took ${formatDuration(last.rtoSeconds)})`;
  }
  const objective = plan.tiers.find(({ id }) => id === severity)?.rto ?? '24h';
  if (isPast(seconds(objective))) return `not known: the objective of ${severity} (${objective}) has passed`;
  if (last?.rtoSeconds !== undefined)
    return `${at(seconds(objective))} (the objective of ${severity}; this takes longer than the last recovery did)`;
  return `${at(seconds(objective))} (the objective of ${severity}; no recovery of it was measured)`;
}

/** What an update says of an estimate that was given before. */
export function etaNow(eta: string | undefined, now: Date): string {
  const [, time] = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC/.exec(eta ?? '') ?? [];
  const isPast = time !== undefined && Date.parse(`${time.replace(' ', 'T')}Z`) < now.getTime();
  return isPast ? 'not known: the time that was expected has passed' : (eta ?? 'not known yet');
}
