/** Lays snapshots down, and names the paths of those that are damaged. */
import { DrError } from '../../core/errors.ts';
import type { RunOptions } from '../../core/process.ts';
import { checkRepository } from './check.ts';
import { lossOf } from './loss.ts';
import type { Restic } from './restic.ts';

export interface RestoreSnapshot {
  readonly snapshot: string;
  readonly folder: string;
  /** Patterns of restic: a name matches anywhere below. @default all */
  readonly include?: string | readonly string[];
  readonly onLine?: RunOptions['onLine'];
  readonly signal?: AbortSignal | undefined;
}

/** restic tries ten times, for 45 seconds, to read each missing pack, and in a folder each one that is cut short. */
const RETRY = /returned error, retrying/;
const GONE = /returned error, retrying.*(?:no such file or directory|does not exist|NoSuchKey)/;
const GONE_IN_FOLDER = /returned error, retrying.*: (?:ReadFull: )?EOF$/;

/**
 * Lays a snapshot down below `folder`, each file checked against its hash (`--verify`). Throws `SNAPSHOT-DAMAGED` (exit 1) with the
 * paths that could not be restored; it does not wait for the rest when packs are missing.
 */
export async function restoreSnapshot(restic: Restic, request: RestoreSnapshot): Promise<void> {
  const { signal } = request;
  const include = [request.include ?? []].flat().flatMap((pattern) => ['--include', pattern]);
  const args = ['restore', request.snapshot, '--target', request.folder, '--verify', ...include];
  const gone = new AbortController();
  const isFolder = restic.repository.settings.type === 'posix';
  const onLine: RunOptions['onLine'] = (line, stream) => {
    if (GONE.test(line) || (isFolder && GONE_IN_FOLDER.test(line))) gone.abort();
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
  const lost = lines.filter(
    (line) =>
      !RETRY.test(line) && /^ignoring error for|error for \/|Load\(|does not exist|not found|ciphertext/.test(line),
  );
  if (result.exitCode !== 0 && lost.length === 0) {
    // Not about single files: let the runner explain it (passphrase, reachability, disk).
    await restic.run(args, { signal });
    return;
  }
  const refused = lost.filter((line) => isRefusal(line, request.folder));
  const isFull = refused.some((line) => FULL.test(line));
  const others = lost.filter((line) => !refused.includes(line) && !(refused.length > 0 && WITHOUT_FILE.test(line)));
  if (isFull || others.length === 0) throw targetRefuses(request.folder, refused, isFull);
  throw snapshotDamaged(restic, request.snapshot, lostPaths(others));
}

const FULL = /: (?:no space left on device|disk quota exceeded)$/;
const REFUSED =
  /: (?:file name too long|read-only file system|operation not (?:permitted|supported)|permission denied|too many links)$/;

/** What was refused has no times to be set. */
const WITHOUT_FILE = /: UtimesNano: no such file or directory$/;

/** The words of the file system that the copy is laid down on: the snapshot is whole. Repositories are folders, too. */
function isRefusal(line: string, folder: string): boolean {
  if (!FULL.test(line) && !REFUSED.test(line)) return false;
  // Where the target is not there yet, restic makes the folders above it.
  const [, path = ''] = / (\/[^:]*): [^:]*$/.exec(line) ?? [];
  const isAbove = path !== '' && `${folder}/`.startsWith(`${path}/`);
  return isAbove || line.includes(` ${folder}/`) || /: UtimesNano: /.test(line);
}

function targetRefuses(folder: string, lines: readonly string[], isFull: boolean): DrError {
  const said = [...new Set(lines.map((line) => line.replace(/^ignoring error for \/.*?: /, '')))];
  const first = said.find((line) => !isFull || FULL.test(line)) ?? '';
  const more = said.length > 1 ? `; and ${said.length - 1} more like this` : '';
  return new DrError({
    code: isFull ? 'DISK-FULL' : 'TARGET-REFUSES',
    where: folder,
    fact: `${isFull ? 'no room is left' : 'the file system of the target does not take this'}: ${first}${more}`,
    hint: isFull
      ? 'make room and run the same command again: it resumes where it stopped'
      : 'the copy is whole: name a folder that can be written, with a shorter path or on another file system, and run the same command again',
  });
}

/** A path that no snapshot holds: then `ls` reads the index and the root of the snapshot, and nothing else. */
const NOWHERE = '/.dr-reads-the-root';

/**
 * Whether restic finds what the snapshot names: with its index damaged or gone it finds nothing. Throws `REPOSITORY-DAMAGED`. Packs that
 * are missing are not looked for: the restore names their paths.
 */
export async function readRoot(restic: Restic, snapshot: string, signal?: AbortSignal): Promise<void> {
  const enough = new AbortController();
  const onLine: RunOptions['onLine'] = (line) => {
    if (RETRY.test(line)) enough.abort();
  };
  const either = signal ? AbortSignal.any([signal, enough.signal]) : enough.signal;
  try {
    await restic.run(['ls', '--quiet', snapshot, NOWHERE], { signal: either, onLine });
  } catch (error) {
    if (!enough.signal.aborted || signal?.aborted === true) throw error;
  }
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
