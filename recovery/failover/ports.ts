/** The ports of a failover: the stacks' engine, both sites' clusters, storage, time and the operator. */
import type { Logger } from '../core/log.ts';
import type { PollOptions } from '../core/poll.ts';
import type { Confirmation, Progress } from '../core/progress.ts';
import type { ClusterLocation } from '../kubernetes/location.ts';
import type { Cluster } from '../kubernetes/objects.ts';
import type { SiteCluster } from '../kubernetes/site-cluster.ts';
import type { StackEngine } from '../pulumi/engine.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { S3Keys } from '../storage/s3/keys.ts';
import type { S3Location } from '../storage/s3/location.ts';

export interface StoragePlace extends S3Location {
  /** The restorer's keys. `ambient`: this process's own AWS identity. */
  readonly credentials: S3Keys | 'ambient';
}

export interface FailoverPorts {
  readonly engine: StackEngine;
  openCluster(place: ClusterLocation): Promise<SiteCluster>;
  /** Reads its pods, to say what holds them up. @default such reasons are not told */
  readonly openPods?: (place: ClusterLocation) => Promise<Cluster>;
  openStorage(place: StoragePlace): Promise<ObjectStore>;
  readonly progress: Progress;
  /** @default silent */
  readonly log?: Logger;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  /** Returns when the operator has typed the name; throws CONFIRM-REFUSED (exit 7). */
  confirm(confirmation: Confirmation): Promise<void>;
  /** Multiplies every timeout; tests shorten them. @default 1 */
  readonly timeoutFactor?: number;
  /** Folder of the journals. */
  readonly stateDir: string;
}

/** Between two questions to a cluster or a repository. */
const EVERY_SECONDS = 2;

/** How long and how often something is polled that another system does by itself. */
export function pollOptions(
  { signal, timeoutFactor = 1 }: Pick<FailoverPorts, 'signal' | 'timeoutFactor'>,
  seconds: number,
): PollOptions {
  return { seconds: seconds * timeoutFactor, everySeconds: EVERY_SECONDS * timeoutFactor, signal };
}
