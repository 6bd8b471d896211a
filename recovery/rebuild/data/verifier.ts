/** Verifies a rebuild's data: reads the point in its repository, and compares the recovered data with it. */
import { selectWorkloads } from '../../../plan/select.ts';
import { asDrError, rethrowBug } from '../../core/as-dr-error.ts';
import type { CatalogEntry } from '../../points/catalog/types.ts';
import { pointOf } from '../../points/resolved/resolved-point.ts';
import type { DataCheck, RebuildPlan, RebuildPorts, Recorded } from '../types.ts';
import type { DataPorts } from './cluster.ts';
import { type RecordedCaptures, recordedCaptures } from './database.ts';
import { clusterOfStack, externalStores, fieldOfConfig } from './location.ts';
import { verifyData } from './verify.ts';

/** Pulumi.yaml's default. */
export const DATABASE = 'go_coffee';

export interface DataLocation {
  readonly cluster: Parameters<DataPorts['openCluster']>[0];
  /** The database with the platform's data. */
  readonly database: string;
  readonly external: ReturnType<typeof externalStores>;
}

/** Read from the stack's config: a failed `up` leaves no outputs. */
export async function locateData(made: RebuildPlan, { engine }: Pick<RebuildPorts, 'engine'>): Promise<DataLocation> {
  const config = await (await engine.select(made.stack)).config();
  return {
    cluster: clusterOfStack(config, made.context),
    database: fieldOfConfig(config, 'postgres', 'database') || DATABASE,
    external: externalStores(config),
  };
}

export interface DataVerifier {
  readonly verify: NonNullable<RebuildPorts['verify']>;
  /** What `verify` has compared with; empty before it, and where the points could not be read. */
  recorded(): RecordedCaptures;
}

const NOTHING: RecordedCaptures = { database: undefined, redis: undefined, dump: undefined };

export function dataVerifier(
  ports: Pick<RebuildPorts, 'engine' | 'plan'> & DataPorts,
  /** `isolated`: it is a drill's platform. */
  { isolated }: { readonly isolated: boolean },
): DataVerifier {
  let recorded = NOTHING;
  const dump = selectWorkloads(ports.plan, ['type:postgres-dump'])[0]?.id;
  return {
    async verify(outputs, made, source) {
      const point = await checkPoint(made, source);
      recorded = recordedCaptures(point.entries, made.pin, dump);
      const location = await locateData(made, ports);
      await using cluster = await ports.openCluster(location.cluster);
      const { database, external } = location;
      const data = await verifyData({ cluster, made, outputs, recorded, source, database, external, isolated });
      return [...point.checks, ...data];
    },
    recorded: () => recorded,
  };
}

/** Each copy was made within a day and a week of hourly ones; a point is parsed at its first access. */
const LOOK_BACK = 200;

/** Of the newest copy of each workload at that point: an hourly one holds some of them. Pure. */
export function bytesUpTo(entries: readonly CatalogEntry[], point: string): number {
  const newest = new Map<string, { readonly id: string; readonly bytes: number }>();
  for (const entry of entries.filter(({ outline }) => outline.id <= point).slice(-LOOK_BACK)) {
    const { id } = entry.outline;
    if (entry.trust !== 'ok') continue;
    for (const { workload, bytes } of entry.point.captures)
      if ((newest.get(workload)?.id ?? '') <= id) newest.set(workload, { id, bytes });
  }
  return [...newest.values()].reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Points that can't be read are a failed check: what is compared with nothing is not verified. */
export async function checkPoint(
  { pin }: Pick<RebuildPlan, 'pin'>,
  source: Pick<Recorded, 'points'>,
): Promise<{ readonly entries: readonly CatalogEntry[]; readonly checks: readonly DataCheck[] }> {
  const point = pointOf(pin);
  const check = { title: 'the point can be compared with', expected: `${point} in ${pin.repository}` };
  try {
    const entries = await source.points();
    const found = entries.find(({ outline }) => outline.id === point);
    const ok = found?.trust === 'ok';
    const actual =
      found === undefined ? 'its catalog has no such point' : ok ? check.expected : `signature: ${found.trust}`;
    const bytes = bytesUpTo(entries, point);
    const databaseBytes = recordedCaptures(entries, pin, undefined).database?.bytes;
    const sizes = { bytes, ...(databaseBytes === undefined ? {} : { databaseBytes }) };
    return { entries: ok ? entries : [], checks: [{ ...check, actual, ok, evidence: 'the signed catalog', ...sizes }] };
  } catch (error) {
    rethrowBug(error);
    const { fact, where } = asDrError(error, pin.repository);
    return { entries: [], checks: [{ ...check, actual: fact, ok: false, evidence: where }] };
  }
}
