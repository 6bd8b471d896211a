/** Pure: the claims of a cluster, with whose pods mount each, and as whom those run. */
import { fieldsOf, type KubeObject, listOf, textOf } from '../../kubernetes/objects.ts';
import { claimPrefixes, hasClaimTemplate, isNumbered, podTemplateOf } from '../../kubernetes/pod-template.ts';
import type { ClaimFact, ClaimUser } from './facts.ts';
import { mounts, podMaker } from './pods.ts';

/** By which a StatefulSet's controller marks each pod: another one of the set may be on another node. */
const POD_NAME = 'statefulset.kubernetes.io/pod-name';

/** Volume of the pod that is this claim; a template's has the template's name. */
function volumeOf(object: KubeObject, claim: string): string | undefined {
  const volumes = listOf(fieldsOf(podTemplateOf(object).spec).volumes).map(fieldsOf);
  const named = volumes.find(({ persistentVolumeClaim: of }) => fieldsOf(of).claimName === claim);
  if (named !== undefined) return textOf(named.name);
  const prefix = claimPrefixes(object).find((each) => isNumbered(claim, each));
  return prefix?.slice(0, -`-${object.metadata.name}-`.length);
}

const numberOf = (of: unknown): number | undefined => (typeof of === 'number' ? of : undefined);

/** Those of all containers that mount it, where they agree. */
function accountOf(object: KubeObject, volume: string): Pick<ClaimUser, 'user' | 'group' | 'path'> {
  const spec = fieldsOf(podTemplateOf(object).spec);
  const pod = fieldsOf(spec.securityContext);
  const mounted = listOf(spec.containers)
    .map(fieldsOf)
    .flatMap((container) => {
      const mount = listOf(container.volumeMounts)
        .map(fieldsOf)
        .find(({ name }) => name === volume);
      return mount === undefined ? [] : [{ own: fieldsOf(container.securityContext), path: textOf(mount.mountPath) }];
    });
  const users = new Set(mounted.map(({ own }) => numberOf(own.runAsUser) ?? numberOf(pod.runAsUser)));
  const groups = new Set(mounted.map(({ own }) => numberOf(own.runAsGroup) ?? numberOf(pod.runAsGroup)));
  return {
    user: users.size === 1 ? [...users][0] : undefined,
    // Kubernetes gives the files to this group, whatever the container's own is.
    group: numberOf(pod.fsGroup) ?? (groups.size === 1 ? [...groups][0] : undefined),
    path: mounted[0]?.path,
  };
}

/** Of the pods that mount it, and of no others. */
function labelsOf(object: KubeObject, claim: string, volume: string): Record<string, string> {
  if (hasClaimTemplate(object, volume)) {
    const ordinal = claim.slice(`${volume}-${object.metadata.name}-`.length);
    return { [POD_NAME]: `${object.metadata.name}-${ordinal}` };
  }
  const own = fieldsOf(fieldsOf(fieldsOf(object.spec).selector).matchLabels);
  const all = Object.keys(own).length > 0 ? own : fieldsOf(fieldsOf(podTemplateOf(object).metadata).labels);
  return Object.fromEntries(Object.entries(all).map(([key, value]) => [key, String(value)]));
}

function userOf(object: KubeObject, claim: string): ClaimUser {
  const volume = volumeOf(object, claim) ?? '';
  return {
    object: podMaker(object).object,
    kind: object.kind,
    name: object.metadata.name,
    pods: labelsOf(object, claim, volume),
    ...accountOf(object, volume),
  };
}

/** @param makers objects with pods */
export function claimFacts(claims: readonly KubeObject[], makers: readonly KubeObject[]): ClaimFact[] {
  const pods = makers.map((object) => ({ object, maker: podMaker(object) }));
  return claims.map(({ metadata, spec }) => {
    const { storageClassName, accessModes, resources } = fieldsOf(spec);
    const claim = { namespace: metadata.namespace ?? '', name: metadata.name };
    const users = pods.filter(({ maker }) => mounts(maker, claim)).map(({ object }) => userOf(object, claim.name));
    return {
      ...claim,
      storageClass: textOf(storageClassName),
      size: textOf(fieldsOf(fieldsOf(resources).requests).storage),
      modes: listOf(accessModes).map(textOf),
      mountedBy: users.map(({ object }) => object),
      users,
    };
  });
}
