/** A drill's report for a terminal. */
import { formatDuration } from '../../plan/duration.ts';
import { checkCount, drillView, environmentFacts, type ObjectiveView } from './drill-view.ts';
import type { Paint } from './paint.ts';
import { table } from './table.ts';
import type { DrillReport } from './types.ts';

export function renderTerminal(report: DrillReport, paint: Paint): string {
  const view = drillView(report);
  const verdict = paint(['bold', report.passed ? 'green' : 'red'], view.verdict);
  const mark = (ok: boolean): string => (ok ? paint('green', 'ok') : paint('red', 'FAILED'));
  const measured = (objective: ObjectiveView): string =>
    paint(objective.met ? 'green' : 'red', `${objective.measured}${objective.met ? '' : ' MISSED'}`);
  const section = (title: string, body: string): string => `${paint('bold', title)}\n${body}`;

  const blocks = [
    `${verdict}  ${report.title}\n${view.summary}`,
    columns(view.facts),
    section(
      'Objectives and what was measured',
      table(
        ['tier', 'services', 'RTO', 'measured', 'RPO', 'measured', 'misses its RTO at'],
        view.tiers.map((tier) => [
          `${tier.id} ${tier.name}`,
          tier.services,
          tier.rto.objective,
          measured(tier.rto),
          tier.rpo.objective,
          measured(tier.rpo),
          tier.dataLimit,
        ]),
      ),
    ),
    section('Timeline', timelineText(report)),
    section(
      `Verified: ${checkCount(report)} passed`,
      table(
        ['', 'check', 'tier', 'expected', 'found', 'evidence'],
        report.verification.map((check) => [
          mark(check.ok),
          check.title,
          check.tier ?? '',
          check.expected,
          check.actual,
          check.evidence,
        ]),
      ),
    ),
    section(
      'Lost',
      view.losses.length === 0
        ? 'nothing'
        : table(
            ['what', 'how much', 'planned', ''],
            view.losses.map((loss) => [
              loss.what,
              loss.amount,
              loss.expected ? 'yes' : paint('red', 'NO'),
              loss.detail,
            ]),
          ),
    ),
    ...(report.security === undefined || report.security.length === 0
      ? []
      : [
          section(
            'Tried as the intruder',
            table(
              ['', 'attempt', 'outcome', 'detail'],
              report.security.map((each) => [
                mark(each.outcome === each.expected),
                each.attempt,
                each.outcome,
                each.detail,
              ]),
            ),
          ),
        ]),
    ...(view.rate === '' ? [] : [section('Rate', view.rate)]),
    columns(environmentFacts(report)),
  ];
  return blocks.join('\n\n');
}

function timelineText(report: DrillReport): string {
  return table(
    ['after', 'tier', 'event', 'detail'],
    report.timeline.map((event) => [
      formatDuration(event.offsetSeconds),
      event.tier ?? '',
      event.event,
      event.detail ?? '',
    ]),
    ['right'],
  );
}

function columns(facts: readonly (readonly [string, string])[]): string {
  const width = Math.max(...facts.map(([label]) => label.length));
  return facts.map(([label, value]) => `${label.padEnd(width)}  ${value}`).join('\n');
}
