/** A failure of pgBackRest in the words of `dr`: whose fault it is, and what to type. */
import type { Repository } from '../../config/site.ts';
import { causeOf } from '../../core/cause.ts';
import { badInput, DrError } from '../../core/errors.ts';
import { proxyFor } from '../../storage/s3/proxy.ts';
import { asDamage, asDenied, explainEngine } from '../explain.ts';

/**
 * With a wrong passphrase pgBackRest 2.45 finds noise where it expects its files: `CryptoError: unable to flush` (29, 95), or a
 * FormatError in the first line of an info file and of its copy. Damage in the middle of a file reads otherwise (ChecksumError).
 */
const NOISE =
  /CryptoError|cipher header invalid|unable to flush|is cipher-pass correct|(?:FormatError: .* at line 1:[\s\S]*){2}/;

/** The server with the data files is on another host and does not answer. */
const SERVER_UNREACHABLE = /unable to check pg1: \[(?!Db)\w+Error\]/;

/** `2026-11-30 12:40:08.149 P00  ERROR: [087]: ` → `ERROR: [087]: ` */
const LOG_TIME = /\b\d{4}-\d\d-\d\d [\d:.]+ P\d\d +(?=ERROR|WARN)/g;

/** Before the first `dr init`, or after somebody has switched it off. */
const NOT_ARCHIVING = /archive_mode must be enabled|archive_command '.*' must contain/;

const throughProxy = ({ settings }: Repository): boolean =>
  settings.type === 's3' && proxyFor(settings.endpoint) !== undefined;

/** Without the times of its log, and with the name of `dr init` where PostgreSQL does not archive. */
function plain(error: DrError): DrError {
  const { code, where, exit, cause } = error;
  const hint = NOT_ARCHIVING.test(error.fact)
    ? 'PostgreSQL ships no WAL: run `dr init --restart`, which restarts it once if archive_mode needs that, then the same command again'
    : error.hint;
  return new DrError({ code, where, exit, hint, fact: error.fact.replace(LOG_TIME, ''), cause });
}

export interface FailedScope {
  readonly lineage: string;
  readonly repositories: readonly Repository[];
  /** Name of the passphrase that was used. */
  readonly passphrase?: string | undefined;
}

/** A file of the repository, not one of the database. */
function isRefusedIn(settings: Repository['settings'], fact: string): boolean {
  return settings.type === 'posix' && /\[13\] Permission denied/.test(fact) && fact.includes(`'${settings.path}/`);
}

/** `args` name the repository that was asked; without `--repo` it is each of the scope. Other errors pass through. */
export function explained(failure: unknown, scope: FailedScope, args: readonly string[]): unknown {
  if (!(failure instanceof DrError) || !['ENGINE-FAILED', 'ENGINE-STALLED'].includes(failure.code)) return failure;
  const error = plain(failure);
  const number = args.map((arg) => /^--repo=(\d+)$/.exec(arg)?.[1]).find((found) => found !== undefined);
  const asked = scope.repositories.filter((_, i) => number === undefined || i + 1 === Number(number));
  const where = `repository ${asked.map((r) => r.id).join(', ')}`;
  if (SERVER_UNREACHABLE.test(error.fact)) {
    return new DrError({
      code: 'POSTGRES-FILES-UNREACHABLE',
      where: 'postgres.tls',
      fact: error.fact,
      hint: 'see whether pgBackRest’s server beside PostgreSQL runs, knows this certificate, and is a leader’s',
      cause: error,
    });
  }
  if (error.code === 'ENGINE-STALLED') {
    return new DrError({
      code: 'REPOSITORY-UNREACHABLE',
      where,
      fact: error.fact,
      hint: 'run the same command again when it answers, or name another repository with --from',
      cause: error,
    });
  }
  const names = asked.map(({ settings }) => `"${scope.passphrase ?? settings.passphrases[0]?.name}"`);
  const passphrase = `its pgBackRest files (${scope.lineage}) do not open with the passphrase ${[...new Set(names)].join(', ')}`;
  const about = {
    where,
    repositories: asked.map(({ id }) => id),
    // For a repository that does not answer its last line says that the set "is not valid": that is not damage.
    remote: asked.some((r) => r.settings.type === 's3'),
    passphrase,
  };
  if (asked.some(({ settings }) => isRefusedIn(settings, error.fact))) return asDenied(error, about);
  const known = explainEngine(error, about);
  if (known instanceof DrError && known.code === 'REPOSITORY-UNREACHABLE' && asked.some(throughProxy)) {
    const hint =
      'pgBackRest knows no proxy, and HTTPS_PROXY leads to this endpoint: open a direct way, and name it in NO_PROXY';
    return new DrError({ code: known.code, where, fact: known.fact, hint, cause: error });
  }
  if (known !== error) return known;
  if (!NOISE.test(error.fact)) return causeOf(error.fact) === 'damaged' ? asDamage(error, where) : error;
  return badInput({
    code: 'PASSPHRASE-WRONG',
    where,
    fact: passphrase,
    hint: 'the copy is probably intact: name the right passphrase in the environment file (repositories.*.passphrases)',
    cause: error,
  });
}

export function infoError(repository: Repository, message: string): DrError {
  return new DrError({
    code: 'ENGINE-FAILED',
    where: `pgbackrest info (${repository.id})`,
    fact: message,
    hint: 'see whether the repository answers: `dr assess`',
  });
}
