/** Sentences and rows of a drill's report, for terminal and HTML. */
import { formatDuration } from '../../plan/duration.ts';
import { formatBytes, formatCount, formatTime, plural } from './format.ts';
import type { DrillReport, Loss, Measured, TierResult } from './types.ts';

export interface ObjectiveView {
  readonly objective: string;
  readonly measured: string;
  readonly met: boolean;
  /** Used part of the objective, 0 to 1. */
  readonly used: number;
}

export interface TierView {
  readonly id: string;
  readonly name: string;
  readonly services: string;
  readonly rto: ObjectiveView;
  readonly rpo: ObjectiveView;
  /** Data size at which the tier would miss its RTO at the rate measured. */
  readonly dataLimit: string;
}

export interface DrillView {
  readonly verdict: 'PASSED' | 'FAILED';
  /** One sentence why, for the top of the page. */
  readonly summary: string;
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly tiers: readonly TierView[];
  readonly losses: readonly {
    readonly what: string;
    readonly amount: string;
    readonly expected: boolean;
    readonly detail: string;
  }[];
  /** Empty where no rate was measured. */
  readonly rate: string;
}

export function drillView(report: DrillReport): DrillView {
  return {
    verdict: report.passed ? 'PASSED' : 'FAILED',
    summary: summaryOf(report),
    facts: [
      ...(isRebuild(report) ? [] : [['Scenario', report.scenario] as const]),
      ['Recovered to', report.target.description],
      ['From', [report.target.repository, report.target.point].filter(Boolean).join(', ')],
      ['Disaster at', formatTime(report.disasterAt)],
      [
        isRebuild(report) ? 'Rebuild' : 'Drill',
        `${formatTime(report.startedAt)}, ${formatDuration(between(report.startedAt, report.endedAt))} in all`,
      ],
      ...dataFacts(report),
    ],
    tiers: report.tiers.map((tier) => tierView(tier, report.throughput?.rtoDataLimitBytes[tier.id])),
    losses: report.losses.map((loss) => ({
      what: loss.what,
      amount: amountOf(loss),
      expected: loss.expected,
      detail: loss.detail,
    })),
    rate: rateOf(report),
  };
}

function isRebuild({ kind }: DrillReport): boolean {
  return kind === 'RebuildReport';
}

function dataFacts({ scale, throughput }: DrillReport): (readonly [string, string])[] {
  const facts = [
    ...(scale === undefined ? [] : [`scale ${scale}`]),
    ...(throughput === undefined ? [] : [`${formatBytes(throughput.bytesRestored)} restored`]),
  ];
  return facts.length === 0 ? [] : [['Data', facts.join(', ')]];
}

function rateOf({ throughput }: DrillReport): string {
  if (throughput === undefined) return '';
  const { bytesRestored, seconds, megabytesPerSecond } = throughput;
  return `${formatBytes(bytesRestored)} in ${formatDuration(seconds)}: ${megabytesPerSecond.toPrecision(3)} MB/s`;
}

function summaryOf(report: DrillReport): string {
  const failed = report.verification.filter((check) => !check.ok).length;
  const missed = report.tiers.filter((tier) => !tier.rto.met || !tier.rpo.met).map((tier) => tier.id);
  const attacks = (report.security ?? []).filter((attempt) => attempt.outcome !== attempt.expected).length;
  const lost = report.losses.filter((loss) => !loss.expected).length;
  const last = report.tiers.map((tier) => tier.rto.measuredSeconds ?? 0).reduce((a, b) => Math.max(a, b), 0);
  const wrong = [
    failed > 0 ? `${plural(failed, 'check')} of ${report.verification.length} failed` : '',
    missed.length > 0 ? `objectives missed by ${missed.join(', ')}` : '',
    attacks > 0 ? `${plural(attacks, 'attack')} had a forbidden outcome` : '',
    lost > 0 ? `${plural(lost, 'loss', 'losses')} without an explanation` : '',
  ].filter((sentence) => sentence !== '');
  if (wrong.length > 0) return `${wrong.join('; ')}.`;
  if (!report.passed) return `${isRebuild(report) ? 'The rebuild' : 'The drill'} ended with exit code ${report.exit}.`;
  return `All ${plural(report.tiers.length, 'tier')} verified ${formatDuration(last)} after the disaster; ${plural(report.verification.length, 'check')} passed.`;
}

function tierView(tier: TierResult, limit: number | undefined): TierView {
  return {
    id: tier.id,
    name: tier.name,
    services: tier.services.join(', '),
    rto: objectiveView(tier.rto),
    rpo: objectiveView(tier.rpo),
    dataLimit: limit === undefined ? '-' : formatBytes(limit),
  };
}

function objectiveView({ objectiveSeconds, measuredSeconds, met }: Measured): ObjectiveView {
  return {
    objective: formatDuration(objectiveSeconds),
    measured: measuredSeconds === undefined ? 'not measured' : formatDuration(measuredSeconds),
    met,
    used: measuredSeconds === undefined ? 1 : Math.min(1, measuredSeconds / Math.max(objectiveSeconds, 1e-9)),
  };
}

function amountOf(loss: Loss): string {
  const amounts = [
    loss.rows === undefined ? '' : loss.rows === 0 ? 'no rows' : plural(loss.rows, 'row'),
    loss.seconds === undefined ? '' : formatDuration(loss.seconds),
  ].filter((amount) => amount !== '');
  return amounts.join(', ') || '-';
}

function between(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}

export function environmentFacts(report: DrillReport): [label: string, value: string][] {
  const { cpus, memoryBytes, platform, engines } = report.environment;
  return [
    ['Machine', `${platform}, ${plural(cpus, 'CPU')}, ${formatBytes(memoryBytes)} of memory`],
    ...Object.entries(engines),
  ];
}

/** `23 of 24 checks` */
export function checkCount(report: DrillReport): string {
  const ok = report.verification.filter((check) => check.ok).length;
  return `${formatCount(ok)} of ${plural(report.verification.length, 'check')}`;
}
