/** A provisioner for one node: each claim gets a folder of this machine, of which the pods' account is the owner. */
import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PatchStrategy, setHeaderOptions, type V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { ACCOUNT } from '../../infra/cluster/pod-security.ts';
import type { Api } from './api.ts';
import type { Place } from './place.ts';

export interface Provisioner {
  stop(): Promise<void>;
}

const INTERVAL_MS = 500;

function isWaiting({ spec, status }: V1PersistentVolumeClaim): boolean {
  return status?.phase === 'Pending' && spec?.volumeName === undefined;
}

async function provide(place: Place, api: Api, claim: V1PersistentVolumeClaim): Promise<void> {
  const { namespace = '', name = '', uid = '' } = claim.metadata ?? {};
  const volume = `${namespace}-${name}-${uid.slice(0, 8)}`;
  const path = join(place.folder, 'volumes', volume);
  await mkdir(path, { recursive: true, mode: 0o770 });
  // Kubernetes changes no owner of a folder that is the machine's.
  await chown(path, ACCOUNT, ACCOUNT);
  await api.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: volume },
    spec: {
      capacity: claim.spec?.resources?.requests,
      accessModes: claim.spec?.accessModes,
      storageClassName: claim.spec?.storageClassName ?? '',
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid },
      hostPath: { path, type: 'Directory' },
    },
  });
}

/** The scheduler may look at a pod just before its volume is bound, and then not again for minutes: a change wakes it. */
async function wakeScheduler(api: Api, { metadata, spec }: V1PersistentVolumeClaim): Promise<void> {
  const { namespace = '', name = '' } = metadata ?? {};
  const body = { metadata: { annotations: { 'go-coffee-dr/volume': spec?.volumeName } } };
  const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
  await api.core.patchNamespacedPersistentVolumeClaim({ namespace, name, body }, merge);
}

export function startProvisioner(place: Place, api: Api): Provisioner {
  const provided = new Set<string>();
  const bound = new Set<string>();
  let running = true;
  let wake = (): void => {};
  const round = async (): Promise<void> => {
    const { items } = await api.core.listPersistentVolumeClaimForAllNamespaces();
    for (const claim of items.filter(isWaiting)) {
      const uid = claim.metadata?.uid ?? '';
      if (provided.has(uid)) continue;
      await provide(place, api, claim);
      provided.add(uid);
    }
    for (const claim of items.filter(({ status }) => status?.phase === 'Bound')) {
      const uid = claim.metadata?.uid ?? '';
      if (bound.has(uid)) continue;
      await wakeScheduler(api, claim);
      bound.add(uid);
    }
  };
  const loop = (async () => {
    while (running) {
      // The next round tries again; what stays pending shows in the test that waits for it.
      await round().catch(() => undefined);
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, INTERVAL_MS);
      });
    }
  })();
  return {
    async stop() {
      running = false;
      wake();
      await loop;
    },
  };
}
