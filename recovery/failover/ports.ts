/** What a failover needs of the clusters of both sites. The adapter is Kubernetes; nothing else here knows it. */
import type { Confirmation, Progress } from '../core/progress.ts';
import type { ClusterPlace } from '../kubernetes/place.ts';
import type { SiteCluster } from '../kubernetes/site-cluster.ts';
import type { StackEngine } from '../pulumi/engine.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { S3Keys } from '../storage/s3/keys.ts';
import type { S3Place } from '../storage/s3/place.ts';

export interface StoragePlace extends S3Place {
  /** The restorer's. `ambient`: who this process is to AWS. */
  readonly credentials: S3Keys | 'ambient';
}

export interface FailoverPorts {
  readonly engine: StackEngine;
  openCluster(place: ClusterPlace): Promise<SiteCluster>;
  openStorage(place: StoragePlace): Promise<ObjectStore>;
  readonly progress: Progress;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  /** Returns when the name was typed; throws CONFIRM-REFUSED (exit 7). */
  confirm(confirmation: Confirmation): Promise<void>;
  /** Every wait, as a multiple of what it is. @default 1 */
  readonly patience?: number;
  /** Journals lie here. */
  readonly stateDir: string;
}
