/** The adapters behind the ports of a restore in place. */
import { openFailoverPorts } from '../failover/wiring.ts';
import { openClusterAccess } from '../kubernetes/location.ts';
import { openKeptVolumes } from '../kubernetes/volumes/kept.ts';
import { readPoints, resolveRecoveryPoint } from '../points/resolved/resolved-point.ts';
import { openRebuiltCluster } from '../rebuild/data/cluster.ts';
import type { InPlacePorts } from './types.ts';

/** As for a failover. */
export async function openInPlacePorts(...args: Parameters<typeof openFailoverPorts>): Promise<InPlacePorts> {
  const ports = await openFailoverPorts(...args);
  const { signal } = ports;
  return {
    ...ports,
    openVolumes: async (place) => openKeptVolumes(await openClusterAccess(place), signal),
    openData: (place) => openRebuiltCluster(place, signal),
    resolve: resolveRecoveryPoint,
    readPoints,
  };
}
