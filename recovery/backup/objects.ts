/** The objects of the cluster, read once a run and shared by the workloads that hold its parts. */
import type { CaptureIndex } from '../capture/files.ts';
import { type Capture, makeCapture } from '../capture/make.ts';
import { readCluster } from '../capture/read.ts';
import { badInput } from '../errors.ts';
import type { ResticCapture } from '../point.ts';
import type { Site } from '../site.ts';
import { CLUSTER, runHook } from './hooks.ts';

export interface ObjectsRead {
  readonly capture: Capture;
  readonly readAt: Date;
}

export type ReadObjects = () => Promise<ObjectsRead>;

/** Fact of a capture that holds objects: how many. */
export const OBJECTS = 'objects';

async function readObjects(site: Site, signal?: AbortSignal): Promise<ObjectsRead> {
  const settings = site.environment.kubernetes;
  if (settings === undefined) {
    const hint = 'name the cluster in the environment file';
    throw badInput({ code: 'KUBERNETES-UNCONFIGURED', where: CLUSTER, fact: 'no cluster is named', hint });
  }
  // The client takes longer to load than many a command runs, and a single host never needs it.
  const [{ openAccess }, { openCluster }] = await Promise.all([
    import('../adapters/kubernetes-access.ts'),
    import('../adapters/kubernetes.ts'),
  ]);
  const access = await openAccess(settings);
  await runHook(site, CLUSTER, 'pre', signal);
  const onRetry = (detail: string) => site.log.warn({ detail }, 'Kubernetes call retried');
  const cluster = openCluster(access, { signal, onRetry });
  try {
    const content = await readCluster(cluster, settings.namespaces);
    if (content.silentGroups.length > 0)
      site.log.warn(
        { groups: content.silentGroups },
        'API groups of their own servers do not answer and are not captured',
      );
    return { capture: makeCapture(content), readAt: new Date() };
  } finally {
    await cluster.close();
    await runHook(site, CLUSTER, 'post', signal);
  }
}

/** Whoever asks first begins; a failure is the failure of all who ask. */
export function objectsReader(site: Site, signal?: AbortSignal): ReadObjects {
  let reading: Promise<ObjectsRead> | undefined;
  return () => {
    reading ??= readObjects(site, signal);
    return reading;
  };
}

/** What a point remembers of a part. */
export function objectFacts(index: CaptureIndex): ResticCapture['facts'] {
  const leftOut = Object.values(index.leftOut).flatMap((kinds) => Object.values(kinds));
  return {
    [OBJECTS]: index.objects.length,
    kinds: Object.keys(index.counts).length,
    clusterVersion: index.cluster.version,
    namespaces: index.namespaces.join(', '),
    leftOut: leftOut.reduce((sum, count) => sum + count, 0),
    ...(index.images.length === 0 ? {} : { images: index.images.length }),
  };
}
