/** Objects of the drilled namespaces against what was captured, and against what a drill may be (F37). Pure. */
import { OWN_LABEL } from '../../../plan/layout.ts';
import { fieldsOf, type KubeObject, kindOf, listOf } from '../../kubernetes/objects.ts';
import { plural } from '../../report/format.ts';
import type { CapturedPlatform } from '../../workloads/objects/captured/platform.ts';
import type { DataCheck } from '../types.ts';

/** What a drill has of a platform as it was; of the rest each is a way out, of the cluster, or acted on by what runs elsewhere. */
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

const keyOf = (object: KubeObject): string => `${kindOf(object)} ${object.metadata.name}`;
const isOwn = ({ metadata }: KubeObject): boolean => metadata.labels?.[OWN_LABEL] !== undefined;
const isName = ({ kind, spec }: KubeObject): boolean => kind === 'Service' && fieldsOf(spec).type === 'ExternalName';

const SHOWN = 5;
const few = (names: readonly string[]): string =>
  names.length <= SHOWN ? names.join(', ') : `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`;

/** @param leftOut `Deployment/order`, as it stands in `recovery.exclude` */
export function objectChecks(
  captured: CapturedPlatform | undefined,
  live: readonly KubeObject[],
  leftOut: readonly string[],
): DataCheck[] {
  if (captured === undefined) return [];
  const [platform] = captured.namespaces;
  const wanted = captured.objects
    .map(({ object }) => object as KubeObject)
    .filter((object) => object.metadata.namespace === platform && COMPARED.includes(kindOf(object)))
    .filter((object) => !isOwn(object) && !isName(object))
    .filter(({ kind, metadata }) => !leftOut.includes(`${kind}/${metadata.name}`));
  const there = new Set(live.map(keyOf));
  const missing = wanted.map(keyOf).filter((key) => !there.has(key));
  return [
    {
      title: 'captured objects are there',
      tier: 'P4',
      expected: `${plural(wanted.length, 'object')} of ${plural(new Set(wanted.map(kindOf)).size, 'kind')}`,
      actual: missing.length === 0 ? `all ${wanted.length}` : `${missing.length} missing: ${few(missing)}`,
      ok: missing.length === 0,
      evidence: 'the capture, and the lists of the Kubernetes API',
    },
  ];
}

interface Quarantine {
  readonly title: string;
  readonly expected: string;
  /** Names of those that must not be so. */
  readonly wrong: (live: readonly KubeObject[]) => readonly string[];
}

const opens = ({ spec }: KubeObject): boolean => {
  const { type, externalIPs } = fieldsOf(spec);
  return !['ClusterIP', undefined].includes(type as string | undefined) || listOf(externalIPs).length > 0;
};

function isDenial({ kind, spec }: KubeObject): boolean {
  const { podSelector, policyTypes, ingress, egress } = fieldsOf(spec);
  const all = Object.keys(fieldsOf(podSelector)).length === 0;
  const both = ['Ingress', 'Egress'].every((type) => listOf(policyTypes).includes(type));
  return kind === 'NetworkPolicy' && all && both && listOf(ingress).length + listOf(egress).length === 0;
}

/** Told of what the API holds, whoever has put it there. Whether the network carries it out is the network's business. */
export function quarantineChecks(live: readonly KubeObject[], namespaces: readonly string[]): DataCheck[] {
  const of = (...kinds: readonly string[]) => live.filter((object) => kinds.includes(object.kind));
  const questions: readonly Quarantine[] = [
    {
      title: 'no CronJob of a drill runs (F37)',
      expected: 'all suspended',
      wrong: () =>
        of('CronJob')
          .filter(({ spec }) => fieldsOf(spec).suspend !== true)
          .map(keyOf),
    },
    {
      title: 'nothing leads into a drill (F37)',
      expected: 'no route, no open Service',
      wrong: () => [...of('Ingress', 'HTTPRoute', 'TLSRoute', 'TCPRoute'), ...of('Service').filter(opens)].map(keyOf),
    },
    {
      title: 'nothing leads out of a drill by default (F37)',
      expected: `all denied in ${namespaces.join(' and ')}`,
      wrong: () =>
        namespaces.filter((name) => !live.some((each) => each.metadata.namespace === name && isDenial(each))),
    },
  ];
  return questions.map(({ title, expected, wrong }) => {
    const found = wrong(live);
    return {
      title,
      expected,
      actual: found.length === 0 ? expected : few(found),
      ok: found.length === 0,
      evidence: 'the lists of the Kubernetes API: what is declared, not what the network does',
    };
  });
}
