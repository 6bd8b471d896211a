/** The RTO of each tier: last measured, and forecast for the data of today and of the next months. Pure. */
import { DAY_SECONDS, formatDuration } from '../../../plan/duration.ts';
import { formatBytes } from '../../report/format.ts';
import { lastRto } from '../../report/measurements.ts';
import type { Facts } from '../facts.ts';
import { measuredRate } from '../forecast.ts';
import type { CheckState, ReadinessCheck, TierForecast } from '../types.ts';

/** A date nearer than that needs work now. */
const SOON_DAYS = 180;
const DRILL = 'dr drill --scenario complete-failure';

export function checkForecast(facts: Facts, forecasts: readonly TierForecast[]): ReadinessCheck[] {
  return forecasts.flatMap((forecast) => [measuredCheck(facts, forecast), forecastCheck(facts, forecast)]);
}

function measuredCheck({ observation }: Facts, { tier, objectiveSeconds }: TierForecast): ReadinessCheck {
  const last = lastRto(observation.measurements, tier);
  const head = {
    id: `rto/${tier}`,
    family: 'forecast',
    title: `${tier}: last measured recovery`,
    objective: `RTO ${formatDuration(objectiveSeconds)}`,
  } as const;
  if (last?.rtoSeconds === undefined) return { ...head, state: 'at risk', evidence: 'never measured', command: DRILL };
  const met = last.rtoSeconds <= objectiveSeconds;
  const evidence = `${formatDuration(last.rtoSeconds)}, by ${last.what}`;
  return { ...head, state: met ? 'ready' : 'not ready', evidence, at: last.at, ...(met ? {} : { command: DRILL }) };
}

function forecastCheck({ observation, now }: Facts, forecast: TierForecast): ReadinessCheck {
  const { tier, objectiveSeconds, bytes, bytesPerDay, forecastSeconds, missedOn } = forecast;
  const head = {
    id: `forecast/${tier}`,
    family: 'forecast',
    title: `${tier}: forecast by the growth of its data`,
    objective: `RTO ${formatDuration(objectiveSeconds)} for the next ${SOON_DAYS} days`,
  } as const;
  const rate = measuredRate(observation.measurements);
  if (forecastSeconds === undefined || rate?.bytesPerSecond === undefined) {
    const evidence = 'no restore and no drill has measured a rate yet';
    return { ...head, state: 'unknown', evidence, command: DRILL };
  }
  if (bytes === 0) return { ...head, state: 'unknown', evidence: 'no repository says how much data it has' };
  const growth = bytesPerDay === undefined ? 'growth not known yet' : `${formatBytes(bytesPerDay)} a day`;
  const speed = `${formatBytes(rate.bytesPerSecond)}/s, measured by ${rate.what}`;
  const day = missedOn === undefined ? '' : `; missed on ${missedOn}`;
  const evidence = `${formatBytes(bytes)} (${growth}) at ${speed}: ${formatDuration(forecastSeconds)}${day}`;
  const state = stateOf(missedOn, now);
  const command = state === 'ready' ? {} : { command: 'dr drill --scenario complete-failure --scale 10' };
  return { ...head, state, evidence, at: rate.at, ...command };
}

function stateOf(missedOn: string | undefined, now: Date): CheckState {
  if (missedOn === undefined) return 'ready';
  const days = (Date.parse(missedOn) - now.getTime()) / 1000 / DAY_SECONDS;
  if (days <= 0) return 'not ready';
  return days < SOON_DAYS ? 'at risk' : 'ready';
}
