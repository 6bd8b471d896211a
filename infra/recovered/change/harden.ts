/** Applies the plan's "additional security measures" to a snapshot's objects. The snapshot itself does not change. */
import { HARDENING_MEASURES, type HardeningMeasure } from '../../../plan/security.ts';
import { type KubeObject, nameOf } from '../../../recovery/public.ts';
import { templateOf, withPodSpec } from '../objects/pod-templates.ts';
import type { Change } from '../objects/types.ts';
import { accountOf, boundAccounts, type HasRole } from './harden-accounts.ts';
import { MADE_LABEL, networkPoliciesFor } from './harden-network.ts';
import { hardenPod, type Measures, namesNoUser, obstaclesOf } from './harden-pod.ts';

const LEVEL = 'pod-security.kubernetes.io';

/** The level is enforced only where all pods of the namespace pass; the others would silently not start. */
function labelled(namespace: KubeObject, modes: readonly string[]): KubeObject {
  const labels = Object.fromEntries(modes.map((mode) => [`${LEVEL}/${mode}`, 'restricted']));
  return { ...namespace, metadata: { ...namespace.metadata, labels: { ...namespace.metadata.labels, ...labels } } };
}

function hardenObject(
  object: KubeObject,
  measures: Measures,
  hasRole: HasRole,
  loose: ReadonlySet<string>,
): KubeObject {
  const { name, namespace = '' } = object.metadata;
  if (object.kind === 'Namespace' && measures.has('pod-security-labels')) {
    return labelled(object, loose.has(name) ? ['audit', 'warn'] : ['enforce', 'audit', 'warn']);
  }
  if (object.kind === 'ServiceAccount' && measures.has('no-account-tokens') && !hasRole(namespace, name)) {
    return { ...object, automountServiceAccountToken: false };
  }
  return withPodSpec(object, (spec) => hardenPod(spec, measures, { hasRole: hasRole(namespace, accountOf(spec)) }));
}

function notesOf(objects: readonly KubeObject[], measures: Measures, hasRole: HasRole): string[] {
  const specs = objects.flatMap((object) => {
    const spec = templateOf(object)?.spec;
    return spec === undefined ? [] : [{ name: nameOf(object), namespace: object.metadata.namespace ?? '', spec }];
  });
  const obstacles = specs.flatMap(({ name, spec }) => {
    const found = obstaclesOf(spec);
    return found.length === 0
      ? []
      : [`${name} needs ${found.join(', ')} and keeps it; a restricted namespace refuses it`];
  });
  const tokens = specs.flatMap(({ name, namespace, spec }) =>
    spec.automountServiceAccountToken === true && !hasRole(namespace, accountOf(spec))
      ? [`${name} requests a token of ${accountOf(spec)}, which has no role: it gets no token`]
      : [],
  );
  const nameless = specs.filter(({ spec }) => namesNoUser(spec)).map(({ name }) => name);
  const users =
    nameless.length === 0
      ? []
      : [`these run as their image's user, which must be a number and not root: ${nameless.join(', ')}`];
  return [
    ...(measures.has('no-host-access') ? obstacles : []),
    ...(measures.has('no-account-tokens') ? tokens : []),
    ...(measures.has('non-root') ? users : []),
    ...(measures.has('network-policies')
      ? ['pods reach only Services of their own namespace, and the targets of captured network policies']
      : []),
  ];
}

/**
 * Idempotent: a second pass makes the same policies again.
 * @param hardening the plan's measures; no others are applied
 */
export function hardenWith(hardening: readonly { readonly id: HardeningMeasure }[]): Change {
  const measures: Measures = new Set(HARDENING_MEASURES.filter((id) => hardening.some((each) => each.id === id)));
  return (all) => {
    const objects = all.filter(({ metadata }) => metadata.labels?.[MADE_LABEL] === undefined);
    const hasRole = boundAccounts(objects);
    const loose = new Set(
      objects.flatMap((object) => {
        const { spec } = templateOf(object) ?? {};
        return spec !== undefined && obstaclesOf(spec).length > 0 ? [object.metadata.namespace ?? ''] : [];
      }),
    );
    const hardened = objects.map((object) => hardenObject(object, measures, hasRole, loose));
    const policies = measures.has('network-policies') ? networkPoliciesFor(objects) : [];
    return {
      objects: [...hardened, ...policies],
      notes: notesOf(objects, measures, hasRole).map((note) => `harden: ${note}`),
    };
  };
}
