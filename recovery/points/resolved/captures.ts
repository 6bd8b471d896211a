/** The manifest and folder snapshots for a target. Pure. A missing one is a note: it must not prevent the database's recovery. */
import { selectWorkloads } from '../../../plan/select.ts';
import type { Plan, Workload } from '../../../plan/types.ts';
import { DrError } from '../../core/errors.ts';
import { OBJECTS, type ResticCapture } from '../point.ts';
import { resolveTarget } from '../resolve/resolve.ts';
import type { ResolveInput } from '../resolve/types.ts';
import type { ResolvedFiles, ResolvedManifests, ResolvedPoint } from './types.ts';

export interface ResolvedCaptures extends Required<Pick<ResolvedPoint, 'objects' | 'files'>> {
  /** For people, a sentence each. */
  readonly notes: readonly string[];
}

interface Found {
  readonly workload: Workload;
  readonly files: ResolvedFiles;
  readonly capture: ResticCapture;
}

interface Lookup {
  readonly found: readonly Found[];
  readonly absent: readonly string[];
  readonly notes: readonly string[];
}

/** Each workload by itself: one whose first copy is too young must not exclude the others. */
function lookUp(input: Omit<ResolveInput, 'workloads'>, workloads: readonly Workload[]): Lookup {
  const found: Found[] = [];
  const absent: string[] = [];
  const notes: string[] = [];
  for (const workload of workloads) {
    try {
      const { items, warnings } = resolveTarget({ ...input, workloads: [workload.id] });
      notes.push(...warnings);
      for (const { capture, point } of items) {
        if (capture.engine !== 'restic') continue;
        const { snapshot, capturedAt } = capture;
        found.push({ workload, capture, files: { workload: workload.id, point, snapshot, capturedAt } });
      }
    } catch (error) {
      if (!(error instanceof DrError) || error.code !== 'TARGET-UNREACHABLE') throw error;
      absent.push(workload.id);
    }
  }
  return { found, absent, notes };
}

const isObjects = ({ objects }: Workload): boolean => objects !== undefined;

function objectNotes(objects: Lookup, repository: string): string[] {
  if (objects.found.length === 0)
    return [`${repository} holds no manifests of that moment: the platform gets its data tier only`];
  const folders = objects.found.filter(({ capture }) => capture.facts[OBJECTS] === undefined);
  return [
    ...objects.absent.map((id) => `${repository} holds no ${id} of that moment: the stack declares nothing of it`),
    ...folders.map(({ workload: { id } }) => `${id} was captured as a folder of files, not from a cluster's API`),
  ];
}

/** The manifest snapshots alone. */
export function resolveManifests(
  input: Omit<ResolveInput, 'workloads'>,
  plan: Plan,
): { readonly objects: ResolvedManifests[]; readonly notes: readonly string[] } {
  const looked = lookUp(input, selectWorkloads(plan, ['type:files']).filter(isObjects));
  return {
    objects: looked.found.flatMap(({ workload: { objects: part }, files: pinned }): ResolvedManifests[] =>
      part === undefined ? [] : [{ ...pinned, part }],
    ),
    notes: [...looked.notes, ...objectNotes(looked, input.repository)],
  };
}

export function resolveCaptures(input: Omit<ResolveInput, 'workloads'>, plan: Plan): ResolvedCaptures {
  const { repository } = input;
  const { objects, notes } = resolveManifests(input, plan);
  const files = lookUp(
    input,
    selectWorkloads(plan, ['type:files']).filter((workload) => !isObjects(workload)),
  );
  const empty = files.absent.length === 0 ? [] : [`${repository} holds no ${files.absent.join(', ')} of that moment`];
  return {
    objects,
    files: files.found.map(({ files: pinned }) => pinned),
    notes: [...notes, ...files.notes, ...empty],
  };
}
