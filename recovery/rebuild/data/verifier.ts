/** Verifies a rebuild's data: keeps the points that the target was resolved from, and compares the recovered data with them. */
import { selectWorkloads } from '../../../plan/select.ts';
import type { CatalogEntry } from '../../points/catalog/types.ts';
import type { RebuildPlan, RebuildPorts } from '../types.ts';
import type { DataPorts } from './cluster.ts';
import { type RecordedCaptures, recordedCaptures } from './database.ts';
import { clusterOfStack, fieldOfConfig } from './location.ts';
import { verifyData } from './verify.ts';

/** Pulumi.yaml's default. */
const DATABASE = 'go_coffee';

export interface DataLocation {
  readonly cluster: Parameters<DataPorts['openCluster']>[0];
  /** The database with the platform's data. */
  readonly database: string;
}

/** Read from the stack's config: a failed `up` leaves no outputs. */
export async function locateData(made: RebuildPlan, { engine }: Pick<RebuildPorts, 'engine'>): Promise<DataLocation> {
  const config = await (await engine.select(made.stack)).config();
  return {
    cluster: clusterOfStack(config, made.context),
    database: fieldOfConfig(config, 'postgres', 'database') || DATABASE,
  };
}

export interface DataVerifier {
  readonly resolve: RebuildPorts['resolve'];
  readonly verify: NonNullable<RebuildPorts['verify']>;
  /** Empty before `verify`, and where an earlier, interrupted run resolved the target: then the data is checked without a comparison. */
  recorded(): RecordedCaptures;
}

export function dataVerifier(
  ports: Pick<RebuildPorts, 'engine' | 'plan' | 'resolve'> & DataPorts,
  /** `isolated`: it is a drill's platform. */
  { isolated }: { readonly isolated: boolean },
): DataVerifier {
  let entries: readonly CatalogEntry[] = [];
  let recorded: RecordedCaptures = { database: undefined, redis: undefined, dump: undefined };
  const dump = selectWorkloads(ports.plan, ['type:postgres-dump'])[0]?.id;
  return {
    async resolve(request) {
      const resolved = await ports.resolve(request);
      entries = resolved.entries ?? [];
      return resolved;
    },
    async verify(outputs, made) {
      recorded = recordedCaptures(entries, made.pin, dump);
      const location = await locateData(made, ports);
      await using cluster = await ports.openCluster(location.cluster);
      return verifyData({ cluster, made, outputs, recorded, database: location.database, isolated });
    },
    recorded: () => recorded,
  };
}
