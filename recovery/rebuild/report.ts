/** Reports a rebuild in the form of a drill's report, with the same clocks and objectives. */
import { seconds } from '../../plan/duration.ts';
import type { Plan } from '../../plan/types.ts';
import { EXIT } from '../core/errors.ts';
import { exitFor, gravestOf } from '../core/exit.ts';
import { pointOf } from '../points/resolved/resolved-point.ts';
import type { Measurement } from '../report/measurements.ts';
import { API_VERSION } from '../report/output.ts';
import type { DrillEnvironment, DrillReport, Loss, Measured, TierResult } from '../report/types.ts';
import { emptyTiers } from './outcome.ts';
import type { RebuildOutcome } from './types.ts';

function measured(objectiveSeconds: number, measuredSeconds: number | undefined): Measured {
  if (measuredSeconds === undefined) return { objectiveSeconds, met: false };
  return { objectiveSeconds, measuredSeconds, met: measuredSeconds <= objectiveSeconds };
}

/** Seconds from a store's newest data to the disaster. The data itself counts more than names in a repository. */
function lossOf({ plan, checks }: RebuildOutcome, workload: string): number | undefined {
  const named = plan.loss.find((each) => each.workload === workload);
  const newest = checks.flatMap(({ recoveredTo }) => (recoveredTo === undefined ? [] : [recoveredTo.getTime()]));
  if (workload !== 'postgres' || newest.length === 0) return named?.seconds;
  return Math.max(0, (Date.parse(plan.declaredAt) - Math.max(...newest)) / 1000);
}

/** P1 is the stores themselves; the last tier only reads configuration, which nobody changes. */
function tierLoss(tier: string, plan: Plan, outcome: RebuildOutcome): number | undefined {
  if (tier === plan.tiers.at(-1)?.id) return 0;
  const database = lossOf(outcome, 'postgres');
  if (tier !== 'P1') return database;
  // A store without a copy has lost everything: no number of seconds meets an objective.
  const redis = lossOf(outcome, 'redis');
  return redis === undefined || database === undefined ? undefined : Math.max(database, redis);
}

function tiersOf(plan: Plan, outcome: RebuildOutcome): TierResult[] {
  return plan.tiers.map(({ id, name, services, rto, rpo }) => {
    const found = outcome.tiers.find(({ tier }) => tier === id);
    return {
      id,
      name,
      services: services.map(({ title }) => title),
      rto: measured(seconds(rto), found?.seconds),
      rpo: measured(seconds(rpo), tierLoss(id, plan, outcome)),
      ...(found?.readyAt === undefined ? {} : { readyAt: found.readyAt }),
    };
  });
}

function lossesOf(outcome: RebuildOutcome): Loss[] {
  const { plan, setAside } = outcome;
  const replayed = plan.pin.postgres?.end.kind === 'end-of-wal';
  const data = plan.loss.map(({ workload, recoveredTo }): Loss => {
    const at =
      workload === 'postgres' && replayed
        ? `at least up to ${recoveredTo}, and all archived WAL after it`
        : `up to ${recoveredTo}`;
    const lost = lossOf(outcome, workload);
    return { what: workload, expected: true, detail: at, ...(lost === undefined ? {} : { seconds: lost }) };
  });
  const none: Loss = { what: 'redis', expected: true, detail: 'no copy: it starts empty' };
  return [
    ...data,
    ...(plan.pin.redis === undefined ? [none] : []),
    ...emptyTiers(outcome).map((detail) => ({ what: 'services', expected: true, detail })),
    ...setAside.map(({ object, reason }) => ({ what: object, expected: true, detail: `skipped: ${reason}` })),
  ];
}

export function rebuildReport(plan: Plan, outcome: RebuildOutcome, environment: DrillEnvironment): DrillReport {
  const tiers = tiersOf(plan, outcome);
  const late = tiers.some(({ rto, rpo }) => !rto.met || !rpo.met);
  const exit = gravestOf([outcome.exit, exitFor({ objectiveMissed: late })]);
  const { declaredAt, pin, stack } = outcome.plan;
  const offset = (at: string): number => (Date.parse(at) - Date.parse(declaredAt)) / 1000;
  const { failure } = outcome;
  const failed = failure && {
    id: 'up',
    title: 'everything is up',
    expected: 'no error',
    actual: failure.message,
    ok: false,
    evidence: 'pulumi up',
  };
  return {
    apiVersion: API_VERSION,
    kind: 'RebuildReport',
    scenario: 'rebuild',
    title: `Rebuild of stack ${stack}`,
    startedAt: outcome.startedAt,
    endedAt: outcome.endedAt,
    passed: exit === EXIT.ok,
    exit,
    disasterAt: declaredAt,
    target: { repository: pin.repository, point: pointOf(pin), description: pin.from },
    tiers,
    timeline: outcome.timeline.map(({ beganAt, ...event }) => ({
      ...event,
      offsetSeconds: offset(event.at),
      ...(beganAt === undefined ? {} : { beganSeconds: offset(beganAt) }),
    })),
    verification: [
      ...outcome.checks.map(({ recoveredTo, bytes, databaseBytes, ...check }, n) => ({
        id: `check-${n + 1}`,
        ...check,
      })),
      ...(failed === undefined ? [] : [failed]),
    ],
    losses: lossesOf(outcome),
    environment,
  };
}

const DATABASE_READY = 'StatefulSet/postgres is ready';

/**
 * Bytes a second of the database, from its set's first byte to the server that answers: by the engine's own events. Undefined where this run
 * did not restore it: it was there from an interrupted one, or it is a server that stays where it is.
 */
function rateOf({ checks, timeline }: RebuildOutcome): number | undefined {
  const bytes = checks.find(({ databaseBytes }) => databaseBytes !== undefined)?.databaseBytes ?? 0;
  const laid = timeline.find(({ event, beganAt }) => event === DATABASE_READY && beganAt !== undefined);
  const seconds = laid === undefined ? 0 : (Date.parse(laid.at) - Date.parse(laid.beganAt ?? laid.at)) / 1000;
  return bytes > 0 && seconds > 0 ? bytes / seconds : undefined;
}

/** Measurements of a successful rebuild; a failed one proves nothing. */
export function measurementsOf({ tiers, endedAt }: DrillReport, outcome: RebuildOutcome): Measurement[] {
  if (outcome.failure !== undefined || outcome.checks.some(({ ok }) => !ok)) return [];
  const empty = outcome.tiers.flatMap(({ tier, nothing }) => (nothing === true ? [tier] : []));
  const measured = tiers.filter(({ id }) => !empty.some((tier) => tier === id));
  const bytes = outcome.checks.find((check) => check.bytes !== undefined)?.bytes;
  const bytesPerSecond = rateOf(outcome);
  return measured.map(({ id, rto, rpo, readyAt }) => ({
    at: readyAt ?? endedAt,
    what: `rebuild to ${outcome.plan.from} from ${outcome.plan.repository}`,
    tier: id,
    ...(rto.measuredSeconds === undefined ? {} : { rtoSeconds: rto.measuredSeconds }),
    ...(rpo.measuredSeconds === undefined ? {} : { rpoSeconds: rpo.measuredSeconds }),
    source: 'restore',
    ...(bytes === undefined ? {} : { bytes }),
    ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
  }));
}
