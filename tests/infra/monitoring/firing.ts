/** Which alerts fire when Prometheus evaluates rules on the exporter's own samples. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { type RuleFile, rulesYaml } from '../../../infra/monitoring/rules.ts';
import type { Sample } from '../../../recovery/status/monitor/samples.ts';
import { scratch } from '../../scratch.ts';

export interface Timeline {
  readonly rules: RuleFile;
  /** Minutes between two scrapes. */
  readonly every: number;
  /** What each scrape found, the first one at minute 0. */
  readonly scrapes: readonly (readonly Sample[])[];
  /** Minutes that are asked about. @default those of all scrapes */
  readonly at?: readonly number[];
  /** When the first scrape was: Prometheus' clock begins at 0 here. */
  readonly start: Date;
}

function text(value: number): string {
  return Number.isFinite(value) ? String(value) : '+Inf';
}

function seriesOf({ scrapes, every, start }: Timeline): { series: string; values: string }[] {
  const rows = new Map<string, string[]>();
  scrapes.forEach((samples, n) => {
    for (const { metric, labels, value } of samples) {
      const pairs = Object.entries(labels).map(([key, label]) => `${key}="${label}"`);
      const name = `${metric}{${pairs.join(',')}}`;
      const row = rows.get(name) ?? Array.from({ length: scrapes.length }, () => '_');
      // Milliseconds of a clock that begins at 0.
      const shown = metric.endsWith('_timestamp_seconds') ? value - start.getTime() / 1000 : value;
      row[n] = text(shown);
      rows.set(name, row);
    }
  });
  const up = { series: 'up{job="dr-monitor"}', values: `1x${scrapes.length * every}` };
  return [up, ...[...rows].map(([series, row]) => ({ series, values: row.join(' ') }))];
}

/** By minute: the firing alerts with their labels that tell instances apart, as `DrNoNewPoint redis`, sorted. */
export async function firing(timeline: Timeline): Promise<Map<number, string[]>> {
  const { rules, every, scrapes } = timeline;
  const folder = await scratch();
  const minutes = timeline.at ?? scrapes.map((_, n) => n * every);
  const test = {
    interval: `${every}m`,
    input_series: seriesOf(timeline),
    // promtool prints what it got where it expected nothing.
    promql_expr_test: minutes.map((minute) => ({
      expr: 'ALERTS{alertstate="firing"}',
      eval_time: `${minute}m`,
      exp_samples: [],
    })),
  };
  await writeFile(join(folder, 'rules.yaml'), rulesYaml(rules));
  const file = join(folder, 'tests.yaml');
  const document = { rule_files: ['rules.yaml'], evaluation_interval: `${every}m`, tests: [test] };
  await writeFile(file, stringify(document, { lineWidth: 0 }));
  const { stdout, stderr } = await promisify(execFile)('promtool', ['test', 'rules', file], {
    maxBuffer: 256 * 2 ** 20,
  }).catch((error: { stdout: string; stderr: string }) => error);
  return parse(`${stdout}\n${stderr}`, minutes);
}

function parse(output: string, minutes: readonly number[]): Map<number, string[]> {
  const found = new Map<number, string[]>(minutes.map((minute) => [minute, []]));
  const blocks = [...output.matchAll(/expr: ".*", time: (\S+),\s*\n\s*exp: nil\s*\n\s*got: (.*)/g)];
  if (blocks.length === 0 && !output.includes('SUCCESS')) throw new Error(output);
  for (const [, time = '', got = ''] of blocks) {
    const alerts = [...got.matchAll(/\{__name__="ALERTS", ([^}]*)\}/g)].map(([, labels = '']) => nameOf(labels));
    found.set(minutesOf(time), alerts.sort());
  }
  return found;
}

const OTHER = ['alertname', 'alertstate', 'severity', 'tier', 'namespace'];

function nameOf(labels: string): string {
  const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value] as const);
  const alert = pairs.find(([key]) => key === 'alertname')?.[1] ?? '';
  const rest = pairs.filter(([key]) => !OTHER.includes(key)).map(([, value]) => value);
  return [alert, ...new Set(rest)].join(' ');
}

/** `1d2h15m` → minutes. */
function minutesOf(time: string): number {
  const units: Record<string, number> = { s: 1 / 60, m: 1, h: 60, d: 1440, w: 10_080 };
  return [...time.matchAll(/(\d+)([smhdw])/g)].reduce(
    (sum, [, n, unit]) => sum + Number(n) * (units[unit ?? ''] ?? 0),
    0,
  );
}
