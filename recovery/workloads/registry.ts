/** Which type a workload is of: the one place that knows all of them. Code that handles a workload asks here, and never by name. */
import { type ExtensionType, isExtension, type Workload } from '../../plan/types.ts';
import type { Environment } from '../config/environment.ts';
import { isExternal, isFromCluster } from '../config/selection.ts';
import type { Site } from '../config/site.ts';
import { badInput } from '../core/errors.ts';
import { followLinks } from '../core/links.ts';
import type { EngineName } from '../engines/find.ts';
import { type Capture, EXTERNAL, OBJECTS } from '../points/point.ts';
import { externalDump } from './external/postgres/workload.ts';
import { orExternal } from './external/redis/workload.ts';
import { externalWal } from './external/wal/workload.ts';
import { files } from './files/workload.ts';
import { git } from './git/workload.ts';
import { images } from './images/workload.ts';
import { folderState } from './lay-down.ts';
import { objects } from './objects/workload.ts';
import { postgres, postgresConfig, postgresDump } from './postgres/workload.ts';
import { redis } from './redis/workload.ts';
import type { DestinationState, RestoreItem, SetItem, SnapshotItem } from './restore-plan.ts';
import { type Check, judged, type RestoreContext } from './restore-step.ts';
import type { DiskNeed, Restored, StoreHealth, TrialRequest, TrialResult, WorkloadType } from './workload.ts';

type Shipped = Exclude<Workload['type'], ExtensionType>;
type ItemOf<T extends Shipped> = T extends SetItem['type'] ? SetItem : SnapshotItem;

/** A name in `WORKLOAD_TYPES` (plan/types.ts) without a line here doesn't compile. */
const TYPES: { readonly [T in Shipped]: WorkloadType<ItemOf<T>> } = {
  postgres,
  'postgres-dump': postgresDump,
  'postgres-config': postgresConfig,
  'postgres-wal': externalWal,
  redis: orExternal(redis),
  files,
  git,
  images,
};

/** Of a server that stays where it is. */
const EXTERNALS: Partial<Record<Workload['type'], WorkloadType>> = { 'postgres-dump': externalDump };

const extensions = new Map<ExtensionType, WorkloadType>();

/**
 * Adds a type whose code does not ship with this program. A module that does it is loaded before `dr` starts:
 * `NODE_OPTIONS='--import /absolute/mysql.ts' dr backup`. Then a plan may name the type (`type: x-mysql`), and the environment file holds
 * its settings (`extensions.x-mysql`), which the type itself checks. The prefix keeps a misspelt `postgress` an error of the plan, and the
 * table above complete: no list of names changes while the program runs.
 */
export function registerWorkloadType(name: ExtensionType, type: WorkloadType): void {
  extensions.set(name, type);
}

/** Throws `WORKLOAD-TYPE-UNKNOWN` (exit 2). */
function extensionOf(name: ExtensionType): WorkloadType {
  const found = extensions.get(name);
  if (found !== undefined) return found;
  throw badInput({
    code: 'WORKLOAD-TYPE-UNKNOWN',
    where: 'plan',
    fact: `no module has registered the workload type "${name}"`,
    hint: "load it first: NODE_OPTIONS='--import /absolute/path/of/the/module' dr …; without it choose other workloads with --only",
  });
}

/**
 * The type of a workload: its objects come from the cluster where the environment file names one. Throws `WORKLOAD-TYPE-UNKNOWN`
 * (exit 2) for an extension that no module has registered.
 */
export function typeOf(environment: Environment, workload: Workload): WorkloadType | WorkloadType<SetItem> {
  if (isFromCluster(environment, workload)) return objects;
  // Received WAL brings the same databases back, to any moment.
  if (workload.type === 'postgres-dump' && environment.external?.postgres?.wal !== undefined)
    return { ...externalDump, onlyByName: true };
  if (isExternal(environment, workload)) return EXTERNALS[workload.type] ?? TYPES[workload.type as Shipped];
  return isExtension(workload.type) ? extensionOf(workload.type) : TYPES[workload.type];
}

/** By what the copy holds, which may be of another kind than what the environment file names now. */
function typeFor(environment: Environment, workload: Workload, capture: Capture | undefined) {
  const isOfExternal = capture?.engine === 'restic' && capture.facts[EXTERNAL] === true;
  return (isOfExternal ? EXTERNALS[workload.type] : undefined) ?? typeOf(environment, workload);
}

/** The copy says whether it holds objects: the environment file may name a cluster now, or none any more. */
function snapshotTypeOf({ type, capture }: SnapshotItem): WorkloadType {
  if (isExtension(type)) return extensionOf(type);
  if (capture.facts[EXTERNAL] === true) return EXTERNALS[type] ?? TYPES[type];
  return capture.facts[OBJECTS] === undefined ? TYPES[type] : objects;
}

/** What a type answers for one item of a restore plan. */
export interface BoundType extends Pick<WorkloadType, 'engines' | 'restoredAfter'> {
  preflight(site: Site): Promise<void>;
  needs(environment: Environment): Promise<DiskNeed[]>;
  restore(context: RestoreContext): Promise<Restored | undefined>;
  checks(site: Site): Promise<Check[]>;
  trial(site: Site, request: TrialRequest): Promise<TrialResult>;
}

function bind<I extends RestoreItem>(type: WorkloadType<I>, item: I): BoundType {
  const { engines, restoredAfter = [] } = type;
  return {
    engines,
    restoredAfter,
    preflight: async (site) => type.preflight?.(site, item),
    needs: (environment) => type.needs(environment, item),
    restore: (context) => type.restore(context, item),
    checks: (site) => type.checks(site, item),
    trial: (site, request) => type.trial(site, item, request),
  };
}

export function typeOfItem(item: RestoreItem): BoundType {
  return item.type === 'postgres' ? bind(TYPES[item.type], item) : bind(snapshotTypeOf(item), item);
}

/** The checks of a restored item. Throws `VERIFICATION-FAILED` (exit 5) with every difference. */
export async function verifyItem({ site }: Pick<RestoreContext, 'site'>, item: RestoreItem): Promise<Check[]> {
  return judged(item, await typeOfItem(item).checks(site));
}

/** Where a restore puts the data: a link leads to what holds it, also while that is missing. Absolute, without links. */
export function destinationOf(site: Site, workload: Workload, capture?: Capture): Promise<string> {
  return followLinks(typeFor(site.environment, workload, capture).destination(site, workload));
}

/** `alive` before what its folder says: a server may run in a data directory that is gone. */
export async function destinationState(site: Site, workload: Workload, capture?: Capture): Promise<DestinationState> {
  const type = typeFor(site.environment, workload, capture);
  const alive = await type.isAlive?.(site);
  if (type.intoServer) return alive ? 'alive' : 'absent';
  return alive ? 'alive' : folderState(await destinationOf(site, workload, capture));
}

/** Each engine once. */
export function enginesOf(types: readonly Pick<WorkloadType, 'engines'>[]): EngineName[] {
  return [...new Set(types.flatMap(({ engines }) => engines))];
}

/** The servers that hold data, whether or not the environment file has them. */
export function stores(): StoreHealth[] {
  return [...Object.values(TYPES), ...Object.values(EXTERNALS), ...extensions.values()].flatMap(
    (type) => type?.health ?? [],
  );
}
