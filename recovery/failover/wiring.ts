/** The adapters behind the ports: Pulumi, Kubernetes, S3, this machine's folders. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ClusterLocation } from '../kubernetes/location.ts';
import { openClusterAt } from '../kubernetes/open.ts';
import type { SiteCluster } from '../kubernetes/site-cluster.ts';
import type { StackEngine } from '../pulumi/engine.ts';
import type { FailoverPorts, StoragePlace } from './ports.ts';

async function openCluster(place: ClusterLocation, signal: AbortSignal): Promise<SiteCluster> {
  const [{ openClusterAccess }, { openSiteCluster }] = await Promise.all([
    import('../kubernetes/location.ts'),
    import('../kubernetes/change.ts'),
  ]);
  return openSiteCluster(await openClusterAccess(place), signal);
}

async function openStorage({ credentials, ...place }: StoragePlace) {
  return (await import('../storage/s3/location.ts')).openS3Location(place, credentials);
}

/** The operator's state folder, not a site's: a failover needs no dr.yaml. */
export function operatorState(env: Readonly<Record<string, string | undefined>>): string {
  const state = env.XDG_STATE_HOME;
  return join(state === undefined || state === '' ? join(homedir(), '.local', 'state') : state, 'go-coffee-dr');
}

/** @param engine @default Pulumi's */
export async function openFailoverPorts(
  { progress, log, now, signal, confirm }: Pick<FailoverPorts, 'progress' | 'log' | 'now' | 'signal' | 'confirm'>,
  stateDir: string,
  engine?: StackEngine,
): Promise<FailoverPorts> {
  return {
    engine: engine ?? (await (await import('../pulumi/open.ts')).openStackEngine()),
    openCluster: (place) => openCluster(place, signal),
    openPods: (place) => openClusterAt(place, signal),
    openStorage,
    progress,
    ...(log === undefined ? {} : { log }),
    now,
    signal,
    confirm,
    stateDir,
  };
}
