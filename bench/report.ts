/** Results as people read them. */
import { table } from '../recovery/report/table.ts';
import { type BenchResult, isMet, type Measure } from './benchmark.ts';
import { median } from './statistics.ts';

function number(value: number, unit: Measure['unit']): string {
  return unit === '×' ? value.toFixed(3) : unit === 'ms' ? `${value.toFixed(0)} ms` : `${value.toFixed(2)} s`;
}

function verdict(measure: Measure): string[] {
  const { target, unit } = measure;
  if (target === undefined) return ['', ''];
  return [`${target.relation} ${number(target.value, unit)}`, isMet(measure) ? 'met' : 'MISSED'];
}

export function resultText(id: string, title: string, result: BenchResult): string {
  const times = result.samples.map(({ name, seconds }) => [
    name,
    median(seconds).toFixed(3),
    Math.min(...seconds).toFixed(3),
    Math.max(...seconds).toFixed(3),
    String(seconds.length),
  ]);
  const measures = result.measures.map((m) => [m.name, number(m.value, m.unit), ...verdict(m)]);
  const facts = Object.entries(result.facts).map(([name, value]) => `  ${name}: ${value}`);
  return [
    `${id}  ${title}`,
    table(['seconds', 'median', 'least', 'most', 'runs'], times, ['left', 'right', 'right', 'right', 'right']),
    table(['measure', 'value', 'target', ''], measures, ['left', 'right', 'right', 'left']),
    ...facts,
  ].join('\n');
}
