/**
 * `pgbackrest verify` of 2.45 exits 0 whatever it finds, a wrong passphrase included: its log is what counts. It names set and file
 * (`invalid checksum '20261123-020000F/pg_data/base/5/2691.gz'`), inside of bundles too. It does not miss WAL segments (`wal.ts` does) nor
 * sets of which nothing is left (the caller does, by the results).
 */
import { STANZA } from '../../../plan/layout.ts';
import type { Repository } from '../../config/site.ts';
import { ignoring } from '../../core/absent.ts';
import { causeOf } from '../../core/cause.ts';
import { DrError, verificationFailed } from '../../core/errors.ts';
import { ENGINE_SAID } from '../explain.ts';
import type { PgBackRest } from './pgbackrest.ts';

export interface FileProblem {
  /** Empty for WAL. */
  readonly set: string;
  /** Relative to the set (`pg_data/base/5/2691.gz`); of WAL the path below the archive. */
  readonly file: string;
  /** Name of the WAL segment. */
  readonly segment?: string;
  /** pgBackRest's words: `invalid checksum`, `file missing`, … */
  readonly fact: string;
}

export interface SetResult {
  readonly set: string;
  /** `valid`, `invalid`, `manifest missing`, `in-progress`. */
  readonly status: string;
  readonly files: number;
}

export interface VerifyResult {
  readonly files: readonly FileProblem[];
  readonly sets: readonly SetResult[];
  /** Segments that were read. */
  readonly wal: number;
  /** What stopped the verification: `No usable backup.info file`. */
  readonly stopped: readonly string[];
}

const LOGGED = /^(?:\S+ \S+ )?P\d+\s+(?:INFO|WARN|ERROR):\s*(.*)$/;
const WRONG = /^(invalid checksum|file missing|invalid size|invalid result)\s+'?([^\s':]+)'?(?::\s*(.*))?$/;
const RESULT = /^\s*backup: (\S+), status: ([^,]+), total files checked: (\d+)/;
const ARCHIVE = /^\s*archiveId: \S+, total WAL checked: (\d+)/;
const STOPPED = /^\s*(No usable \S+ file.*)$/;

/** Library texts may hold bytes of the damaged file. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/g, ' ').trim();
}

function fileProblem(what: string, path: string, detail: string | undefined): FileProblem {
  const fact = detail === undefined ? what : `${what} (${printable(detail)})`;
  const [, set, file] = /^(\d{8}-\d{6}F(?:_\d{8}-\d{6}[DI])?)\/(.+)$/.exec(path) ?? [];
  if (set !== undefined && file !== undefined) return { set, file, fact };
  const segment = /\/([0-9A-F]{24})-/.exec(path)?.[1];
  return { set: '', file: path, fact, ...(segment === undefined ? {} : { segment }) };
}

/** Pure: output of `verify --verbose --output=text`. */
export function readVerifyLog(output: string): VerifyResult {
  const files: FileProblem[] = [];
  const sets = new Map<string, SetResult>();
  const stopped = new Set<string>();
  let wal = 0;
  for (const line of output.split('\n')) {
    const logged = LOGGED.exec(line)?.[1];
    if (logged !== undefined) {
      const [, what, path, detail] = WRONG.exec(logged) ?? [];
      if (what !== undefined && path !== undefined) files.push(fileProblem(what, path, detail));
      continue;
    }
    const [, set, status, count] = RESULT.exec(line) ?? [];
    if (set !== undefined && status !== undefined) sets.set(set, { set, status, files: Number(count) });
    const [, segments] = ARCHIVE.exec(line) ?? [];
    // The same results stand in the log and on stdout.
    if (segments !== undefined) wal = Math.max(wal, Number(segments));
    const [, why] = STOPPED.exec(line) ?? [];
    if (why !== undefined) stopped.add(why);
  }
  return { files, sets: [...sets.values()], wal, stopped: [...stopped] };
}

/**
 * Reads everything of the lineage in one repository; needs no write access. Ask `info` first: it tells a wrong passphrase from a
 * damaged repository.
 * @param options.set only this set with all that it is built on, and the WAL that makes it consistent; pgBackRest 2.55 or newer
 */
export async function verifySets(
  pg: PgBackRest,
  repository: Repository,
  { set, signal }: { readonly set?: string; readonly signal?: AbortSignal | undefined } = {},
): Promise<VerifyResult> {
  // One more try at once is enough: S3 calls are repeated below this, and a damaged file stays damaged after 15 seconds.
  const retry = ['--job-retry=1', '--job-retry-interval=1'];
  const args = [
    `--repo=${pg.number(repository)}`,
    '--verbose',
    '--output=text',
    '--log-level-console=info',
    ...retry,
    ...(set === undefined ? [] : [`--set=${set}`]),
  ];
  const { stdout, stderr, exitCode } = await pg.run('verify', args, { accept: 'any', signal });
  const result = readVerifyLog(`${stdout}\n${stderr}`);
  if (exitCode !== 0 || (result.sets.length === 0 && result.stopped.length === 0 && result.wal === 0)) {
    const lines = `${stdout}${stderr}`.trim().split('\n');
    const errors = lines.filter((line) => /\b(?:ERROR|ASSERT): /.test(line));
    const said = printable((errors.length > 0 ? errors : lines.slice(-3)).join(' '));
    throw verificationFailed({
      code: 'VERIFY-ENGINE',
      where: `pgbackrest verify (${repository.id})`,
      fact: `${causeOf(said) === 'damaged' ? 'it met a file that is damaged, or of another repository, and verified nothing else' : 'no results'}; it ended ${exitCode}: ${said}`,
      hint: 'its message above is pgBackRest’s own; `dr assess` says whether the repository answers',
    });
  }
  return result;
}

const INFO_FILES = ['backup', 'archive'].flatMap((kind) => {
  const file = `${kind}/${STANZA}/${kind}.info`;
  return [file, `${file}.copy`];
});

/**
 * Does the lineage's passphrase open any of its four info files? Decryption of one damaged file fails just like a wrong passphrase;
 * four at once don't.
 */
export async function opensAnyInfo(pg: PgBackRest, repository: Repository): Promise<boolean> {
  for (const file of INFO_FILES) {
    const args = [`--repo=${pg.number(repository)}`, '--log-level-console=off', '--ignore-missing', file];
    const { stdout } = await pg.run('repo-get', args, { accept: 'any' });
    // A wrong passphrase gives garbage once in 256 times.
    if (/\[backrest\]|backrest-checksum/.test(stdout)) return true;
  }
  return false;
}

/** `pg_data/base/5/2691.gz: invalid checksum`, the first twenty of them. */
export function describeFiles(files: readonly FileProblem[]): string {
  const shown = files.slice(0, 20).map(({ file, fact }) => `${file}: ${fact}`);
  const more = files.length > shown.length ? [`and ${files.length - shown.length} more`] : [];
  return [...shown, ...more].join('\n');
}

export interface FailedRestore {
  readonly repository: Repository;
  /** Label of the set. */
  readonly set: string;
  readonly error: unknown;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A failed restore says `zlib threw error` and names no file. This reads the lineage and gives an error that does, or the given one
 * when nothing is found.
 */
export async function explainFailedRestore(pg: PgBackRest, failed: FailedRestore): Promise<unknown> {
  const { repository, set, error, signal } = failed;
  const damage = /FormatError|CryptoError|ChecksumError|FileMissingError|FileReadError|unexpected eof|checksum/i;
  if (!(error instanceof DrError)) return error;
  // The first byte of an encrypted file flipped looks like a wrong passphrase, which has opened the lineage a moment ago.
  const likeWrong =
    error.code === 'PASSPHRASE-WRONG' &&
    (await opensAnyInfo(pg, repository).catch(ignoring('the first error says more')));
  if (!likeWrong && (!ENGINE_SAID.includes(error.code) || !damage.test(error.fact))) return error;
  const result = await verifySets(pg, repository, { signal }).catch(ignoring('the first error says more'));
  if (result === undefined || result.files.length === 0) return error;
  const [full] = set.split('_');
  const own = result.files.filter((file) => file.set.startsWith(full ?? set));
  const files = own.length > 0 ? own : result.files;
  const named = files.map((file) => ({ ...file, file: file.set === '' ? file.file : `${file.set}/${file.file}` }));
  return new DrError({
    code: 'SET-DAMAGED',
    where: `set ${set} in ${repository.id}`,
    fact: `${named.length === 1 ? 'a file is' : `${named.length} files are`} damaged there:\n${describeFiles(named)}`,
    hint: 'restore from another repository with --from, or from a point of another full set (`dr points`)',
    cause: error,
  });
}
