/** Which files of which snapshots are lost with damaged packs. */
import pMap from 'p-map';
import { z } from 'zod';
import type { RunOptions } from '../../core/process.ts';
import type { Restic } from './restic.ts';

export interface SnapshotRef {
  readonly id: string;
  /** Id of its root folder. */
  readonly tree: string;
}

export interface Loss {
  /** Id of the snapshot. */
  readonly snapshot: string;
  /** Its root folder can't be read: nothing of it can be restored. */
  readonly whole: boolean;
  /** Files, and folders with all that is in them (these end with `/`). */
  readonly paths: readonly string[];
}

const indexSchema = z.object({
  packs: z.array(
    z.object({ id: z.string(), blobs: z.array(z.object({ id: z.string(), type: z.enum(['data', 'tree']) })) }),
  ),
});

interface Blobs {
  readonly data: readonly string[];
  readonly tree: readonly string[];
}

const AT_ONCE = 4;
/** Ids in one command line. */
const CHUNK = 500;

/** The content of the packs by the index. The packs themselves may be lost. */
async function blobsOf(restic: Restic, packs: readonly string[]): Promise<Blobs> {
  const left = new Set(packs);
  const found: { id: string; type: 'data' | 'tree' }[] = [];
  const { stdout } = await restic.run(['list', 'index', '--quiet']);
  const files = stdout.split('\n').filter((id) => /^[0-9a-f]{64}$/.test(id));
  await pMap(
    files,
    async (file) => {
      if (left.size === 0) return;
      const text = await restic.run(['cat', 'index', file, '--quiet'], { accept: [0, 1] });
      const index = text.exitCode === 0 ? indexSchema.safeParse(JSON.parse(text.stdout)).data : undefined;
      for (const pack of index?.packs ?? []) if (left.delete(pack.id)) found.push(...pack.blobs);
    },
    { concurrency: AT_ONCE },
  );
  const ids = (type: 'data' | 'tree') => [...new Set(found.filter((b) => b.type === type).map((b) => b.id))];
  return { data: ids('data'), tree: ids('tree') };
}

/** Pure: the text of `restic find --blob` and `--tree`. Snapshot (first 8 digits) → paths. */
export function readFound(text: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  let path: string | undefined;
  for (const line of text.split('\n')) {
    const file = /^ \.\.\. in file (.+)$/.exec(line)?.[1];
    const folder = /^ \.\.\. path (.+)$/.exec(line)?.[1];
    if (file !== undefined) path = file;
    if (folder !== undefined) path = `${folder.replace(/\/+$/, '')}/`;
    const snapshot = /^ \.\.\. in snapshot ([0-9a-f]{8})/.exec(line)?.[1];
    if (snapshot === undefined || path === undefined) continue;
    found.set(snapshot, (found.get(snapshot) ?? new Set()).add(path));
    path = undefined;
  }
  return found;
}

/** Ends at the first folder that restic begins to retry, and returns what was found until then. */
async function find(restic: Restic, args: readonly string[], signal: AbortSignal | undefined): Promise<string> {
  const enough = new AbortController();
  const lines: string[] = [];
  const onLine: RunOptions['onLine'] = (line, stream) => {
    if (stream === 'stdout') lines.push(line);
    else if (/ returned error, retrying/.test(line)) enough.abort();
  };
  try {
    const either = signal ? AbortSignal.any([signal, enough.signal]) : enough.signal;
    await restic.run(['find', ...args], { accept: [0, 1], signal: either, onLine });
  } catch (error) {
    if (!enough.signal.aborted || signal?.aborted === true) throw error;
  }
  return lines.join('\n');
}

function chunks<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / CHUNK) }, (_, i) => all.slice(i * CHUNK, (i + 1) * CHUNK));
}

/** The snapshots that lost something by these packs and folders. */
export async function lossOf(
  restic: Restic,
  damage: { readonly packs: readonly string[]; readonly trees: readonly string[] },
  snapshots: readonly SnapshotRef[],
  signal?: AbortSignal,
): Promise<Loss[]> {
  const blobs = damage.packs.length > 0 ? await blobsOf(restic, damage.packs) : { data: [], tree: [] };
  const trees = [...new Set([...blobs.tree, ...damage.trees])];
  const isLost = ({ tree }: SnapshotRef): boolean => trees.some((id) => tree.startsWith(id));
  const whole = snapshots.filter(isLost).map(({ id }): Loss => ({ snapshot: id, whole: true, paths: [] }));
  const rest = snapshots.filter((snapshot) => !isLost(snapshot));
  if (rest.length === 0) return whole;
  const paths = new Map<string, Set<string>>();
  for (const [flag, ids] of [
    ['--blob', blobs.data],
    ['--tree', trees],
  ] as const) {
    for (const some of chunks(ids)) {
      const within = rest.length > CHUNK ? [] : rest.flatMap(({ id }) => ['--snapshot', id]);
      const text = await find(restic, [...within, flag, ...some], signal);
      for (const [snapshot, found] of readFound(text))
        paths.set(snapshot, new Set([...(paths.get(snapshot) ?? []), ...found]));
    }
  }
  const partly = rest.flatMap(({ id }): Loss[] => {
    const found = paths.get(id.slice(0, 8));
    return found === undefined ? [] : [{ snapshot: id, whole: false, paths: [...found].sort() }];
  });
  return [...whole, ...partly];
}
