/** Objects of a namespace that pods need before they start, and that the capture lacks: a reference into nothing, or to what was excluded. */
import { fieldsOf, groupOf, type KubeObject, kindOf, listOf, nameOf } from '../../../kubernetes/objects.ts';
import { hasClaimTemplate, podTemplateOf } from '../../../kubernetes/pod-template.ts';
import { REASONS, type Reason } from '../leave-out.ts';
import { partOf } from '../parts.ts';
import { few, type Gap } from './gap.ts';

interface Wanted {
  readonly kind: 'Secret' | 'ConfigMap' | 'PersistentVolumeClaim' | 'ServiceAccount';
  readonly name: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

/** A pod starts without an optional one. */
function source(kind: Wanted['kind'], reference: unknown, field = 'name'): Wanted[] {
  const fields = fieldsOf(reference);
  return fields.optional === true ? [] : [{ kind, name: fields[field] }];
}

function ofContainer(container: unknown): Wanted[] {
  const { env, envFrom } = fieldsOf(container);
  const values = listOf(env).map((variable) => fieldsOf(fieldsOf(variable).valueFrom));
  const both = [
    ...values.map(({ secretKeyRef: secret, configMapKeyRef: configMap }) => ({ secret, configMap })),
    ...listOf(envFrom).map((from) => ({ secret: fieldsOf(from).secretRef, configMap: fieldsOf(from).configMapRef })),
  ];
  return both.flatMap(({ secret, configMap }) => [...source('Secret', secret), ...source('ConfigMap', configMap)]);
}

function ofVolume(volume: unknown): Wanted[] {
  const { secret, configMap, persistentVolumeClaim, projected, csi } = fieldsOf(volume);
  const projections = listOf(fieldsOf(projected).sources).map(fieldsOf);
  return [
    ...source('Secret', secret, 'secretName'),
    ...source('ConfigMap', configMap),
    ...source('PersistentVolumeClaim', persistentVolumeClaim, 'claimName'),
    ...source('Secret', fieldsOf(csi).nodePublishSecretRef),
    ...projections.flatMap((each) => [...source('Secret', each.secret), ...source('ConfigMap', each.configMap)]),
  ];
}

export function podSpecOf(object: KubeObject): Fields {
  return fieldsOf(podTemplateOf(object).spec);
}

const POD_GROUPS = ['', 'apps', 'batch'];

export const makesPods = (object: KubeObject): boolean =>
  POD_GROUPS.includes(groupOf(object)) && Object.keys(podSpecOf(object)).length > 0;

function wantedBy(object: KubeObject): Wanted[] {
  if (kindOf(object) === 'Ingress.networking.k8s.io')
    return listOf(fieldsOf(object.spec).tls).flatMap((tls) => source('Secret', tls, 'secretName'));
  if (!makesPods(object)) return [];
  const { containers, initContainers, volumes, imagePullSecrets, serviceAccountName } = podSpecOf(object);
  return [
    ...[...listOf(containers), ...listOf(initContainers)].flatMap(ofContainer),
    ...listOf(volumes).flatMap(ofVolume),
    ...listOf(imagePullSecrets).flatMap((secret) => source('Secret', secret)),
    { kind: 'ServiceAccount', name: serviceAccountName },
  ];
}

/** Excluded objects that are there again without a copy. */
const MADE_AGAIN: readonly Reason[] = ['made-by-the-cluster', 'generated', 'built-in', 'leader-election'];

export interface WantedArgs {
  /** The objects of the capture, as they were read. */
  readonly captured: readonly KubeObject[];
  /** Those whose wants count. */
  readonly platform: readonly KubeObject[];
  /** By `nameOf`: what was read and excluded. */
  readonly reasons: ReadonlyMap<string, Reason>;
}

export function wantedGaps({ captured, platform, reasons }: WantedArgs): Gap[] {
  const there = new Set(captured.map(nameOf));
  const users = new Map<string, { readonly object: KubeObject; readonly by: string[] }>();
  for (const object of platform) {
    for (const { kind, name } of wantedBy(object)) {
      // A StatefulSet makes the claims that its own pods name.
      if (typeof name !== 'string' || name === '' || hasClaimTemplate(object, name)) continue;
      const { namespace } = object.metadata;
      const wanted = { apiVersion: 'v1', kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } };
      const key = nameOf(wanted);
      const reason = reasons.get(key);
      // Every namespace gets that account.
      if (there.has(key) || (kind === 'ServiceAccount' && name === 'default')) continue;
      if (reason !== undefined && MADE_AGAIN.includes(reason)) continue;
      const { by } = users.get(key) ?? { by: [] };
      users.set(key, { object: wanted, by: [...new Set([...by, nameOf(object)])] });
    }
  }
  return [...users].map(([what, { object, by }]) => {
    const reason = reasons.get(what);
    const why = reason === undefined ? 'the cluster does not have it' : REASONS[reason];
    return { part: partOf(object), what, why: `${few(by)} ${by.length === 1 ? 'needs' : 'need'} it, and ${why}` };
  });
}
