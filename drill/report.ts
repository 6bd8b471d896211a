/** The report of a drill: measured clocks against the plan's objectives, and its measurements for `dr objectives`. Pure. */
import { seconds } from '../plan/duration.ts';
import type { Plan } from '../plan/types.ts';
import { EXIT, type ExitCode } from '../recovery/core/errors.ts';
import { exitFor } from '../recovery/core/exit.ts';
import type { Measurement } from '../recovery/report/measurements.ts';
import { API_VERSION } from '../recovery/report/output.ts';
import type { DrillEnvironment, DrillReport, Measured, Throughput, TierResult } from '../recovery/report/types.ts';
import type { RestoreData } from './dr-client.ts';
import { lostSeconds } from './losses.ts';
import type { Recovered, SeenEvent, Stage } from './stage.ts';

function measured(objectiveSeconds: number, measuredSeconds: number | undefined): Measured {
  if (measuredSeconds === undefined) return { objectiveSeconds, met: false };
  return { objectiveSeconds, measuredSeconds, met: measuredSeconds <= objectiveSeconds };
}

/** Seconds of data that a tier lost. P1 is the stores themselves; P4 only reads configuration, which nobody changes. */
function tierLoss(tier: string, { comparison }: Recovered): number {
  if (tier === 'P4') return 0;
  const database = lostSeconds(comparison, 'database');
  return tier === 'P1' ? Math.max(database, lostSeconds(comparison, 'redis')) : database;
}

/** The later of what the drill observed and what `dr` reported: neither is trusted alone. */
function readyAt(tier: string, recovered: Recovered): Date | undefined {
  const observed = recovered.ready.get(tier);
  if (observed === undefined) return undefined;
  const reported = recovered.restored.data.tiers.find((each) => each.tier === tier)?.readyAt;
  return reported === undefined ? observed : new Date(Math.max(observed.getTime(), Date.parse(reported)));
}

function tierResults(plan: Plan, disasterAt: Date, recovered: Recovered | undefined): TierResult[] {
  let before = 0;
  return plan.tiers.map((tier) => {
    const ready = recovered && readyAt(tier.id, recovered);
    // An unaffected tier was never down, and no tier is ready before the tiers that it needs.
    const own = ready && Math.max(0, (ready.getTime() - disasterAt.getTime()) / 1000);
    if (own !== undefined) before = Math.max(before, own);
    return {
      id: tier.id,
      name: tier.name,
      services: tier.services.map(({ title }) => title),
      rto: measured(seconds(tier.rto), own === undefined ? undefined : before),
      rpo: measured(seconds(tier.rpo), recovered && tierLoss(tier.id, recovered)),
      ...(ready ? { readyAt: new Date(disasterAt.getTime() + before * 1000).toISOString() } : {}),
    };
  });
}

/** From the first step of the restore to the last tier. The backup that `dr` takes afterwards is not part of the recovery. */
function restoreSeconds({ tiers, steps }: RestoreData): number {
  const begun = Math.min(...steps.map(({ startedAt }) => Date.parse(startedAt)));
  const ended = Math.max(
    ...[...tiers.map(({ readyAt: at }) => at), ...steps.map(({ endedAt }) => endedAt)].map(Date.parse),
  );
  return Number.isFinite(ended - begun) ? (ended - begun) / 1000 : 0;
}

function throughputOf(plan: Plan, recovered: Recovered | undefined): Throughput {
  const bytesRestored = recovered?.restored.data.bytesRestored ?? 0;
  const took = recovered ? restoreSeconds(recovered.restored.data) : 0;
  const rate = took > 0 ? bytesRestored / took : 0;
  const limits = plan.tiers.map((tier) => [tier.id, Math.round(rate * seconds(tier.rto))] as const);
  return {
    bytesRestored,
    seconds: took,
    megabytesPerSecond: rate / 1e6,
    rtoDataLimitBytes: Object.fromEntries(limits),
  };
}

/** What a drill measured whose recovery came to its end. */
function recoveredExit({ verification, losses, attempts }: Stage, tiers: readonly TierResult[]): ExitCode {
  const wrong = verification.some(({ ok }) => !ok) || losses.some(({ expected }) => !expected);
  return exitFor({
    verificationFailed: wrong || attempts.some(({ outcome, expected }) => outcome !== expected),
    objectiveMissed: !tiers.every(({ rto, rpo }) => rto.met && rpo.met),
  });
}

/** Steps that take time; the restore's own journal holds all of them. */
const SHOWN_STEPS = /\/(copy|replay|verify|start)$/;
const LONG_STEP_SECONDS = 1;

type TimedEvent = SeenEvent & { readonly beganAt?: string };

function stepEvents({ id, title, tier, startedAt, endedAt }: RestoreData['steps'][number]): TimedEvent[] {
  const took = (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
  if (!SHOWN_STEPS.test(id) && took < LONG_STEP_SECONDS) return [];
  return [{ at: endedAt, beganAt: startedAt, event: title, ...(tier ? { tier } : {}) }];
}

function timeline(
  stage: Stage,
  disasterAt: Date,
  recovered: Recovered | undefined,
  tiers: readonly TierResult[],
): DrillReport['timeline'] {
  const steps = recovered?.restored.data.steps ?? [];
  const all: TimedEvent[] = [
    ...stage.events,
    ...steps.flatMap(stepEvents),
    ...tiers.flatMap((tier) =>
      tier.readyAt ? [{ at: tier.readyAt, tier: tier.id, event: `${tier.id} is back, verified` }] : [],
    ),
  ];
  const offset = (at: string): number => (Date.parse(at) - disasterAt.getTime()) / 1000;
  return all
    .map(({ beganAt, ...event }) => ({
      ...event,
      offsetSeconds: offset(event.at),
      ...(beganAt === undefined ? {} : { beganSeconds: offset(beganAt) }),
    }))
    .sort((a, b) => a.offsetSeconds - b.offsetSeconds);
}

export interface ReportFacts {
  readonly stage: Stage;
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly disasterAt: Date;
  /** Absent when the recovery failed. */
  readonly recovered?: Recovered | undefined;
  readonly failure?: ExitCode | undefined;
  readonly environment: DrillEnvironment;
}

export function drillReport(facts: ReportFacts): DrillReport {
  const { stage, disasterAt, recovered } = facts;
  const { plan, scenario, scale } = stage.options;
  const tiers = tierResults(plan, disasterAt, recovered);
  const exit = facts.failure ?? recoveredExit(stage, tiers);
  const point = recovered?.restored.data.plan.items.find(({ workload }) => workload === 'postgres')?.point;
  return {
    apiVersion: API_VERSION,
    kind: 'DrillReport',
    scenario,
    title: plan.scenarios.find(({ id }) => id === scenario)?.title ?? scenario,
    startedAt: facts.startedAt.toISOString(),
    endedAt: facts.endedAt.toISOString(),
    scale,
    passed: exit === EXIT.ok,
    exit,
    disasterAt: disasterAt.toISOString(),
    target: {
      ...(point ? { point } : {}),
      ...(recovered?.target ?? { repository: '', description: 'the recovery failed' }),
    },
    tiers,
    timeline: timeline(stage, disasterAt, recovered, tiers),
    verification: stage.verification,
    losses: stage.losses,
    ...(stage.attempts.length > 0 ? { security: stage.attempts } : {}),
    throughput: throughputOf(plan, recovered),
    environment: facts.environment,
  };
}

/** None for a failed drill: it proves nothing and stays overdue. One that recovered everything too late has measured that, and has not passed. */
export function drillMeasurements(
  { passed, exit, endedAt, scenario, tiers, throughput }: DrillReport,
  by?: string,
): Measurement[] {
  if (!passed && exit !== EXIT.objectiveMissed) return [];
  const rate = throughput === undefined ? 0 : throughput.megabytesPerSecond * 1e6;
  return tiers.map(({ id, rto, rpo }) => ({
    at: endedAt,
    what: `drill ${scenario}`,
    tier: id,
    ...(rto.measuredSeconds === undefined ? {} : { rtoSeconds: rto.measuredSeconds }),
    ...(rpo.measuredSeconds === undefined ? {} : { rpoSeconds: rpo.measuredSeconds }),
    source: 'drill',
    ...(by === undefined ? {} : { by }),
    ...(rate > 0 ? { bytesPerSecond: rate, bytes: throughput?.bytesRestored ?? 0 } : {}),
    ...(passed ? {} : { passed: false as const }),
  }));
}
