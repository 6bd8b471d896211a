/** The commands of restic that `dr` runs. */
import { DrError } from '../../core/errors.ts';
import type { RunOptions } from '../../core/process.ts';
import { checkRepository } from './check.ts';
import { s3Arguments } from './location.ts';
import { lossOf } from './loss.ts';
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
    const isLost = error instanceof DrError && error.code === 'ENGINE-FAILED' && PARENT_GONE.test(error.fact);
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
    if (unreadable.length > 0) throw filesUnreadable(request.path, unreadable);
    if (replaced.length === 0) return backed;
    if (left === 0) throw filesUnreadable(request.path, replaced);
  }
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

/** Of a workload's snapshots with the run's tags, the one that is meant: anybody who may write can put one with these tags there. */
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

export interface RestoreSnapshot {
  readonly snapshot: string;
  readonly folder: string;
  readonly include?: string;
  readonly onLine?: RunOptions['onLine'];
  readonly signal?: AbortSignal | undefined;
}

/** restic tries ten times, for 45 seconds, to read each missing pack. */
const GONE = /returned error, retrying.*(?:no such file or directory|does not exist|NoSuchKey)/;

/**
 * Lays a snapshot down below `folder`, each file checked against its hash (`--verify`). Throws `SNAPSHOT-DAMAGED` (exit 1) with the
 * paths that could not be restored; it does not wait for the rest when packs are missing.
 */
export async function restoreSnapshot(restic: Restic, request: RestoreSnapshot): Promise<void> {
  const { signal } = request;
  const include = request.include === undefined ? [] : ['--include', request.include];
  const args = ['restore', request.snapshot, '--target', request.folder, '--verify', ...include];
  const gone = new AbortController();
  const onLine: RunOptions['onLine'] = (line, stream) => {
    if (GONE.test(line)) gone.abort();
    request.onLine?.(line, stream);
  };
  const either = signal ? AbortSignal.any([signal, gone.signal]) : gone.signal;
  const result = await restic.run(args, { accept: 'any', signal: either, onLine }).catch((error: unknown) => {
    if (!gone.signal.aborted || signal?.aborted === true) throw error;
    return undefined;
  });
  if (result === undefined) throw await packsMissing(restic, request);
  if (result.exitCode === 0 && !/^There were \d+ errors/m.test(result.stderr)) return;
  const lines = `${result.stderr}\n${result.stdout}`.split('\n');
  const lost = lines.filter((line) =>
    /^ignoring error for|error for \/|Load\(|does not exist|not found|ciphertext/.test(line),
  );
  if (result.exitCode !== 0 && lost.length === 0) {
    // Not about single files: let the runner explain it (passphrase, reachability, disk).
    await restic.run(args, { signal });
    return;
  }
  throw snapshotDamaged(restic, request.snapshot, lostPaths(lost));
}

async function packsMissing(restic: Restic, { snapshot, signal }: RestoreSnapshot): Promise<DrError> {
  const [found] = await restic.snapshots({ ids: [snapshot] });
  const { packs, trees } = await checkRepository(restic, { percent: 0, signal });
  const damage = { packs: packs.map(({ pack }) => pack), trees };
  const [loss] = found === undefined ? [] : await lossOf(restic, damage, [found], signal);
  const all = `everything below ${found?.paths.join(', ') ?? 'its root'}`;
  const paths = loss === undefined || loss.whole ? [all] : loss.paths;
  return snapshotDamaged(restic, snapshot, paths);
}

const SHOWN = 50;

function snapshotDamaged(restic: Restic, snapshot: string, paths: readonly string[]): DrError {
  const more = paths.length > SHOWN ? `\nand ${paths.length - SHOWN} more` : '';
  return new DrError({
    code: 'SNAPSHOT-DAMAGED',
    where: `snapshot ${snapshot.slice(0, 8)} in ${restic.repository.id}`,
    fact: `${paths.length === 1 ? 'this path is' : `these ${paths.length} paths are`} lost there:\n${paths.slice(0, SHOWN).join('\n')}${more}`,
    hint: 'restore from another repository with --from, or from an older point; `dr verify` says what else is damaged',
  });
}

/** `ignoring error for /a/b: …` → `/a/b`. Lines without a path stay as they are. */
function lostPaths(lines: readonly string[]): string[] {
  const paths = lines.map((line) => /error for (\/.*?): /.exec(line)?.[1] ?? line.trim());
  return [...new Set(paths)];
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
