/** Objects from a cluster's API instead of folders: what the file may and must say. */
import { describe, expect, test } from 'vitest';
import { OBJECT_PARTS } from '../../../plan/types.ts';
import { selectForBackup } from '../../../recovery/backup/select.ts';
import { isConfigured, isFromCluster } from '../../../recovery/config/selection.ts';
import { typeOf } from '../../../recovery/workloads/registry.ts';
import { scratch } from '../../scratch.ts';
import { changed, opened, refusalOf } from './document.ts';

const withCluster = (fields: string): string => changed('git:\n', `kubernetes: { ${fields} }\ngit:\n`);
const GOOD = withCluster('context: production, namespaces: [go-coffee]');

test('the plan says which workloads the cluster holds, each part once', async () => {
  const { plan, environment } = await opened(await scratch(), GOOD);
  const holders = plan.workloads.filter((workload) => isFromCluster(environment, workload));
  expect(holders.map(({ objects }) => objects).sort()).toEqual([...OBJECT_PARTS].sort());
  expect(holders.map(({ id }) => id)).toEqual([
    'manifests',
    'config-and-secrets',
    'network-policies',
    'monitoring-config',
  ]);
  const { workloads } = selectForBackup(plan, environment, 'full', ['manifests', 'monitoring-config']);
  expect(workloads.map(({ id }) => id)).toEqual(['manifests', 'monitoring-config']);
});

test('they are restored beside the cluster, never into it', async () => {
  const site = await opened(await scratch(), GOOD);
  const manifests = site.plan.workloads.find(({ id }) => id === 'manifests');
  expect(manifests && typeOf(site.environment, manifests).destination(site, manifests)).toBe(
    '/srv/dr/state/restored/manifests',
  );
});

test('without a cluster they are folders, as on a single host', async () => {
  const text = changed('folders:\n', 'folders:\n  manifests: { path: /srv/dr/manifests }\n');
  const { plan, environment } = await opened(await scratch(), text);
  const configured = plan.workloads.filter((workload) => workload.objects && isConfigured(environment, workload));
  expect(configured.map(({ id }) => id)).toEqual(['manifests']);
});

describe('refused', () => {
  test.each<[string, string, string]>([
    ['no cluster is named', withCluster('namespaces: [go-coffee]'), 'must select one cluster'],
    ['two are', withCluster('context: a, inCluster: true, namespaces: [go-coffee]'), 'must select one cluster'],
    ['no namespace', withCluster('inCluster: true, namespaces: []'), 'kubernetes.namespaces'],
    ['a name that is none', withCluster('inCluster: true, namespaces: [Go_Coffee]'), 'kubernetes.namespaces.0'],
    ['a typing mistake', withCluster('contxt: a, namespaces: [go-coffee]'), 'Did you mean "context"?'],
    [
      'two sources of one workload',
      GOOD.replace('folders:\n', 'folders:\n  manifests: { path: /srv/dr/manifests }\n'),
      'folders.manifests: comes from the API of the cluster',
    ],
  ])('%s', async (_, text, fact) => {
    const refusal = await refusalOf(await scratch(), text);
    expect(refusal).toMatchObject({ code: 'ENV-INVALID', exit: 2 });
    expect(refusal.fact).toContain(fact);
  });
});
