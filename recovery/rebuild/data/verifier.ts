/** Between a rebuild and its data: remembers the points that the target was resolved with, and compares with them what comes back. */
import { selectWorkloads } from '../../../plan/select.ts';
import type { CatalogEntry } from '../../points/catalog/types.ts';
import { isRecord } from '../settings.ts';
import type { RebuildPlan, RebuildPorts } from '../types.ts';
import type { DataPorts } from './cluster.ts';
import { type Remembered, remembered } from './database.ts';
import { verifyDrilled } from './verify.ts';

/** As Pulumi.yaml has it where the config says nothing. */
const DATABASE = 'go_coffee';

export interface MadePlace {
  readonly place: Parameters<DataPorts['openCluster']>[0];
  /** With the platform's data. */
  readonly database: string;
}

/** From the stack's own config: an `up` that failed has left no outputs. */
export async function madePlace(made: RebuildPlan, { engine }: Pick<RebuildPorts, 'engine'>): Promise<MadePlace> {
  const config = await (await engine.select(made.stack)).config();
  const fieldOf = (key: string, field: string): string => {
    const value = config[key]?.value;
    const found = isRecord(value) ? value[field] : undefined;
    return typeof found === 'string' ? found : '';
  };
  const path = fieldOf('cluster', 'kubeconfig');
  const text = String(config.kubeconfig?.value ?? '');
  const kubeconfig = text !== '' ? { text } : path === '' ? undefined : { path };
  return { place: { context: made.context, kubeconfig }, database: fieldOf('postgres', 'database') || DATABASE };
}

export interface DataVerifier {
  readonly resolve: RebuildPorts['resolve'];
  readonly verify: NonNullable<RebuildPorts['verify']>;
  /** Empty before `verify`, and where an interrupted run had resolved the target: then the data is asked, and compared with no point. */
  known(): Remembered;
}

/** @param isolated it is a drill's platform */
export function dataVerifier(
  ports: Pick<RebuildPorts, 'engine' | 'plan' | 'resolve'> & DataPorts,
  isolated: boolean,
): DataVerifier {
  let entries: readonly CatalogEntry[] = [];
  let known: Remembered = { database: undefined, redis: undefined, dump: undefined };
  const dump = selectWorkloads(ports.plan, ['type:postgres-dump'])[0]?.id;
  return {
    async resolve(asked) {
      const resolved = await ports.resolve(asked);
      entries = resolved.entries ?? [];
      return resolved;
    },
    async verify(outputs, made) {
      known = remembered(entries, made.pin, dump);
      const { place, database } = await madePlace(made, ports);
      await using cluster = await ports.openCluster(place);
      return verifyDrilled({ cluster, made, outputs, remembered: known, database, isolated });
    },
    known: () => known,
  };
}
