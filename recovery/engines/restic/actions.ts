/** The commands of restic that `dr` runs. */
import { DrError, verificationFailed } from '../../core/errors.ts';
import { ENGINE_SAID } from '../explain.ts';
import { s3Arguments } from './location.ts';
import { parseBackupSummary, parseStatus, type Snapshot } from './output.ts';
import type { Restic } from './restic.ts';
import { filesUnreadable, parseUnread, sortUnread, type UnreadFile } from './unread.ts';

type Fraction = (fraction: number) => void;

/** Makes a missing repository. With `like` it splits files like that one, so that `copy` deduplicates. */
export async function ensureRepository(restic: Restic, like?: Restic): Promise<'made' | 'there'> {
  if (await restic.exists()) return 'there';
  if (like === undefined) await restic.run(['init', '--repository-version', '2']);
  else {
    const { args, secretEnv } = await from(like, restic);
    await restic.run(['init', '--repository-version', '2', '--copy-chunker-params', ...args], { secretEnv });
  }
  return 'made';
}

/** The second repository of a `copy`. One of the two must be a folder: two S3 repositories would share one pair of keys. */
async function from(source: Restic, target: Restic): Promise<{ args: string[]; secretEnv: Record<string, string> }> {
  const [near, far] = [source.repository.settings, target.repository.settings];
  if (near.type === 's3' && far.type === 's3') throw new Error('restic copies from or to a folder only');
  const { RESTIC_PASSWORD = '', ...access } = await source.secretEnv();
  return {
    args: ['--from-repo', source.location, ...(near.type === 's3' ? s3Arguments(near) : [])],
    secretEnv: { ...access, RESTIC_FROM_PASSWORD: RESTIC_PASSWORD },
  };
}

export interface BackupRequest {
  readonly path: string;
  readonly tags: readonly string[];
  readonly host: string;
  /**
   * The snapshot whose unchanged files are not read again. Without one every file is read, whatever its times say: restic must never look
   * for one by host, path and tags, which anybody can write into a snapshot.
   */
  readonly parent: string | undefined;
  /** Absolute paths. */
  readonly exclude?: readonly string[] | undefined;
  readonly onFraction?: Fraction;
  readonly signal?: AbortSignal | undefined;
}

export interface Backed {
  /** The beginning of its id, as restic printed it. */
  readonly snapshot: string;
  readonly bytes: number;
  readonly files: number;
  readonly added: number;
}

/** restic does not find the parent, or can't read it. */
const PARENT_GONE =
  /no matching ID|(?:parent|snapshot).*(?:not found|does not exist|invalid data)|unable to load snapshot/i;

/** A parent that was lost saves no time, and that is all. Throws as `backUpWhole` does. */
export async function backupPath(restic: Restic, request: BackupRequest): Promise<Backed> {
  try {
    return await backUpWhole(restic, request);
  } catch (error) {
    const isLost = error instanceof DrError && ENGINE_SAID.includes(error.code) && PARENT_GONE.test(error.fact);
    if (request.parent === undefined || !isLost) throw error;
    return backUpWhole(restic, { ...request, parent: undefined });
  }
}

/** restic's exit code when it has made a snapshot without some of the files. */
const INCOMPLETE = 3;
/** For files that are replaced all the time. */
const TRIES = 3;

/**
 * A file that is deleted while the folder is copied is not missing in the copy. Throws `FILES-UNREADABLE` with the names of all others that
 * could not be read: a copy must be complete.
 */
async function backUpWhole(restic: Restic, request: BackupRequest): Promise<Backed> {
  for (let left = TRIES - 1; ; left -= 1) {
    const { backed, files } = await backUpOnce(restic, request);
    const { replaced, unreadable } = await sortUnread(files);
    if (await isFaultOfParent(restic, request, unreadable)) throw parentUnreadable(restic, request);
    if (unreadable.length > 0) throw filesUnreadable(request.path, unreadable);
    if (replaced.length === 0) return backed;
    if (left === 0) throw filesUnreadable(request.path, replaced);
  }
}

/** restic counts a folder listing of the parent that it can't read as a file that it can't read. Without the parent it tells them apart. */
async function isFaultOfParent(
  restic: Restic,
  request: BackupRequest,
  unreadable: readonly UnreadFile[],
): Promise<boolean> {
  if (request.parent === undefined || !unreadable.some(({ unexplained }) => unexplained)) return false;
  const { files } = await backUpOnce(restic, { ...request, parent: undefined });
  return (await sortUnread(files)).unreadable.length === 0;
}

/** A point names that snapshot. */
function parentUnreadable({ repository: { id } }: Restic, { parent = '', path }: BackupRequest): DrError {
  return verificationFailed({
    code: 'REPOSITORY-DAMAGED',
    where: `repository ${id}`,
    fact: `the snapshot ${parent.slice(0, 8)} of ${path} can't be read there: its folder listings are missing or damaged`,
    hint: `\`dr verify --repository ${id}\` says what is lost; \`dr repository repair ${id}\`, then \`dr backup --kind full\``,
  });
}

async function backUpOnce(
  restic: Restic,
  request: BackupRequest,
): Promise<{ readonly backed: Backed; readonly files: readonly UnreadFile[] }> {
  const tags = request.tags.flatMap((tag) => ['--tag', tag]);
  const compared = request.parent === undefined ? ['--force'] : ['--parent', request.parent];
  const excluded = (request.exclude ?? []).flatMap((path) => ['--exclude', path]);
  const flags = ['--json', '--host', request.host, ...tags, ...compared, ...excluded];
  const { stdout, stderr, exitCode } = await restic.run(['backup', ...flags, request.path], {
    signal: request.signal,
    accept: [0, INCOMPLETE],
    keep: 'ends',
    env: { RESTIC_PROGRESS_FPS: '2' },
    onLine: (line, stream) => {
      const fraction = stream === 'stdout' ? parseStatus(line) : undefined;
      if (fraction !== undefined) request.onFraction?.(fraction);
    },
  });
  const summary = parseBackupSummary(stdout);
  const { snapshot_id: snapshot } = summary;
  const backed = {
    snapshot,
    bytes: summary.total_bytes_processed,
    files: summary.total_files_processed,
    added: summary.data_added,
  };
  const files = exitCode === INCOMPLETE ? parseUnread(stderr) : [];
  if (exitCode === INCOMPLETE && files.length === 0) throw incomplete(request.path, stderr);
  return { backed, files };
}

/** It lacks files, and this version can't read which. */
function incomplete(folder: string, stderr: string): DrError {
  return new DrError({
    code: 'FILES-UNREADABLE',
    where: folder,
    fact: `restic could not read some files (exit ${INCOMPLETE}): ${stderr.trim().split('\n').slice(-8).join('\n')}`,
    hint: 'give the account of `dr` the right to read them, or move them elsewhere',
  });
}

/** The snapshot that is meant among those with the run's tags: anybody who may write can put one with these tags there. */
export type IsOwn = (workload: string, snapshot: Snapshot) => boolean;

/** By each workload's id of the tree: what `copy` must have made. */
export function ofTrees(captures: readonly { readonly workload: string; readonly digest: string }[]): IsOwn {
  const trees = new Map(captures.map(({ workload, digest }) => [workload, digest]));
  return (workload, { tree }) => trees.get(workload) === tree;
}

/** The snapshots of a run by workload: one listing instead of one a workload, since each opens the repository anew. */
export async function snapshotsOfRun(
  restic: Restic,
  run: string,
  isOwn: IsOwn = () => true,
): Promise<Map<string, Snapshot>> {
  const found = await restic.snapshots({ tags: [`run=${run}`] });
  const named = found.flatMap((snapshot) => {
    const workload = snapshot.tags?.find((tag) => tag.startsWith('workload='))?.slice('workload='.length);
    return workload === undefined || !isOwn(workload, snapshot) ? [] : [[workload, snapshot] as const];
  });
  return new Map(named);
}

export function snapshotMissing(restic: Restic, workload: string): DrError {
  return new DrError({
    code: 'SNAPSHOT-MISSING',
    where: `${workload} in ${restic.repository.id}`,
    fact: 'restic ended 0 and does not list the snapshot',
    hint: `run \`dr verify --repository ${restic.repository.id}\``,
  });
}

export interface CopyRequest {
  readonly ids: readonly string[];
  /** More arguments for restic. */
  readonly flags?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** Copies snapshots from or to a folder repository. restic sends only what the target lacks. */
export async function copySnapshots(source: Restic, target: Restic, request: CopyRequest): Promise<void> {
  const { ids, signal, flags = [] } = request;
  const { args, secretEnv } = await from(source, target);
  for (let n = 0; n < ids.length; n += IDS_AT_ONCE)
    await target.run(['copy', ...args, ...flags, ...ids.slice(n, n + IDS_AT_ONCE)], { secretEnv, signal });
}

/** The length of a command line is limited. */
const IDS_AT_ONCE = 1000;

/** Removes snapshots, and all data that no snapshot needs, such as the rest of a killed backup. Needs exclusive access. */
export async function forgetSnapshots(restic: Restic, ids: readonly string[], signal?: AbortSignal): Promise<void> {
  for (let n = 0; n < ids.length; n += IDS_AT_ONCE) {
    await restic.run(['forget', ...ids.slice(n, n + IDS_AT_ONCE)], { signal });
  }
  await restic.run(['prune'], { signal });
}
