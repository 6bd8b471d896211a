/** One laid-down part: a capture of a cluster, or a folder of manifests of a single host. */
import { readdir } from 'node:fs/promises';
import { verificationFailed } from '../../../core/errors.ts';
import { beforeFence, isFence } from '../../../kubernetes/fence-marks.ts';
import type { ResolvedManifests } from '../../../points/resolved/types.ts';
import type { Image } from '../images.ts';
import type { SnapshotObject } from '../make.ts';
import { type CaptureIndex, readPart } from '../stored.ts';
import { readManifests } from './manifests.ts';

export interface Part {
  readonly workload: string;
  /** ISO 8601. Equal for parts of one reading of the API. */
  readonly capturedAt: string;
  readonly objects: readonly SnapshotObject[];
  readonly namespaces: readonly string[];
  readonly images: readonly Image[];
  readonly notes: readonly string[];
}

function operatorNotes({ operators = [] }: CaptureIndex): string[] {
  if (operators.length === 0) return [];
  return [
    `${operators.join(', ')}: their custom resources come after their definitions and before the workloads, which wait for what they make`,
  ];
}

/** Throws `CAPTURE-DAMAGED` (exit 5). */
export async function readFolder(folder: string, { workload, part, capturedAt }: ResolvedManifests): Promise<Part> {
  const names = await readdir(folder);
  if (!names.includes('index.json')) return { workload, capturedAt, ...(await readManifests(folder, workload)) };
  const { index, objects } = await readPart(folder);
  if (index.part !== part) {
    throw verificationFailed({
      code: 'CAPTURE-DAMAGED',
      where: workload,
      fact: `holds the part "${index.part}" of a cluster's objects, and the plan wants "${part}" there`,
      hint: 'take another point',
    });
  }
  const silent = index.silentGroups.map(
    (group) => `the API group ${group} did not answer then: its objects were not captured`,
  );
  const missing = index.notCaptured?.map((line) => `not captured: ${line}`);
  return {
    workload,
    capturedAt: index.capturedAt,
    // Copies of before version 0.2 hold what a fence had changed.
    objects: objects
      .filter(({ object }) => !isFence(object))
      .map((each) => ({ ...each, object: beforeFence(each.object) })),
    namespaces: index.namespaces,
    images: index.images,
    notes: [...operatorNotes(index), ...(missing ?? silent)],
  };
}
