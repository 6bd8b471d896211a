/** Network policies and rights of the cluster against those of the newest capture. */
import { canonicalJson } from '../../../plan/digest.ts';
import { presentRepositories } from '../../config/repositories.ts';
import type { Site } from '../../config/site.ts';
import { fieldsOf, type KubeObject, nameOf, type ResourceType } from '../../kubernetes/objects.ts';
import { SERVED } from '../../kubernetes/served-types.ts';
import { leftOut } from '../../workloads/objects/leave-out.ts';
import { strip } from '../../workloads/objects/strip.ts';
import type { HealthCheck } from '../../workloads/workload.ts';
import { ask } from '../probes/cluster.ts';
import { capturedObjects } from './captured-objects.ts';

const type = (kind: string, plural: string): ResourceType => ({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind,
  plural,
  namespaced: true,
  otherVersions: [],
});
const TYPES = [SERVED.networkPolicy, type('Role', 'roles'), type('RoleBinding', 'rolebindings')];

/** What decides, whatever the server adds. */
function deciding(object: KubeObject): string {
  const { spec, rules, roleRef, subjects } = object;
  return canonicalJson({
    spec: fieldsOf(spec),
    rules: rules ?? [],
    roleRef: fieldsOf(roleRef),
    subjects: subjects ?? [],
  });
}

/** Objects that are new, changed or gone. Pure. */
export function compareAccess(live: readonly KubeObject[], captured: readonly KubeObject[]): string[] {
  const before = new Map(captured.map((object) => [nameOf(object), deciding(object)]));
  const now = new Set(live.map(nameOf));
  return [
    ...live.flatMap((object) => {
      const was = before.get(nameOf(object));
      if (was === undefined) return [`${nameOf(object)} is not in the capture`];
      return was === deciding(object) ? [] : [`${nameOf(object)} is another one`];
    }),
    ...[...before.keys()].filter((name) => !now.has(name)).map((name) => `${name} is gone`),
  ];
}

export async function checkAccess(site: Site): Promise<HealthCheck[]> {
  const [id, title] = ['access', 'Network policies and rights are those of the capture'];
  const not = (fact: string): HealthCheck[] => [{ id, title, ok: undefined, fact: `not seen: ${fact}` }];
  if (site.environment.kubernetes === undefined)
    return not('dr.yaml names no cluster; of a stack: dr --stack NAME health --security');
  const found = await ask(site, site.signal, async (cluster, namespaces) => ({
    kind: 'read' as const,
    read: (
      await Promise.all(
        TYPES.flatMap((each) =>
          namespaces.map(async (namespace) =>
            (await cluster.list(each, namespace)).map((object) => ({ type: each, object })),
          ),
        ),
      )
    ).flat(),
  }));
  if (found === undefined) return not('dr.yaml names no cluster');
  if (found.kind === 'silent') return [{ id, title, ok: false, fact: `could not look: ${found.fact}` }];
  const captured = await capturedObjects(site, presentRepositories(site));
  if (captured === undefined) return not('no repository has the manifests: dr backup --kind config');
  // As a backup takes them: what it leaves out is no difference.
  const excluded = leftOut(found.read);
  const live = found.read.map(({ object }) => object).filter((object) => !excluded.has(nameOf(object)));
  const kinds = TYPES.map(({ kind }) => kind);
  const faults = compareAccess(
    live.map(strip),
    captured.objects.filter(({ kind }) => kinds.includes(kind)),
  );
  const fact = faults.length === 0 ? `${live.length} objects, as captured ${captured.at}` : faults.join('; ');
  return [{ id, title, ok: faults.length === 0, fact }];
}
