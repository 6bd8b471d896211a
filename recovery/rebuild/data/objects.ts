/** Compares a rebuilt platform's objects with the capture, and checks a drill's quarantine. Pure. */
import { OWN_LABEL } from '../../../plan/layout.ts';
import { deniesAll } from '../../kubernetes/denial.ts';
import { fieldsOf, type KubeObject, kindOf, listOf } from '../../kubernetes/objects.ts';
import type { ResolvedPoint } from '../../points/resolved/resolved-point.ts';
import { plural } from '../../report/format.ts';
import type { ManifestSnapshot } from '../../workloads/objects/snapshot/platform.ts';
import type { DataCheck } from '../types.ts';

/** Kinds that a drill recreates unchanged. Others are routes, cluster-scoped, or handled by a controller outside. */
const COMPARED = [
  'ConfigMap',
  'CronJob.batch',
  'DaemonSet.apps',
  'Deployment.apps',
  'Role.rbac.authorization.k8s.io',
  'RoleBinding.rbac.authorization.k8s.io',
  'Secret',
  'Service',
  'ServiceAccount',
  'StatefulSet.apps',
];

const keyOf = (object: KubeObject): string => `${kindOf(object)} ${object.metadata.namespace}/${object.metadata.name}`;
const isOwn = ({ metadata }: KubeObject): boolean => metadata.labels?.[OWN_LABEL] !== undefined;
const isName = ({ kind, spec }: KubeObject): boolean => kind === 'Service' && fieldsOf(spec).type === 'ExternalName';

const SHOWN = 5;
const few = (names: readonly string[]): string =>
  names.length <= SHOWN ? names.join(', ') : `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`;

interface Comparison {
  /** `Deployment/order`, as in `recovery.exclude` */
  readonly excluded: readonly string[];
  readonly point: Pick<ResolvedPoint, 'objects'>;
  /** Why the repository could not be read. */
  readonly unreadable?: string | undefined;
  /** Captured namespace → its name here. Objects of others were not rebuilt. */
  readonly here: ReadonlyMap<string, string>;
}

/** Empty only for a point without manifests. */
export function objectChecks(
  captured: ManifestSnapshot | undefined,
  live: readonly KubeObject[],
  { excluded, here, point: { objects = [] }, unreadable = 'the stack does not keep them' }: Comparison,
): DataCheck[] {
  if (captured === undefined) {
    if (objects.length === 0) return [];
    return [
      {
        title: 'captured objects exist',
        tier: 'P4',
        expected: objects.map(({ workload, point }) => `${workload} of ${point}`).join(', '),
        actual: `nothing to compare with: ${unreadable}`,
        ok: false,
        evidence: 'output recoveredObjects; the repository',
      },
    ];
  }
  const wanted = captured.objects
    .map(({ object }) => object)
    .filter((object) => here.has(object.metadata.namespace ?? '') && COMPARED.includes(kindOf(object)))
    .filter((object) => !isOwn(object) && !isName(object))
    .filter(({ kind, metadata }) => !excluded.includes(`${kind}/${metadata.name}`));
  const present = new Set(live.map(keyOf));
  const keyHere = (object: KubeObject): string =>
    keyOf({
      ...object,
      metadata: { ...object.metadata, namespace: here.get(object.metadata.namespace ?? '') },
    } as KubeObject);
  const missing = wanted.map(keyHere).filter((key) => !present.has(key));
  return [
    {
      title: 'captured objects exist',
      tier: 'P4',
      expected: `${plural(wanted.length, 'object')} of ${plural(new Set(wanted.map(kindOf)).size, 'kind')}`,
      actual: missing.length === 0 ? `all ${wanted.length}` : `${missing.length} missing: ${few(missing)}`,
      ok: missing.length === 0,
      evidence: 'the capture, and lists of the Kubernetes API',
    },
  ];
}

interface Quarantine {
  readonly title: string;
  readonly expected: string;
  /** Names of objects that break the rule. */
  readonly wrong: (live: readonly KubeObject[]) => readonly string[];
}

const isExposed = ({ spec }: KubeObject): boolean => {
  const { type, externalIPs } = fieldsOf(spec);
  return (type !== undefined && type !== 'ClusterIP') || listOf(externalIPs).length > 0;
};

/** Checks what the API holds. Whether the network enforces it can't be seen there. */
export function quarantineChecks(live: readonly KubeObject[], namespaces: readonly string[]): DataCheck[] {
  const of = (...kinds: readonly string[]) => live.filter((object) => kinds.includes(object.kind));
  const questions: readonly Quarantine[] = [
    {
      title: 'no CronJob of a drill runs',
      expected: 'all suspended',
      wrong: () =>
        of('CronJob')
          .filter(({ spec }) => fieldsOf(spec).suspend !== true)
          .map(keyOf),
    },
    {
      title: 'nothing leads into a drill',
      expected: 'no route, no exposed Service',
      wrong: () =>
        [...of('Ingress', 'HTTPRoute', 'TLSRoute', 'TCPRoute'), ...of('Service').filter(isExposed)].map(keyOf),
    },
    {
      title: 'nothing leads out of a drill by default',
      expected: `all denied in ${namespaces.join(' and ')}`,
      wrong: () =>
        namespaces.filter((name) => !live.some((each) => each.metadata.namespace === name && deniesAll(each))),
    },
  ];
  return questions.map(({ title, expected, wrong }) => {
    const found = wrong(live);
    return {
      title,
      expected,
      actual: found.length === 0 ? expected : few(found),
      ok: found.length === 0,
      evidence: 'lists of the Kubernetes API: what is declared, not what the network enforces',
    };
  });
}
