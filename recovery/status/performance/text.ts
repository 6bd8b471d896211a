/** A performance report as text. */
import { table } from '../../report/table.ts';
import type { PerformanceReport, ProbeResult } from './performance.ts';

const ms = (value: number | undefined): string =>
  value === undefined ? '' : `${value.toFixed(value < 10 ? 1 : 0)} ms`;

const WORDS: Readonly<Record<ProbeResult['state'], string>> = {
  good: 'ok',
  worse: 'WORSE',
  'no-baseline': 'no baseline',
  failed: 'FAILED',
  'no-probe': 'no probe',
};

export function performanceText({ probes, limit, recorded, notRecorded }: PerformanceReport): string {
  const rows = probes.map(({ title, timing, baseline, ratio, state, fact = '' }) => [
    title,
    WORDS[state],
    ms(timing?.median),
    ms(baseline?.median),
    ms(timing?.p95),
    ms(baseline?.p95),
    ratio === undefined ? '' : `${ratio.toFixed(2)} ×`,
    fact,
  ]);
  const head = ['probe', '', 'median', 'good days', 'p95', 'good days', 'ratio', ''];
  const right = ['left', 'left', 'right', 'right', 'right', 'right', 'right'] as const;
  return [
    table(head, rows, right),
    '',
    `worse is more than ${limit} × the good days`,
    ...(recorded ? ['recorded as a good day'] : []),
    ...(notRecorded === undefined ? [] : [`not recorded: ${notRecorded}`]),
    ...(probes.some(({ state }) => state === 'no-baseline')
      ? ['a baseline is recorded on a good day: dr health --performance --record']
      : []),
  ].join('\n');
}
