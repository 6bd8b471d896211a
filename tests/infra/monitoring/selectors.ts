/** The series that a rule's expression reads, and which of them nothing has ever written. */
import type { AlertRule } from '../../../infra/monitoring/rules.ts';
import type { Sample } from '../../../recovery/status/monitor/samples.ts';

const SELECTOR = /(go_coffee_dr_\w+)(?:\{([^}]*)\})?/g;
const MATCHER = /(\w+)(=~|!~|!=|=)"([^"]*)"/g;

/** Each selector of the exporter's metrics, as it stands in the expression. */
export function selectorsOf({ expr }: AlertRule): string[] {
  return [...new Set([...expr.matchAll(SELECTOR)].map(([text]) => text))];
}

/** As Prometheus judges it: a label that is absent is an empty text, and an expression fits the whole of it. */
export function isSelected(selector: string, { metric, labels }: Pick<Sample, 'metric' | 'labels'>): boolean {
  const [, name, matchers = ''] = [...selector.matchAll(SELECTOR)][0] ?? [];
  if (name !== metric) return false;
  return [...matchers.matchAll(MATCHER)].every(([, label = '', how, wanted = '']) => {
    const value = labels[label] ?? '';
    const fits = how === '=~' || how === '!~' ? new RegExp(`^(?:${wanted})$`).test(value) : value === wanted;
    return how === '=' || how === '=~' ? fits : !fits;
  });
}

/** `DrStandbyLate: go_coffee_dr_standby_lag_seconds` for each series that no sample is of. */
export function unwritten(
  rules: readonly AlertRule[],
  written: readonly Pick<Sample, 'metric' | 'labels'>[],
): string[] {
  const lines = rules.flatMap((rule) =>
    selectorsOf(rule)
      .filter((selector) => !written.some((sample) => isSelected(selector, sample)))
      .map((selector) => `${rule.alert}: ${selector}`),
  );
  return [...new Set(lines)];
}
