/** All checks, and the verdict. Pure. */
import { reviewCalendar, testCalendar } from './calendar.ts';
import { checkCopies } from './checks/copies.ts';
import { checkCoverage } from './checks/coverage.ts';
import { checkForecast } from './checks/forecast.ts';
import { checkKeys } from './checks/keys.ts';
import { checkOffsite } from './checks/offsite.ts';
import { checkPeople } from './checks/people.ts';
import { checkPlanAndMachine } from './checks/plan.ts';
import { checkStandby } from './checks/standby.ts';
import { checkTests } from './checks/tests.ts';
import { type Facts, recordsOf } from './facts.ts';
import { forecastTiers } from './forecast.ts';
import type { CheckState, ReadinessCheck, ReadinessReport, Verdict } from './types.ts';

export function judgeReadiness(facts: Facts): ReadinessReport {
  const { environment, observation, plan, now } = facts;
  const { repositories, measurements } = observation;
  const dated = { plan, now, measurements, runs: facts.runs, records: recordsOf(facts) };
  const tests = testCalendar(dated);
  const reviews = reviewCalendar(dated);
  const forecast = forecastTiers({ plan, repositories, measurements, now });
  const checks = [
    ...checkCopies(facts),
    ...checkTests(facts, tests),
    ...checkKeys(facts),
    ...checkOffsite(facts),
    ...checkStandby(facts),
    ...checkForecast(facts, forecast),
    ...checkCoverage(facts),
    ...checkPeople(facts, reviews),
    ...checkPlanAndMachine(facts),
  ];
  return {
    at: now.toISOString(),
    environment: environment.name,
    site: environment.site,
    verdict: verdictOf(checks),
    blind: !repositories.some(({ reachable }) => reachable),
    counts: countsOf(checks),
    checks,
    calendar: [...tests, ...reviews],
    forecast,
  };
}

/** What nobody could look at is a risk, and never good. */
export function verdictOf(checks: readonly Pick<ReadinessCheck, 'state'>[]): Verdict {
  const has = (state: CheckState): boolean => checks.some((check) => check.state === state);
  if (has('not ready')) return 'not ready';
  return has('at risk') || has('unknown') || !has('ready') ? 'at risk' : 'ready';
}

function countsOf(checks: readonly ReadinessCheck[]): Record<CheckState, number> {
  const counts = { ready: 0, 'at risk': 0, 'not ready': 0, unknown: 0, 'not here': 0 };
  for (const { state } of checks) counts[state] += 1;
  return counts;
}
