/** A restore of a running stack where it is: its request, its ports and its plan. */
import { z } from 'zod';
import { TIERS } from '../../plan/types.ts';
import type { FailoverPorts } from '../failover/ports.ts';
import type { ClusterLocation } from '../kubernetes/location.ts';
import type { KeptVolumes } from '../kubernetes/volumes/kept.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import {
  type PinnedTarget,
  type PointsRequest,
  type ResolveRequest,
  resolvedPointSchema,
} from '../points/resolved/resolved-point.ts';
import type { RebuiltCluster } from '../rebuild/data/cluster.ts';

export const STORES = ['postgres', 'redis'] as const;
export type RestoredStore = (typeof STORES)[number];

export interface InPlaceRequest {
  readonly stack: string;
  /** `latest`, a point's id, or a time with a time zone; as typed. */
  readonly target: string;
  /** Repository to read. @default the first of the plan that has the target */
  readonly repository?: string | undefined;
  /** Always with postgres. */
  readonly stores: readonly RestoredStore[];
  /** Start the services although a check of the data did not pass. */
  readonly keepGoing: boolean;
  /** When the disaster was declared: the RTO clock starts here. @default now, or the interrupted run's */
  readonly declaredAt?: Date | undefined;
}

export interface InPlacePorts extends FailoverPorts {
  openVolumes(place: ClusterLocation): Promise<KeptVolumes>;
  /** Reads the restored data. */
  openData(place: ClusterLocation): Promise<RebuiltCluster>;
  readonly resolve: (request: ResolveRequest) => Promise<PinnedTarget>;
  readonly readPoints: (request: PointsRequest) => Promise<readonly CatalogEntry[]>;
}

const volumeSchema = z.object({ claim: z.string(), volume: z.string().optional() });
export type ClaimOf = z.infer<typeof volumeSchema>;

/** The journal keeps it: everything as it was before the first change. */
export const planSchema = z.object({
  stack: z.string(),
  site: z.string(),
  /** The lineage that ends, and the one that begins. */
  lineage: z.string(),
  next: z.object({ generation: z.int(), lineage: z.string() }),
  cluster: z.string(),
  context: z.string(),
  namespaces: z.object({ platform: z.string(), recovery: z.string(), existing: z.array(z.string()) }),
  target: z.string(),
  repository: z.string(),
  stores: z.array(z.enum(STORES)),
  pin: resolvedPointSchema,
  declaredAt: z.string(),
  loss: z.array(z.object({ workload: z.string(), recoveredTo: z.string(), seconds: z.number() })),
  /** In the order in which they start again; each as `namespace/name`. */
  tiers: z.array(z.object({ tier: z.enum(TIERS), name: z.string(), workloads: z.array(z.string()) })),
  /** Claims that go; their volumes stay. */
  claims: z.array(volumeSchema),
  /** Whether a leader answers: without one its last WAL is in its volume alone. */
  leader: z.enum(['answers', 'silent']),
  /** Stacks that follow the lineage that ends. */
  followers: z.array(z.string()),
  notes: z.array(z.string()),
});
export type InPlacePlan = z.infer<typeof planSchema>;

export const keptSchema = z.array(volumeSchema);
