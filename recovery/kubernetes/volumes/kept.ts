/** Volumes whose claims go, and that stay: a cluster deletes a volume with its claim unless its reclaim policy is Retain. */
import { CoreV1Api, PatchStrategy } from '@kubernetes/client-node';
import type { ClusterAccess } from '../access.ts';
import { isAbsent } from '../calls.ts';
import { FIELD_MANAGER, Patches } from '../fields/patch.ts';

export interface ClaimedVolume {
  readonly claim: string;
  /** Undefined for a claim that was never bound: it holds nothing. */
  readonly volume: string | undefined;
}

export interface VolumeState {
  readonly name: string;
  /** `Retain`, `Delete` */
  readonly policy: string;
  /** `Bound`, `Released`, `Failed` */
  readonly phase: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Every call throws `KUBERNETES-…` DrErrors; every change may be repeated. */
export interface KeptVolumes extends AsyncDisposable {
  claims(namespace: string): Promise<readonly ClaimedVolume[]>;
  /** Undefined where there is no such volume. */
  read(name: string): Promise<VolumeState | undefined>;
  /** Sets the reclaim policy Retain, and the labels. Read it back: an admission controller may change it. */
  keep(name: string, labels: Readonly<Record<string, string>>): Promise<void>;
}

export function openKeptVolumes(access: ClusterAccess, signal?: AbortSignal): KeptVolumes {
  const calls = new Patches(access, signal);
  const core = access.config.makeApiClient(CoreV1Api);
  return {
    async [Symbol.asyncDispose]() {},
    async claims(namespace) {
      const call = { verb: 'list', resource: 'persistentvolumeclaims', namespace } as const;
      const found = await calls.call(call, () => core.listNamespacedPersistentVolumeClaim({ namespace }));
      return (found?.items ?? []).map(({ metadata, spec }) => ({
        claim: metadata?.name ?? '',
        volume: spec?.volumeName === '' ? undefined : spec?.volumeName,
      }));
    },
    async read(name) {
      const call = { verb: 'get', resource: `persistentvolumes ${name}` } as const;
      const found = await calls.call(call, () => core.readPersistentVolume({ name }), isAbsent);
      return (
        found && {
          name,
          policy: found.spec?.persistentVolumeReclaimPolicy ?? '',
          phase: found.status?.phase ?? '',
          labels: found.metadata?.labels ?? {},
        }
      );
    },
    async keep(name, labels) {
      const call = { verb: 'patch', resource: `persistentvolumes ${name}` } as const;
      const spec = { persistentVolumeReclaimPolicy: 'Retain' };
      const body = { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name, labels: { ...labels } }, spec };
      await calls.call(call, () =>
        calls.objects.patch(body, undefined, undefined, FIELD_MANAGER, undefined, PatchStrategy.MergePatch),
      );
    },
  };
}
