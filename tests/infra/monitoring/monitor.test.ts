/** Who watches, who is told, and what Prometheus is given. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { alertRoute } from '../../../infra/monitoring/alert-routes.ts';
import { type AlertRule, alertRules, type RuleFile } from '../../../infra/monitoring/rules.ts';
import { productionPlan } from '../../../plan/production.ts';
import { find, kinds, object, podOf, predecessors } from '../objects.ts';
import { record } from '../recording.ts';

const TARGETS = {
  slackWebhook: 'https://hooks.slack.test/s3cr3t',
  pagerdutyUrl: 'https://events.pagerduty.test/s3cr3t',
  pingUrl: 'https://ping.test/s3cr3t',
};
const OPERATOR = ['ServiceMonitor', 'PrometheusRule', 'AlertmanagerConfig'] as const;

const told = await record('production', { alertTargets: TARGETS });
const silent = await record('local');

const rulesOf = (file: RuleFile): AlertRule[] => file.groups.flatMap(({ rules }) => [...rules]);

describe('with the Prometheus operator', () => {
  test('its objects bear the labels that its selectors want, and ours as well', async () => {
    const monitoring = { prometheusOperator: true, namespace: 'monitoring', labels: { release: 'kube-prometheus' } };
    const labelled = await record('production', { alertTargets: TARGETS, monitoring });
    for (const kind of OPERATOR) {
      const all = kinds(labelled, kind);
      expect(all.length).toBeGreaterThan(0);
      for (const { manifest } of all)
        expect(manifest.metadata.labels).toMatchObject({ release: 'kube-prometheus', 'go-coffee-dr/owner': 'stack' });
    }
  });

  test('the exporter is scraped, its job has the name that the rules ask for', () => {
    expect(object(told, 'ServiceMonitor', 'dr-monitor')).toMatchObject({
      spec: {
        selector: { matchLabels: { 'app.kubernetes.io/name': 'dr-monitor', 'go-coffee-dr/owner': 'stack' } },
        endpoints: [{ port: 'metrics' }],
      },
    });
    const service = object<{ metadata: { labels: object }; spec: { ports: { name: string }[] } }>(
      told,
      'Service',
      'dr-monitor',
    );
    expect(service.metadata.labels).toMatchObject({ 'app.kubernetes.io/name': 'dr-monitor' });
    expect(service.spec.ports[0]?.name).toBe('metrics');
    const { spec } = object<{ spec: RuleFile }>(told, 'PrometheusRule', 'dr-monitor');
    expect(rulesOf(spec).find(({ alert }) => alert === 'DrMonitorDown')?.expr).toContain('job="dr-monitor"');
  });

  test('the rules are the plan’s, and belong to the namespace whose route they take', () => {
    const { spec } = object<{ spec: RuleFile }>(told, 'PrometheusRule', 'dr-monitor');
    const wanted = rulesOf(alertRules(productionPlan, { role: 'primary', namespace: 'go-coffee-dr' }));
    expect(rulesOf(spec).map(({ alert, expr }) => [alert, expr])).toEqual(
      wanted.map(({ alert, expr }) => [alert, expr]),
    );
    expect(rulesOf(spec).every(({ labels }) => labels.namespace === 'go-coffee-dr')).toBe(true);
    expect(find(told, 'ConfigMap', 'dr-alert-rules')).toBeUndefined();
  });

  test('a run that failed is told of at once, to the plan’s channel, by URLs in a Secret', () => {
    const route = object<{ spec: { route: object; receivers: object[] } }>(
      told,
      'AlertmanagerConfig',
      'dr-alerts',
    ).spec;
    expect(route.route).toMatchObject({ groupWait: '10s', receiver: 'team' });
    expect(route.receivers).toEqual([
      expect.objectContaining({
        slackConfigs: [
          expect.objectContaining({ channel: '#incident-response', apiURL: { name: 'dr-alerts', key: 'slack' } }),
        ],
        webhookConfigs: [{ urlSecret: { name: 'dr-alerts', key: 'pagerduty' }, sendResolved: true }],
      }),
    ]);
    const failed = rulesOf(alertRules(productionPlan, { namespace: 'go-coffee-dr' })).filter(({ alert }) =>
      ['DrJobFailed', 'DrBackupFailed'].includes(alert),
    );
    expect(failed).toHaveLength(2);
    for (const rule of failed) expect(rule).not.toHaveProperty('for');
    expect(object(told, 'Secret', 'dr-alerts')).toMatchObject({
      stringData: { slack: TARGETS.slackWebhook, pagerduty: TARGETS.pagerdutyUrl, ping: TARGETS.pingUrl },
    });
  });

  test('nobody to be told is no route', () => {
    expect(alertRoute(productionPlan, ['pingUrl'])).toBeUndefined();
    expect(alertRoute(productionPlan, [])).toBeUndefined();
  });
});

describe('without it', () => {
  test('none of its kinds is declared: the rules are a ConfigMap', () => {
    for (const kind of OPERATOR) expect(kinds(silent, kind)).toEqual([]);
    const { data } = object<{ data: Record<string, string> }>(silent, 'ConfigMap', 'dr-alert-rules');
    const file = parse(data['go-coffee-dr.rules.yaml'] ?? '') as RuleFile;
    expect(rulesOf(file).length).toBeGreaterThan(20);
  });

  test('there is no Secret of targets, and nobody is called', () => {
    expect(find(silent, 'Secret', 'dr-alerts')).toBeUndefined();
    const { labels, spec } = podOf(silent, 'Deployment dr-monitor');
    expect(spec.containers[0]?.args).not.toContain('--ping-url-file');
    expect(Object.keys(labels).join()).not.toContain('alerting');
  });
});

test('the exporter listens, keeps the heartbeat, and calls the dead man’s switch', () => {
  const { spec, labels } = podOf(told, 'Deployment dr-monitor');
  const [container] = spec.containers;
  expect(container?.args).toEqual([
    ...['monitor', '--serve', '--listen', '0.0.0.0', '--port', '9187', '--interval', '60s'],
    ...['--heartbeat', '--ping-url-file', '/run/go-coffee-dr/alerts/ping'],
  ]);
  expect(labels).toHaveProperty(['reach.go-coffee/alerting'], 'allowed');
  expect(container?.livenessProbe?.httpGet).toMatchObject({ path: '/healthz', port: 9187 });
  expect(predecessors(told, 'Deployment', 'dr-monitor')).toEqual(
    expect.arrayContaining(['Secret dr-alerts', 'Job dr-init-us-east-1-1']),
  );
});

test.each([
  ['with', told],
  ['without', silent],
])('Grafana finds the dashboard, %s the operator', (_, recording) => {
  const map = object<{ metadata: { labels: object }; data: Record<string, string> }>(
    recording,
    'ConfigMap',
    'dr-dashboard',
  );
  expect(map.metadata.labels).toMatchObject({ grafana_dashboard: '1' });
  expect(JSON.parse(map.data['go-coffee-dr.json'] ?? '')).toMatchObject({ uid: recording.outputs.dashboard });
});
