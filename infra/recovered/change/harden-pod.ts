/** Pure: a pod's `spec` as the restricted level wants it. What a pod can't run without is left, and said. */
import type { HardeningMeasure } from '../../../plan/security.ts';
import { fieldsOf, listOf } from '../../../recovery/public.ts';
import { containersOf, type Fields } from '../objects/pod-templates.ts';

export type Measures = ReadonlySet<HardeningMeasure>;

/** The one that the restricted level lets a container have. */
const ALLOWED_CAPABILITY = 'NET_BIND_SERVICE';

const TMP = '/tmp';
const TMP_VOLUME = 'hardened-tmp';

function addedCapabilities(security: Fields): string[] {
  const added = listOf(fieldsOf(security.capabilities).add).map(String);
  return added.filter((name) => name.replace(/^CAP_/, '') !== ALLOWED_CAPABILITY);
}

/** The API refuses these together with `allowPrivilegeEscalation: false`. */
function needsPrivileges(security: Fields): boolean {
  return security.privileged === true || addedCapabilities(security).some((name) => /^(CAP_)?SYS_ADMIN$/.test(name));
}

function mountsTmp(container: Fields): boolean {
  return listOf(container.volumeMounts).some((mount) => String(fieldsOf(mount).mountPath).replace(/\/+$/, '') === TMP);
}

const allowedSeccomp = (security: Fields): boolean =>
  ['RuntimeDefault', 'Localhost'].includes(String(fieldsOf(security.seccompProfile).type));

const isRoot = (security: Fields): boolean => security.runAsUser === 0;

function hardenContainer(container: Fields, measures: Measures): Fields {
  const before = fieldsOf(container.securityContext);
  const { seccompProfile, runAsNonRoot, ...rest } = before;
  const capabilities = fieldsOf(before.capabilities);
  const privileged = needsPrivileges(before);
  const readOnly = measures.has('read-only-root') && !privileged;
  const securityContext = {
    ...rest,
    // A container's own word is stronger than its pod's.
    ...(runAsNonRoot === undefined || (measures.has('non-root') && !isRoot(before)) ? {} : { runAsNonRoot }),
    ...(seccompProfile === undefined || (measures.has('seccomp') && !allowedSeccomp(before)) ? {} : { seccompProfile }),
    ...(measures.has('no-privilege-escalation') && !privileged ? { allowPrivilegeEscalation: false } : {}),
    ...(measures.has('no-capabilities') && !privileged ? { capabilities: { ...capabilities, drop: ['ALL'] } } : {}),
    ...(readOnly ? { readOnlyRootFilesystem: true } : {}),
  };
  const given = Object.keys(securityContext).length === 0 ? {} : { securityContext };
  const { securityContext: _, ...without } = container;
  if (!readOnly || mountsTmp(container)) return { ...without, ...given };
  // One volume for the pod, and in it a folder for each container: none sees another's files.
  const tmp = { name: TMP_VOLUME, mountPath: TMP, subPath: String(container.name) };
  return { ...without, ...given, volumeMounts: [...listOf(container.volumeMounts), tmp] };
}

/** On its level some containers run as root by their own word: the pod's must not be in their way. */
function podSecurity(spec: Fields, measures: Measures): Fields {
  const before = fieldsOf(spec.securityContext);
  const rootInside =
    isRoot(before) || containersOf(spec).some(({ container }) => isRoot(fieldsOf(container.securityContext)));
  return {
    ...before,
    ...(measures.has('non-root') && !rootInside ? { runAsNonRoot: true } : {}),
    ...(measures.has('seccomp') && !allowedSeccomp(before) ? { seccompProfile: { type: 'RuntimeDefault' } } : {}),
  };
}

function volumesOf(spec: Fields, containers: readonly unknown[]): readonly unknown[] {
  const volumes = listOf(spec.volumes);
  const used = containers.some((container) =>
    listOf(fieldsOf(container).volumeMounts).some((mount) => fieldsOf(mount).name === TMP_VOLUME),
  );
  const there = volumes.some((volume) => fieldsOf(volume).name === TMP_VOLUME);
  return used && !there ? [...volumes, { name: TMP_VOLUME, emptyDir: {} }] : volumes;
}

const isWindows = (spec: Fields): boolean => fieldsOf(spec.os).name === 'windows';

/** @param hasRole whether a role is bound to the pod's account */
export function hardenPod(spec: Fields, measures: Measures, hasRole: boolean): Fields {
  if (isWindows(spec)) return spec;
  const harden = (list: string) =>
    listOf(spec[list]).map((container) => hardenContainer(fieldsOf(container), measures));
  const initContainers = harden('initContainers');
  const containers = harden('containers');
  const volumes = volumesOf(spec, [...initContainers, ...containers]);
  const securityContext = podSecurity(spec, measures);
  return {
    ...spec,
    ...(Object.keys(securityContext).length === 0 ? {} : { securityContext }),
    ...(initContainers.length === 0 ? {} : { initContainers }),
    containers,
    ...(volumes.length === 0 ? {} : { volumes }),
    ...(measures.has('no-account-tokens') && !hasRole ? { automountServiceAccountToken: false } : {}),
  };
}

/** What keeps it from the restricted level, a few words each. The API refuses the pod where its namespace enforces that. */
export function obstaclesOf(spec: Fields): string[] {
  if (isWindows(spec)) return ['is a Windows pod'];
  const ofHost = ['hostNetwork', 'hostPID', 'hostIPC'].filter((field) => spec[field] === true);
  const folders = listOf(spec.volumes).flatMap((volume) => {
    const { path } = fieldsOf(fieldsOf(volume).hostPath);
    return path === undefined ? [] : [`the node's folder ${path}`];
  });
  const contexts = containersOf(spec).map(({ container }) => ({
    container,
    security: fieldsOf(container.securityContext),
  }));
  const inside = contexts.flatMap(({ container, security }) => {
    const added = addedCapabilities(security);
    const ports = listOf(container.ports).filter((port) => Number(fieldsOf(port).hostPort ?? 0) > 0);
    return [
      ...(security.privileged === true ? [`privileged in ${container.name}`] : []),
      ...(isRoot(security) ? [`root in ${container.name}`] : []),
      ...(added.length > 0 ? [`${added.join(' and ')} in ${container.name}`] : []),
      ...(ports.length > 0 ? [`a port of the node in ${container.name}`] : []),
    ];
  });
  const root = isRoot(fieldsOf(spec.securityContext)) ? ['root'] : [];
  return [...ofHost, ...folders, ...root, ...inside];
}

/** Neither the pod nor one of its containers says as whom: the image's own user decides, and a root there does not start. */
export function namesNoUser(spec: Fields): boolean {
  if (isWindows(spec) || fieldsOf(spec.securityContext).runAsUser !== undefined) return false;
  return containersOf(spec).some(({ container }) => fieldsOf(container.securityContext).runAsUser === undefined);
}
