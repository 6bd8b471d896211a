/** Brings a pod's `spec` to the restricted level. What the pod can't run without stays and is reported. Pure. */
import type { HardeningMeasure } from '../../../plan/security.ts';
import { fieldsOf, listOf } from '../../../recovery/public.ts';
import { containersOf, type Fields } from '../objects/pod-templates.ts';

export type Measures = ReadonlySet<HardeningMeasure>;

/** The only capability that the restricted level allows. */
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
    // A container's setting overrides its pod's.
    ...(runAsNonRoot === undefined || (measures.has('non-root') && !isRoot(before)) ? {} : { runAsNonRoot }),
    ...(seccompProfile === undefined || (measures.has('seccomp') && !allowedSeccomp(before)) ? {} : { seccompProfile }),
    ...(measures.has('no-privilege-escalation') && !privileged ? { allowPrivilegeEscalation: false } : {}),
    ...(measures.has('no-capabilities') && !privileged ? { capabilities: { ...capabilities, drop: ['ALL'] } } : {}),
    ...(readOnly ? { readOnlyRootFilesystem: true } : {}),
  };
  const given = Object.keys(securityContext).length === 0 ? {} : { securityContext };
  const { securityContext: _, ...without } = container;
  if (!readOnly || mountsTmp(container)) return { ...without, ...given };
  // One volume for the pod with a folder for each container, so that none sees the files of another.
  const tmp = { name: TMP_VOLUME, mountPath: TMP, subPath: String(container.name) };
  return { ...without, ...given, volumeMounts: [...listOf(container.volumeMounts), tmp] };
}

/** Some containers ask for root themselves; the pod's setting must not block them. */
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

export interface PodAccount {
  /** Whether a role is bound to the pod's account. */
  readonly hasRole: boolean;
}

export function hardenPod(spec: Fields, measures: Measures, { hasRole }: PodAccount): Fields {
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

/** Why the pod does not reach the restricted level, in a few words each. A namespace that enforces the level refuses the pod. */
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

/** Neither the pod nor its containers set a user, so the image's user counts; with root the pod does not start. */
export function namesNoUser(spec: Fields): boolean {
  if (isWindows(spec) || fieldsOf(spec.securityContext).runAsUser !== undefined) return false;
  return containersOf(spec).some(({ container }) => fieldsOf(container.securityContext).runAsUser === undefined);
}
