/** How full the volume is that holds nothing but the WAL: of a server on another host, by what that says. Pure. */
import type { Environment } from '../../config/environment.ts';
import type { Observation, WalObservation } from './observation.ts';

/** A file system keeps a part for itself: 5% for root (ext4), and what it needs to work. */
const USABLE = 0.92;

export function walVolume({ postgres }: Environment, wal: WalObservation | undefined): Observation['volumes'] {
  if (postgres?.walVolumeBytes === undefined || wal?.bytes === undefined) return [];
  return [{ volume: 'postgres-wal', usedRatio: Math.min(1, wal.bytes / (USABLE * postgres.walVolumeBytes)) }];
}
