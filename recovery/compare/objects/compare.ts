/** Manifests of two points: a capture of a cluster, or a host's folder of manifests. */
import { readdir } from 'node:fs/promises';
import { lackingNamespaces } from '../../points/namespaces.ts';
import { OBJECTS } from '../../points/point.ts';
import { readManifests } from '../../workloads/objects/snapshot/manifests.ts';
import { readPart } from '../../workloads/objects/stored.ts';
import { both, type Comparison, layAside } from '../context.ts';
import { compareFolders } from '../files.ts';
import { section } from '../types.ts';
import { compareKubeObjects } from './changes.ts';

async function objectsIn(folder: string, workload: string) {
  const isCapture = (await readdir(folder)).includes('index.json');
  if (!isCapture) return { ...(await readManifests(folder, workload)), silent: [] };
  const { index, objects } = await readPart(folder);
  return {
    objects,
    notes: [],
    silent: index.silentGroups,
  };
}

export const compareManifests: Comparison = async (context, workload, pair) => {
  const { id, title } = workload;
  const { before, after } = await both(pair, async (capture, side) =>
    objectsIn(await layAside(context, capture, `${id}.${side}`), id),
  );
  const lacking = [...new Set([...lackingNamespaces(pair.before), ...lackingNamespaces(pair.after)])];
  const silent = [...new Set([...before.silent, ...after.silent])];
  const gaps = [
    ...lacking.map((name) => `a point lacks the namespace ${name}`),
    ...silent.map((group) => `the API group ${group} did not answer, so its objects were not captured`),
  ];
  const notes = [...new Set([...before.notes, ...after.notes])];
  const changes = compareKubeObjects(
    before.objects.map(({ object }) => object),
    after.objects.map(({ object }) => object),
  );
  const objects = section(id, `Kubernetes: ${title}`, changes, { notes, gaps });
  const isFolder = pair.before.facts[OBJECTS] === undefined && pair.after.facts[OBJECTS] === undefined;
  return isFolder ? [objects, ...(await compareFolders(context, workload, pair))] : [objects];
};
