/** A site that has nothing but a cluster, and a cluster that is a list of objects behind HTTP. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { openSite, type Site } from '../../../../recovery/config/site.ts';
import type { KubeObject } from '../../../../recovery/kubernetes/objects.ts';
import { scratch } from '../../../scratch.ts';
import { type Answer, fakeApi, type Refusal, refuse } from '../../kubernetes/server-fixture.ts';
import { clusterWide, served } from '../../workloads/objects/make-object.ts';

export const SHOP = clusterWide('v1', 'Namespace', 'shop');

export function workload(
  kind: 'Deployment' | 'StatefulSet',
  name: string,
  ready: number,
  more: Record<string, unknown> = {},
): KubeObject {
  return served('apps/v1', kind, name, {
    spec: { replicas: 2, selector: { matchLabels: { app: name } } },
    status: { observedGeneration: 1, readyReplicas: ready },
    ...more,
  });
}

/** Lists and single namespaces; `refused` is answered to every path that it fits. */
function answers(objects: readonly KubeObject[], refused?: (path: string) => { refusal: Refusal } | undefined): Answer {
  return (path) => {
    const no = refused?.(path);
    if (no !== undefined) return no;
    const namespace = /^\/api\/v1\/namespaces\/([^/]+)$/.exec(path)?.[1];
    if (namespace !== undefined) {
      const found = objects.find(({ kind, metadata }) => kind === 'Namespace' && metadata.name === namespace);
      return found ?? refuse(404, 'NotFound');
    }
    const plural = path.split('/').at(-1);
    return { items: objects.filter(({ kind }) => `${kind.toLowerCase().replace(/y$/, 'ie')}s` === plural) };
  };
}

export interface ClusterSite {
  readonly site: Site;
  /** Paths that were asked for. */
  readonly asked: string[];
}

/** @param more of dr.yaml */
export async function clusterSite(
  objects: readonly KubeObject[],
  more: Readonly<Record<string, unknown>> = {},
  refused?: (path: string) => { refusal: Refusal } | undefined,
): Promise<ClusterSite> {
  const { kubeconfig, asked } = await fakeApi(answers(objects, refused));
  const folder = await scratch();
  const key = { name: 'k1', from: { env: 'NOT_READ_HERE' } };
  const file = join(folder, 'dr.yaml');
  const environment = {
    apiVersion: 'go-coffee-dr/v1',
    kind: 'Environment',
    name: 'production',
    site: 'main',
    stateDir: join(folder, 'state'),
    signingKeys: [key],
    kubernetes: { kubeconfig, context: 'fake', namespaces: ['shop'] },
    repositories: { local: { type: 'posix', path: join(folder, 'local'), passphrases: [key] } },
    ...more,
  };
  await writeFile(file, stringify(environment));
  return { site: await openSite(file), asked };
}
