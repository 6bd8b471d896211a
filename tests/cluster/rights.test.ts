/** What a stack lets its accounts read, against a real API server: enough for what they do. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { waitFor } from '../../drill/host/processes.ts';
import { captureRights, healthRights, type Rights } from '../../infra/cluster/rbac.ts';
import { productionPlan } from '../../plan/production.ts';
import type { Cluster, KubeObject } from '../../recovery/kubernetes/objects.ts';
import { readFrom } from '../../recovery/status/probes/cluster.ts';
import { makeCapture } from '../../recovery/workloads/objects/make.ts';
import { readCluster } from '../../recovery/workloads/objects/read.ts';
import { NAMESPACE } from './capture-objects.ts';
import { makePlatform } from './capture-platform.ts';
import { oneServer } from './one-server.ts';

const own = oneServer('source', async (source) => {
  await makePlatform(source);
});

/** Throws the first kind's error: a kind that can't be read takes only its own part of a backup, and here it must be none. */
async function readAll(cluster: Cluster, namespaces: readonly string[]) {
  const content = await readCluster(cluster, namespaces);
  const [first] = content.unread;
  if (first !== undefined) throw first.error;
  return content;
}

const captured = async (cluster: Cluster) => makeCapture(await readAll(cluster, [NAMESPACE])).parts;

/** As a stack binds them: in the namespace, and to the whole cluster. */
async function give(name: string, { namespaced, clusterWide }: Rights): Promise<void> {
  const apiGroup = 'rbac.authorization.k8s.io';
  const subjects = [{ apiGroup, kind: 'User', name: 'limited' }];
  for (const [kind, metadata, rules] of [
    ['Role', { name, namespace: NAMESPACE }, namespaced],
    ['ClusterRole', { name }, clusterWide],
  ] as const) {
    const apiVersion = `${apiGroup}/v1`;
    await own.server.create({ apiVersion, kind, metadata, rules });
    const roleRef = { apiGroup, kind, name };
    await own.server.create({ apiVersion, kind: `${kind}Binding`, metadata, roleRef, subjects });
  }
}

test('what checks of health may read is enough for them, and no Secret', async () => {
  await using limited = await own.server.connect('limited');
  const read = () => readFrom(limited, { plan: productionPlan }, [NAMESPACE]);
  await expect(read()).rejects.toMatchObject({ code: 'KUBERNETES-FORBIDDEN' });
  await give('dr-health', healthRights([NAMESPACE]));
  const seen = await waitFor('the rights are known', () => read().catch(() => undefined));
  const workloads = seen.kind === 'read' ? seen.workloads : [];
  expect(workloads.map(({ name }) => name)).toEqual(['Deployment go-coffee/api', 'StatefulSet go-coffee/orders']);
  await expect(readAll(limited, [NAMESPACE])).rejects.toMatchObject({ code: 'KUBERNETES-FORBIDDEN' });
});

test('the rights that a stack declares and the documentation names are enough, and one less is not', async () => {
  const text = await readFile(join(import.meta.dirname, '../../docs/manifests.md'), 'utf8');
  const rules =
    text
      .split('```yaml\n')
      .find((block) => block.startsWith('apiVersion: rbac'))
      ?.split('```')[0] ?? '';
  const roles = parseAllDocuments(rules).map((document) => document.toJS() as KubeObject);
  expect(roles.map(({ kind }) => kind)).toEqual(['Role', 'ClusterRole']);
  const rights = captureRights(['widgetissuers.example.com']);
  expect(roles.map((role) => role.rules)).toEqual([rights.namespaced, rights.clusterWide]);
  await give('dr-capture', rights);
  await using limited = await own.server.connect('limited');
  await using admin = await own.server.connect();
  // The authoriser learns of new rights by watching.
  const seen = await waitFor('the rights are known', () => captured(limited).catch(() => undefined));
  expect(seen).toEqual(await captured(admin));
  const { namespaces, lacking } = await readAll(limited, [NAMESPACE, 'tea']);
  expect(namespaces).toEqual([NAMESPACE]);
  expect(lacking).toEqual([
    {
      name: 'tea',
      error: expect.objectContaining({
        code: 'KUBERNETES-FORBIDDEN',
        fact: expect.stringMatching(/^may not list \S+ in the namespace tea/),
      }),
    },
  ]);
});
