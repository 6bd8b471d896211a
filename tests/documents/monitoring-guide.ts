/** docs/MONITORING_GUIDE.md: every metric, and every alert with what to do. */
import { type AlertRule, alertRules } from '../../infra/monitoring/rules.ts';
import type { Plan } from '../../plan/types.ts';
import { METRICS } from '../../recovery/status/monitor/samples.ts';
import { generated, page, tableOf, wrap } from './text.ts';

/** A value of a label stands for whatever it is; two rules of one name differ in their limit only. */
const plainText = (text: string): string =>
  text.replaceAll(/\{\{ *\$labels\.(\w+)[^}]*\}\}/g, 'LABEL($1)').replaceAll(/\{\{ *\$value[^}]*\}\}/g, 'VALUE');
const shown = (text: string): string =>
  plainText(text).replaceAll(/LABEL\((\w+)\)/g, (_, name: string) => name.toUpperCase());

const commands = (runbook: string): string =>
  runbook
    .split('; ')
    .map((each) => `\`${shown(each)}\``)
    .join(', then ');

export interface GuideRule extends AlertRule {
  /** Rules of this name and severity: the plan gives one for each schedule, workload or scenario. */
  readonly count: number;
}

/** One of each name and severity, by name. */
export function rulesOf(plan: Plan): GuideRule[] {
  const settings = { namespace: 'go-coffee-dr' };
  const sites = (['primary', 'standby'] as const).map((role) =>
    alertRules(plan, { ...settings, role }).groups.flatMap(({ rules }) => rules),
  );
  const byKey = new Map<string, GuideRule>();
  for (const rules of sites) {
    const counts = Map.groupBy(rules, ({ alert, labels }) => `${alert} ${labels.severity}`);
    for (const [key, [first, ...more]] of counts)
      if (first !== undefined && !byKey.has(key)) byKey.set(key, { ...first, count: 1 + more.length });
  }
  return [...byKey.values()].sort((a, b) => a.alert.localeCompare(b.alert));
}

export function monitoringGuide(plan: Plan): string {
  const { storage, performanceRatio } = plan.thresholds;
  return page(
    '# Monitoring guide',
    generated('the plan, the alert rules and the exporter'),
    wrap(
      '`dr monitor` prints the metrics once, `dr monitor --serve` answers Prometheus at `/metrics`. In a stack the rules and the dashboard are declared by the stack. `--ping-url-file` calls a URL after each refresh: a monitor that is silent is a failed one.',
    ),
    '## Limits of the plan',
    tableOf(
      ['what', 'limit'],
      [
        ['A failed backup', plan.thresholds.backupFailure],
        ['Storage in use, a warning', `more than ${storage.warningPercent} %`],
        ['Storage in use, critical', `more than ${storage.criticalPercent} %`],
        ['A failed integrity check', plan.thresholds.integrityFailure],
        ['A probe that is slower than on good days', `more than ${performanceRatio} ×`],
      ],
    ),
    '## Alerts, and what to do',
    tableOf(
      ['alert', 'severity', 'what it means', 'what to do'],
      rulesOf(plan).map(({ alert, labels, annotations, count }) => [
        `\`${alert}\``,
        labels.severity ?? '',
        `${shown(annotations.summary ?? '')}. ${shown(annotations.description ?? '')}${count === 1 ? '' : ` (One of ${count} rules of this name.)`}`,
        commands(annotations.runbook ?? ''),
      ]),
    ),
    wrap(
      'Words in capitals stand for a label of the alert. Alerts that must ring when everything in the cluster is gone are in [AWS](aws.md).',
    ),
    '## Metrics',
    tableOf(
      ['metric', 'meaning'],
      Object.entries(METRICS).map(([name, help]) => [`\`${name}\``, help]),
    ),
    '## Performance and security',
    wrap(
      '`dr health --performance` times every store and every service that has a health command, and compares with what good days have measured (`--record`; the monitor records once a day). `dr health --security` compares roles, network policies and rights with the newest capture, tries retired passwords, and looks at keys, ports and pod security. What it can’t see it says.',
    ),
  );
}
