/** The objects of the cluster, read once a run and shared by the workloads that hold its parts. */
import { mkdir } from 'node:fs/promises';
import { matchService } from '../../../plan/service-match.ts';
import type { ObjectPart, Plan, Workload } from '../../../plan/types.ts';
import { isConfigured } from '../../config/selection.ts';
import type { Site } from '../../config/site.ts';
import { badInput } from '../../core/errors.ts';
import { groupOf, kindName } from '../../kubernetes/objects.ts';
import { openConfiguredCluster } from '../../kubernetes/open.ts';
import { namespaceFacts } from '../../points/namespaces.ts';
import { notCopiedFacts } from '../../points/not-copied.ts';
import { OBJECTS, type ResticCapture } from '../../points/point.ts';
import { CLUSTER, discard, freshFolder, oncePerRun, runHook } from '../capture.ts';
import { folderType, restoredFolder } from '../folder.ts';
import type { SnapshotItem } from '../restore-plan.ts';
import { type Check, check } from '../restore-step.ts';
import type { CaptureRun, Staged, WorkloadType } from '../workload.ts';
import { claimGaps } from './gaps/claims.ts';
import { withoutOwnStores } from './gaps/own-stores.ts';
import { type Capture, makeCapture, type SnapshotObject } from './make.ts';
import { readCluster } from './read.ts';
import { type CaptureIndex, readPart, writePart } from './stored.ts';
import { refuseUnread, type UnreadKind } from './unread.ts';

interface ObjectsRead {
  readonly capture: Capture;
  readonly unread: readonly UnreadKind[];
  readonly readAt: Date;
}

/** The one reading of the cluster that all workloads of a run share. Throws `KUBERNETES-UNCONFIGURED` and what the cluster throws. */
const readObjects = oncePerRun(async (site: Site, { signal }: CaptureRun): Promise<ObjectsRead> => {
  const settings = site.environment.kubernetes;
  if (settings === undefined) {
    const hint = 'name the cluster in the environment file';
    throw badInput({ code: 'KUBERNETES-UNCONFIGURED', where: CLUSTER, fact: 'no cluster is named', hint });
  }
  await using cluster = await openConfiguredCluster(site, settings, signal);
  await runHook(site, CLUSTER, 'pre', signal);
  try {
    const content = await readCluster(cluster, settings.namespaces);
    const { silentGroups } = content;
    if (silentGroups.length > 0)
      site.log.warn({ groups: silentGroups }, 'API groups of their own servers do not answer and are not captured');
    for (const { name, error } of content.lacking)
      site.log.warn({ namespace: name, error: error.message }, 'a namespace can’t be read and is not captured');
    const capture = makeCapture(content);
    const claims = claimGaps({
      read: content.read.map(({ object }) => object),
      operators: capture.operators,
      snapshotClasses: content.snapshotClasses,
      covered: settings.claims ?? {},
      backedUp: site.plan.workloads.filter((each) => isConfigured(site.environment, each)),
      inStack: settings.inCluster === true,
    });
    return {
      capture: { ...capture, gaps: withoutOwnStores([...capture.gaps, ...claims], site.environment) },
      unread: content.unread,
      readAt: new Date(),
    };
  } finally {
    await runHook(site, CLUSTER, 'post', signal);
  }
});

/** Fact of the manifests: services of the plan that had a workload. */
const SERVICES = 'services';

const WORKLOADS = ['Deployment.apps', 'StatefulSet.apps', 'DaemonSet.apps'];

/** In the plan's order. By them a later inspection finds which services the cluster lacks. */
export function capturedServices(plan: Pick<Plan, 'tiers'>, captured: readonly SnapshotObject[]): string[] {
  const workloads = captured.filter(({ object: { apiVersion, kind } }) =>
    WORKLOADS.includes(kindName({ group: groupOf({ apiVersion }), kind })),
  );
  const found = new Set(workloads.map(({ object }) => matchService(plan, object.metadata)?.service));
  return plan.tiers.flatMap(({ services }) => services.map(({ id }) => id)).filter((id) => found.has(id));
}

/** What `capturedServices` found, from the facts of a point. Empty for points that don't tell. */
export function servicesThen(facts: ResticCapture['facts'] | undefined): string[] {
  const text = facts?.[SERVICES];
  return typeof text === 'string' ? text.split(', ') : [];
}

/** A point names that many things that it lacks: each is one that the platform may not come back without. */
const NAMED = 200;

/** What a point remembers of a part. */
function objectFacts(
  index: CaptureIndex,
  objects: readonly SnapshotObject[],
  services: readonly string[],
): ResticCapture['facts'] {
  const { operators = [] } = index;
  const leftOut = Object.values(index.leftOut).flatMap((kinds) => Object.values(kinds));
  const inside = (name: string) => objects.filter(({ object }) => object.metadata.namespace === name).length;
  return {
    [OBJECTS]: index.objects.length,
    kinds: Object.keys(index.counts).length,
    clusterVersion: index.cluster.version,
    ...namespaceFacts({
      held: Object.fromEntries(index.namespaces.map((name) => [name, inside(name)])),
      lacking: index.lackingNamespaces ?? [],
    }),
    leftOut: leftOut.reduce((sum, count) => sum + count, 0),
    ...(index.images.length === 0 ? {} : { images: index.images.length }),
    ...(services.length === 0 ? {} : { [SERVICES]: services.join(', ') }),
    ...(operators.length === 0 ? {} : { operators: operators.join(', ') }),
    ...notCopiedFacts(index.notCaptured ?? [], NAMED),
  };
}

/** Writes one part of the objects into a folder. Secrets among them lie there in the clear until restic has encrypted them. */
async function capturePart(site: Site, workload: Workload, part: ObjectPart, run: CaptureRun): Promise<Staged> {
  const { capture, unread, readAt } = await readObjects(site, run);
  refuseUnread(part, unread);
  const folder = await freshFolder(site, workload);
  await mkdir(folder, { mode: 0o700 });
  try {
    const index = await writePart(capture, part, folder, readAt);
    const services = capturedServices(site.plan, capture.parts[part]);
    return { path: folder, facts: objectFacts(index, capture.parts[part], services), remove: discard(folder) };
  } catch (error) {
    await discard(folder)();
    throw error;
  }
}

/** Every object is as the index says; `readPart` throws for one that isn't. */
async function objectChecks(_: Site, item: SnapshotItem): Promise<Check[]> {
  const { facts } = item.capture;
  const { objects: found } = await readPart(item.destination);
  const expected = `${facts[OBJECTS]} objects`;
  const title = `${item.workload}: every object is as it was captured`;
  return [check(item, { id: `${item.workload}/objects`, title, expected, actual: `${found.length} objects` })];
}

/** A part of the API's objects. A restore lays them down for a person to read or apply: it changes no cluster. */
export const objects: WorkloadType = {
  ...folderType(objectChecks),
  servicesKeepRunning: true,
  async capture(site, workload, { run }) {
    if (workload.objects === undefined) throw new TypeError(`the plan names no part of the objects for ${workload.id}`);
    return capturePart(site, workload, workload.objects, run);
  },
  destination: restoredFolder,
};
