/** The documents that the plan links exist and say what the plan, the alert rules and the exporter say. `vitest -u` writes them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { productionPlan } from '../plan/production.ts';
import { METRICS } from '../recovery/status/monitor/samples.ts';
import { backupProcedures } from './documents/backup-procedures.ts';
import { businessContinuityPlan } from './documents/business-continuity-plan.ts';
import { monitoringGuide, rulesOf } from './documents/monitoring-guide.ts';
import { securityIncidentResponse } from './documents/security-incident-response.ts';

const DOCS = fileURLToPath(new URL('../docs', import.meta.url));

const DOCUMENTS = {
  'BACKUP_PROCEDURES.md': backupProcedures,
  'MONITORING_GUIDE.md': monitoringGuide,
  'SECURITY_INCIDENT_RESPONSE.md': securityIncidentResponse,
  'BUSINESS_CONTINUITY_PLAN.md': businessContinuityPlan,
};

test.each(Object.entries(DOCUMENTS))('docs/%s says what the plan says', async (name, render) => {
  await expect(render(productionPlan)).toMatchFileSnapshot(join(DOCS, name));
});

test('every document of this folder that the plan links exists', () => {
  const own = productionPlan.resources.filter(({ path }) => path.startsWith('./'));
  expect(own.map(({ path }) => path.slice(2)).sort()).toEqual(Object.keys(DOCUMENTS).sort());
  expect(own.filter(({ path }) => !existsSync(join(DOCS, path)))).toEqual([]);
});

test('the monitoring guide has every metric and every alert, each with what to do', () => {
  const guide = monitoringGuide(productionPlan);
  for (const name of Object.keys(METRICS)) expect(guide).toContain(`| \`${name}\` |`);
  for (const { alert, annotations } of rulesOf(productionPlan)) {
    expect(guide).toContain(`| \`${alert}\` |`);
    expect(annotations.runbook ?? '').not.toBe('');
  }
});

test('a document follows a change of the plan', () => {
  const storage = { warningPercent: 70, criticalPercent: 90 };
  const plan = {
    ...productionPlan,
    thresholds: { ...productionPlan.thresholds, storage },
    integrations: [{ id: 'cards', title: 'Cards', owner: 'Ada', contact: 'portal', byHand: 'take cash' }],
  };
  expect(monitoringGuide(plan)).toContain('more than 70 %');
  expect(businessContinuityPlan(plan)).toContain('| Cards | Ada | portal | take cash |');
});
