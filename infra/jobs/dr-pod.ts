/** A pod that runs `dr`. It gets only the keys of its purpose. Pure. */
import type { Input } from '@pulumi/pulumi';
import { type EgressTarget, labelsOf } from '../cluster/labels.ts';
import type { Container, PodSpec, Volume, VolumeMount } from '../cluster/manifests.ts';
import { type AccessRole, accessFolder, PATHS } from '../cluster/paths.ts';
import {
  containerSecurity,
  fillerSecurity,
  type PodSecurity,
  podSecurity,
  type Resources,
  readerSecurity,
  resources,
} from '../cluster/pod-security.ts';
import { sharedVolumeAffinity, sharedVolumeLabels, type VolumeAccess } from '../cluster/shared-volumes.ts';

/** Objects of the recovery namespace that pods mount. */
export const OBJECTS = {
  /** dr.yaml */
  environment: 'dr-environment',
  /** dr.yaml with the replaced credentials in addition. */
  checkEnvironment: 'dr-environment-check',
  plan: 'recovery-plan',
  authorities: 'object-storage-ca',
  keys: 'dr-keys',
  stores: 'dr-stores',
  tls: 'dr-tls',
  retired: 'dr-retired',
  alerts: 'dr-alerts',
  git: 'dr-git',
  /** Only the pod of `dr --stack … incident` mounts it. */
  channels: 'dr-channels',
  state: 'dr-state',
  backups: 'local-repository',
  access: (role: AccessRole) => `dr-${role}`,
} as const;

export type KeyMaterial = 'keys' | 'stores' | 'tls' | 'retired' | 'alerts' | 'git' | AccessRole;

/** A pod in a namespace of the platform: it mounts copies of the objects, and has no state that lasts. */
export interface Visitor {
  /** What the names of the copies begin with. */
  readonly prefix: string;
  /** Whose files it reads, or writes. */
  readonly user: number;
  readonly group: number;
  /** Labels of pods of its namespace, to whose node it goes. @default any node */
  readonly beside?: Readonly<Record<string, string>> | undefined;
}

export interface DrPod {
  /** Also the container's name. */
  readonly name: string;
  readonly image: string;
  /** What follows `dr`. */
  readonly args: readonly string[];
  readonly serviceAccount: Input<string>;
  /** With `kubernetes-api` the pod mounts the account's token. */
  readonly egress: readonly EgressTarget[];
  readonly material: readonly KeyMaterial[];
  /** Mount path of the local repository's volume; absent where the pod does not need it. */
  readonly localRepository?: string | undefined;
  readonly repositoryReadOnly?: boolean;
  /** Of the volumes of the local repository and the state. */
  readonly volumeAccess: VolumeAccess;
  /** Folder workloads, read-only: path → claim in the recovery namespace. */
  readonly folders?: Readonly<Record<string, string>>;
  /** Folder workloads that it fills: path → claim. @default none */
  readonly fills?: Readonly<Record<string, string>>;
  /** @default in the recovery namespace */
  readonly visitor?: Visitor | undefined;
  /** False for a throwaway platform, which has neither dr.yaml nor state. @default true */
  readonly site?: boolean;
  /** Its result becomes the termination message of its container: the only way out of a pod that reaches nothing. @default false */
  readonly measures?: boolean;
  readonly resources: Resources;
  /** Kubernetes quantity of the scratch volume. */
  readonly scratch: string;
  readonly ports?: Container['ports'];
  readonly probes?: Pick<Container, 'livenessProbe' | 'readinessProbe'>;
  readonly restartPolicy: 'Never' | 'Always';
}

interface Mounted {
  readonly volume: Volume;
  readonly mount: VolumeMount;
}

type Named = Pick<DrPod, 'visitor'>;

const named = ({ visitor }: Named, object: string): string =>
  visitor === undefined ? object : `${visitor.prefix}-${object}`;

function secret(pod: Named, name: string, path: string): Mounted {
  // 0440 root:postgres: `dr` refuses a secret that others can read, and so does pgBackRest.
  return {
    volume: { name, secret: { secretName: named(pod, name), defaultMode: 0o440 } },
    mount: { name, mountPath: path, readOnly: true },
  };
}

interface Claim {
  readonly claimName: string;
  readonly path: string;
  readonly readOnly?: boolean | undefined;
}

function claim(name: string, { claimName, path, readOnly = false }: Claim): Mounted {
  return {
    volume: { name, persistentVolumeClaim: { claimName, readOnly } },
    mount: { name, mountPath: path, readOnly },
  };
}

function empty(name: string, path: string, sizeLimit: string): Mounted {
  return { volume: { name, emptyDir: { sizeLimit } }, mount: { name, mountPath: path } };
}

/** Name of the Secret, and where it is mounted. */
const MATERIAL: Readonly<Record<KeyMaterial, readonly [name: string, path: string]>> = {
  keys: [OBJECTS.keys, PATHS.keys],
  stores: [OBJECTS.stores, PATHS.stores],
  tls: [OBJECTS.tls, PATHS.tls],
  retired: [OBJECTS.retired, PATHS.retired],
  alerts: [OBJECTS.alerts, PATHS.alerts],
  git: [OBJECTS.git, PATHS.git],
  writer: [OBJECTS.access('writer'), accessFolder('writer')],
  restorer: [OBJECTS.access('restorer'), accessFolder('restorer')],
  admin: [OBJECTS.access('admin'), accessFolder('admin')],
};

/** dr.yaml and the plan in one folder. */
function configuration(pod: Pick<DrPod, 'material' | 'visitor'>): Mounted {
  const environment = pod.material.includes('retired') ? OBJECTS.checkEnvironment : OBJECTS.environment;
  const files = ['dr.yaml', 'plan.json'].map((path) => ({ key: path, path }));
  const sources =
    pod.visitor === undefined
      ? [{ configMap: { name: environment } }, { configMap: { name: OBJECTS.plan, items: files.slice(1) } }]
      : [{ configMap: { name: named(pod, environment), items: files } }];
  return {
    volume: { name: 'config', projected: { sources, defaultMode: 0o444 } },
    mount: { name: 'config', mountPath: PATHS.config, readOnly: true },
  };
}

/** As the kubelet itself would mount it. The kubelet renews the token, and `dr` reads it for each call. */
const TOKEN: Mounted = {
  volume: {
    name: 'token',
    projected: {
      defaultMode: 0o440,
      sources: [
        { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
      ],
    },
  },
  mount: { name: 'token', mountPath: PATHS.token, readOnly: true },
};

/** A visitor has one map for all: the quota of the namespace may be small. */
const visitedMap = (pod: Named, object: string): string =>
  pod.visitor === undefined ? object : named(pod, OBJECTS.environment);

const authorities = (pod: Named): Mounted => ({
  volume: {
    name: 'authorities',
    configMap: { name: visitedMap(pod, OBJECTS.authorities), defaultMode: 0o444, optional: true },
  },
  mount: { name: 'authorities', mountPath: PATHS.authorities, readOnly: true },
});

/** The state of the jobs is in the recovery namespace: a visitor begins without one. */
const state = (pod: DrPod): Mounted =>
  pod.visitor === undefined
    ? claim('state', { claimName: OBJECTS.state, path: PATHS.state })
    : empty('state', PATHS.state, pod.scratch);

/** A disk is on one node: a second pod mounts it there alone. */
function affinity(pod: DrPod): Pick<PodSpec, 'affinity'> {
  if (pod.visitor === undefined) return sharedVolumeAffinity(accessOf(pod));
  const { beside } = pod.visitor;
  if (beside === undefined) return {};
  const term = { labelSelector: { matchLabels: { ...beside } }, topologyKey: 'kubernetes.io/hostname' };
  return { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } };
}

function securityOf({ visitor, fills = {} }: DrPod): PodSecurity {
  if (visitor === undefined) return podSecurity();
  return Object.keys(fills).length === 0 ? readerSecurity(visitor) : fillerSecurity(visitor);
}

function mounts(pod: DrPod): Mounted[] {
  const site =
    pod.site === false
      ? []
      : [
          configuration(pod),
          authorities(pod),
          state(pod),
          ...pod.material.map((name) => secret(pod, ...MATERIAL[name])),
        ];
  const repository =
    pod.localRepository === undefined
      ? []
      : [
          claim('repository', {
            claimName: OBJECTS.backups,
            path: pod.localRepository,
            readOnly: pod.repositoryReadOnly,
          }),
        ];
  const token = pod.egress.includes('kubernetes-api') ? [TOKEN] : [];
  const folders = Object.entries(pod.folders ?? {}).map(([path, claimName], i) =>
    claim(`folder-${i}`, { claimName, path, readOnly: true }),
  );
  const filled = Object.entries(pod.fills ?? {}).map(([path, claimName], i) =>
    claim(`filled-${i}`, { claimName, path }),
  );
  return [
    ...site,
    ...repository,
    ...token,
    ...folders,
    ...filled,
    empty('scratch', PATHS.scratch, pod.scratch),
    empty('tmp', '/tmp', '1Gi'),
  ];
}

/** A throwaway platform and a visitor mount no volume of the recovery namespace. */
const accessOf = ({ site, visitor, volumeAccess }: DrPod): VolumeAccess =>
  site === false || visitor !== undefined ? 'ReadWriteMany' : volumeAccess;

export function drPodLabels(pod: DrPod): Record<string, string> {
  return { ...labelsOf(pod.name, pod.egress), ...sharedVolumeLabels(accessOf(pod)) };
}

export function drPodSpec(pod: DrPod): PodSpec {
  const all = mounts(pod);
  return {
    serviceAccountName: pod.serviceAccount,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    restartPolicy: pod.restartPolicy,
    securityContext: securityOf(pod),
    ...affinity(pod),
    // A run that is stopped first ends its engines and releases its locks.
    terminationGracePeriodSeconds: 60,
    containers: [
      {
        name: 'dr',
        image: pod.image,
        imagePullPolicy: 'IfNotPresent',
        command: ['dr'],
        args: [...pod.args],
        workingDir: PATHS.scratch,
        env: [
          ...(pod.site === false ? [] : [{ name: 'DR_ENV', value: PATHS.environment }]),
          ...(pod.measures === true ? [{ name: 'DR_MEASUREMENTS', value: PATHS.terminationMessage }] : []),
          { name: 'HOME', value: PATHS.scratch },
          { name: 'TMPDIR', value: PATHS.scratch },
          { name: 'NO_COLOR', value: '1' },
        ],
        securityContext: containerSecurity(),
        resources: resources(pod.resources),
        volumeMounts: all.map(({ mount }) => mount),
        ...(pod.ports === undefined ? {} : { ports: pod.ports }),
        ...pod.probes,
      },
    ],
    volumes: all.map(({ volume }) => volume),
  };
}
