import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type AlertRule,
  alertRules,
  type RuleFile,
  type RuleSettings,
  rulesYaml,
} from '../../../infra/monitoring/rules.ts';
import { productionPlan } from '../../../plan/production.ts';
import type { Plan } from '../../../plan/types.ts';
import { METRICS } from '../../../recovery/status/monitor/samples.ts';
import { scratch } from '../../scratch.ts';
import { ALL, CASES, STANDBY } from './alert-cases.ts';
import { hasPromtool, NO_PROMTOOL, promtool, testRules } from './promtool.ts';

const rulesOf = (plan: Plan, settings: RuleSettings = ALL): AlertRule[] =>
  alertRules(plan, settings).groups.flatMap(({ rules }) => rules);
const named = (alert: string, plan = productionPlan): AlertRule[] =>
  rulesOf(plan).filter((rule) => rule.alert === alert);

describe('the thresholds are the plan’s', () => {
  test('storage, backup failure, integrity', () => {
    expect(named('DrStorageFillingUp')[0]).toMatchObject({ labels: { severity: 'warning' } });
    expect(named('DrStorageFillingUp')[0]?.expr).toContain('> 0.8 and');
    expect(named('DrStorageFull')[0]).toMatchObject({
      expr: 'go_coffee_dr_storage_used_ratio > 0.95',
      labels: { severity: 'critical' },
    });
    for (const alert of ['DrBackupFailed', 'DrJobFailed', 'DrIntegrityFailed']) {
      expect(named(alert)[0]?.labels.severity).toBe('critical');
      expect(named(alert)[0]).not.toHaveProperty('for');
    }
  });

  test('another plan gives other rules', () => {
    const storage = { warningPercent: 70, criticalPercent: 90 };
    const plan: Plan = {
      ...productionPlan,
      thresholds: { backupFailure: 'warning', storage, integrityFailure: 'warning', performanceRatio: 2 },
      objectives: {
        ...productionPlan.objectives,
        rpo: { database: '30m', applicationData: '2h', configuration: '12h' },
      },
    };
    expect(named('DrStorageFull', plan)[0]?.expr).toContain('> 0.9');
    expect(named('DrBackupFailed', plan)[0]?.labels.severity).toBe('warning');
    expect(named('DrIntegrityFailed', plan)[0]?.labels.severity).toBe('warning');
    expect(named('DrWalRpoMissed', plan)[0]?.expr).toContain('> 1800');
    const uploads = named('DrNoNewPoint', plan).find(({ expr }) => expr.includes('"uploads"'));
    expect(uploads?.expr).toContain('> 7200');
  });

  test('every workload has a limit: its RPO, or where logs keep it, what its schedules make at worst', () => {
    const limits = named('DrNoNewPoint').map(({ expr, labels }) => {
      const [, workload, limit] = /workload="([^"]+)"\}\) > (\d+) /.exec(expr) ?? [];
      return [workload, [Number(limit) / 3600, labels.severity]];
    });
    expect(limits.map(([id]) => id)).toEqual(productionPlan.workloads.map(({ id }) => id));
    expect(Object.fromEntries(limits)).toMatchObject({
      redis: [1, 'critical'],
      uploads: [4, 'critical'],
      manifests: [24, 'critical'],
      // 1 h interval + 90 min longest run + 10 min copy; 24 h + the same.
      postgres: [2 + 40 / 60, 'warning'],
      'postgres-dump': [25 + 40 / 60, 'warning'],
    });
  });

  test('each scenario that is tested is overdue by the calendar', () => {
    expect(
      named('DrDrillOverdue').map(({ expr }) => expr.replace(/^[a-z_]+\{scenario="(.*?)"\} > (\d+) .*/, '$1 $2')),
    ).toEqual([
      `complete-failure ${93 * 86_400}`,
      `database-corruption ${32 * 86_400}`,
      `application-failure ${32 * 86_400}`,
      `security-breach ${367 * 86_400}`,
      `human-error ${367 * 86_400}`,
    ]);
  });
});

describe('every rule', () => {
  const rules = [...rulesOf(productionPlan), ...rulesOf(productionPlan, STANDBY)];

  test('says what to type, and speaks only of metrics that the exporter has', () => {
    const known = Object.keys(METRICS);
    for (const { alert, expr, annotations } of rules) {
      expect(annotations.runbook, alert).toMatch(/^(dr|kubectl) /);
      for (const [metric] of expr.matchAll(/go_coffee_dr_\w+/g)) expect(known, alert).toContain(metric);
    }
    // And none of the exporter's is watched by nobody; the plan's name and a measured value are for the dashboard.
    const watched = rules.map(({ expr }) => expr).join('\n');
    const unwatched = known.filter((metric) => !new RegExp(`${metric}\\b`).test(watched));
    expect(unwatched).toEqual([
      'go_coffee_dr_rto_seconds',
      'go_coffee_dr_rpo_seconds',
      'go_coffee_dr_incident_open',
      'go_coffee_dr_readiness_checks',
      'go_coffee_dr_plan_info',
    ]);
  });

  test('a standby has no WAL to archive, and a primary no lag', () => {
    const alerts = (settings: RuleSettings) =>
      rulesOf(productionPlan, settings)
        .map(({ expr }) => expr)
        .join('\n');
    expect(alerts(STANDBY)).not.toContain('go_coffee_dr_wal');
    expect(alerts(ALL)).not.toContain('standby_lag');
    expect(alerts({})).not.toContain('kube_job');
  });

  test.skipIf(!hasPromtool).each([ALL, STANDBY])('is accepted by Prometheus (promtool): %j', async (settings) => {
    const file = join(await scratch(), 'rules.yaml');
    await writeFile(file, rulesYaml(alertRules(productionPlan, settings)));
    expect(promtool(['check', 'rules', '--lint-fatal', file])).toContain(
      `SUCCESS: ${rulesOf(productionPlan, settings).length} rules`,
    );
  });
});

/** Labels of a rule: severity and tier are the rule's own. */
function expected(rules: readonly AlertRule[], alert: string, labels: Readonly<Record<string, string>>): unknown {
  const own = rules.filter((rule) => rule.alert === alert);
  const values = Object.values(labels);
  const rule = own.find((each) => Object.values(each.labels).some((value) => values.includes(value))) ?? own[0];
  return { exp_labels: { ...rule?.labels, ...labels } };
}

describe('alerts fire when they must, and only then', () => {
  test.skipIf(!hasPromtool)(hasPromtool ? 'by promtool’s unit tests' : NO_PROMTOOL, async () => {
    for (const settings of [ALL, STANDBY]) {
      const rules = rulesOf(productionPlan, settings);
      // Annotations are compared too: take them as they are rendered from the labels.
      const bare = alertRules(productionPlan, settings).groups.map((group) => ({
        ...group,
        rules: group.rules.map((rule) => ({ ...rule, annotations: {} })),
      }));
      const cases = CASES.filter((each) => (each.settings ?? ALL) === settings);
      const tests = cases.map(({ alert, series, at }) => ({
        name: alert,
        interval: '1m',
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        alert_rule_test: Object.entries(at).map(([minute, fires]) => ({
          eval_time: `${minute}m`,
          alertname: alert,
          exp_alerts: fires.map((labels) => expected(rules, alert, labels)),
        })),
      }));
      expect(await testRules(await scratch(), rulesYaml({ groups: bare } as unknown as RuleFile), tests)).toContain(
        'SUCCESS',
      );
    }
  });

  test('each alert has such a case; a missing metric has its own', () => {
    const all = [...rulesOf(productionPlan), ...rulesOf(productionPlan, STANDBY)].map(({ alert }) => alert);
    const tested = [...CASES.map(({ alert }) => alert), 'DrMetricMissing'];
    expect([...new Set(all)].sort()).toEqual([...new Set(tested)].sort());
  });

  test.skipIf(!hasPromtool)(hasPromtool ? 'a metric that is missing is told by name' : NO_PROMTOOL, async () => {
    const { groups } = alertRules(productionPlan, ALL);
    const own = groups.flatMap(({ rules }) =>
      rules.filter(({ alert, expr }) => alert === 'DrMetricMissing' && /redis|wal_lag/.test(expr)),
    );
    const series = {
      series: 'go_coffee_dr_last_point_age_seconds{workload="redis",repository="local"}',
      values: '1x10',
    };
    const [redis, wal] = own;
    const fires = (rule: AlertRule | undefined, labels: Record<string, string>) => ({
      exp_labels: { ...rule?.labels, ...labels },
      exp_annotations: rule?.annotations,
    });
    const at = (minute: number, exp_alerts: unknown[]) => ({
      eval_time: `${minute}m`,
      alertname: 'DrMetricMissing',
      exp_alerts,
    });
    const tests = [
      {
        interval: '1m',
        input_series: [series],
        alert_rule_test: [
          at(9, []),
          at(14, [fires(wal, {})]),
          at(30, [fires(redis, { workload: 'redis' }), fires(wal, {})]),
        ],
      },
    ];
    expect(await testRules(await scratch(), rulesYaml({ groups: [{ name: 'g', rules: own }] }), tests)).toContain(
      'SUCCESS',
    );
  });
});
