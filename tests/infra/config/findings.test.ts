import { expect, test } from 'vitest';
import { backedUp, previewFindings } from '../../../infra/config/findings.ts';
import { secretSchemas } from '../../../infra/config/schema.ts';
import { productionPlan } from '../../../plan/production.ts';
import { SECRET_KEYS } from '../../../recovery/rebuild/assemble.ts';
import { configOf } from './stack-config.ts';

type Config = Parameters<typeof previewFindings>[0];

function findings(changes: Partial<Config>): string[] {
  const config: Pick<
    Config,
    'role' | 'plan' | 'folders' | 'monitoring' | 'notifications' | 'external' | 'platformVolumes'
  > = {
    role: 'primary',
    external: { passwords: {} },
    plan: productionPlan,
    folders: {},
    platformVolumes: [],
    monitoring: { prometheusOperator: true, labels: {}, namespace: 'monitoring' },
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

test.each([
  ['production', {}],
  ['dr', {}],
  ['dr', { role: 'primary' }],
])('the shipped stack %s %j backs up all 15 workloads of the plan', async (stack, config) => {
  const { plan, ...sources } = await configOf(stack, { config });
  expect(backedUp(plan, sources)).toEqual(productionPlan.workloads.map(({ id }) => id));
  expect(backedUp(plan, sources)).toHaveLength(15);
});

test('a copy of a stack that mirrors no git repositories says so, and backs none up', async () => {
  const { plan, ...sources } = await configOf('dr', { config: { git: { repositories: {} } } });
  expect(sources.git).toBeUndefined();
  expect(backedUp(plan, sources)).toHaveLength(14);
});

test('a rebuild encrypts every key that a stack must encrypt', () => {
  expect([...SECRET_KEYS].sort()).toEqual(Object.keys(secretSchemas).sort());
});
