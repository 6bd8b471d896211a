/** docs/MONITORING_GUIDE.md: every metric, and every alert with what to do. */
import { type AlertRule, alertRules } from '../../infra/monitoring/rules.ts';
import type { Plan } from '../../plan/types.ts';
import { METRICS } from '../../recovery/status/monitor/samples.ts';
import { generated, page, tableOf, wrap } from './text.ts';

/** A value of a label stands for whatever it is; two rules of one name differ in their limit only. */
const plainText = (text: string): string =>
  text.replaceAll(/\{\{ *\$labels\.(\w+) *\}\}/g, 'LABEL($1)').replaceAll(/\{\{ *\$value[^}]*\}\}/g, 'VALUE');
const shown = (text: string): string =>
  plainText(text).replaceAll(/LABEL\((\w+)\)/g, (_, name: string) => name.toUpperCase());

const commands = (runbook: string): string =>
  runbook
    .split('; ')
    .map((each) => `\`${shown(each)}\``)
    .join(', then ');

export function rulesOf(plan: Plan): AlertRule[] {
  const settings = { namespace: 'go-coffee-dr' };
  const all = (['primary', 'standby'] as const).flatMap((role) =>
    alertRules(plan, { ...settings, role }).groups.flatMap(({ rules }) => rules),
  );
  return [...new Map(all.map((rule) => [`${rule.alert} ${rule.labels.severity}`, rule])).values()].sort((a, b) =>
    a.alert.localeCompare(b.alert),
  );
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
      rulesOf(plan).map(({ alert, labels, annotations }) => [
        `\`${alert}\``,
        labels.severity ?? '',
        `${shown(annotations.summary ?? '')}. ${shown(annotations.description ?? '')}`,
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
