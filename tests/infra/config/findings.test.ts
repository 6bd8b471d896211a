import { expect, test } from 'vitest';
import { previewFindings } from '../../../infra/config/findings.ts';
import { productionPlan } from '../../../plan/production.ts';

type Config = Parameters<typeof previewFindings>[0];

function findings(changes: Partial<Config>): string[] {
  const config: Pick<Config, 'role' | 'plan' | 'folders' | 'monitoring' | 'notifications'> = {
    role: 'primary',
    plan: productionPlan,
    folders: {},
    monitoring: { prometheusOperator: true, namespace: 'monitoring' },
    notifications: { email: [], targetNames: ['slackWebhook'] },
  };
  return previewFindings({ ...config, ...changes } as Config);
}

const FOLDERS = ['event-store', 'uploads', 'static-assets', 'images', 'artifacts', 'configuration-files'];

test('each workload that the stack does not back up is named, and none when all are', () => {
  expect(findings({}).map((line) => line.split(' ')[1])).toEqual([...FOLDERS.slice(0, 3), 'git', ...FOLDERS.slice(3)]);
  const folders = Object.fromEntries(FOLDERS.map((id) => [id, id]));
  const git = { repositories: { shop: 'https://git.example/shop.git' } };
  expect(findings({ folders, git })).toEqual([]);
  const told = { email: [], targetNames: [] };
  expect(findings({ folders, git, notifications: told })).toEqual([expect.stringContaining('reaches anybody')]);
  const meant = { ...productionPlan, alerts: { none: true } };
  expect(findings({ folders, git, notifications: told, plan: meant })).toEqual([]);
});
