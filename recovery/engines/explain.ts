/** An engine's failure as an error whose first line is its cause. */
import { tmpdir } from 'node:os';
import { type Cause, causeOf, loginHint, readable, refusalIn } from '../core/cause.ts';
import { badInput, DrError, precondition, verificationFailed } from '../core/errors.ts';

export interface Explained {
  /** `repository primary` */
  readonly where: string;
  /** Ids of the repositories that were asked, for hints. */
  readonly repositories: readonly string[];
  /** Whether the engine talks to S3: a file that is cut short is damage in a folder, and a dead connection in S3. */
  readonly remote: boolean;
  /** What does not open with which passphrase. */
  readonly passphrase: string;
}

const FROM = 'run the same command again when it answers, or name another repository with --from';

/** pgBackRest's and restic's words for the file that found no room: it may be the target of a restore as well as the repository. */
const NO_ROOM =
  /'(\/[^'\n]+)': \[(?:28|30|122)\]|\w+ (\/[^:\n]+): (?:no space left on device|disk quota exceeded|read-only file system)/i;

function fullPlace(said: string): string | undefined {
  const found = NO_ROOM.exec(said);
  return found?.[1] ?? found?.[2];
}

/** Both engines write files of a moment there. */
function isTemporary(place: string | undefined): boolean {
  return place?.startsWith(`${tmpdir()}/`) === true;
}

type Build = (error: DrError, about: Explained) => DrError;

/** With the engine's own words below the cause. */
function saying(cause: string, error: DrError): string {
  return `${cause}\n${readable(error.fact)}`;
}

const BUILD: Readonly<Partial<Record<Cause, Build>>> = {
  denied: (error, { where, repositories }) =>
    new DrError({
      code: 'REPOSITORY-DENIED',
      where,
      fact: saying(`access denied${refusalIn(error.fact) ? ` (${refusalIn(error.fact)})` : ''}`, error),
      hint: `check the access keys of ${repositories.join(', ')}, their policy, and who may read the files: the backups are intact; or name another repository with --from`,
      cause: error,
    }),
  missing: (error, { where }) =>
    new DrError({
      code: 'REPOSITORY-MISSING',
      where,
      fact: saying('there is no such bucket', error),
      hint: 'correct bucket and endpoint in the environment file; another repository can be named by --from',
      cause: error,
    }),
  newer: (error, { where }) =>
    badInput({
      code: 'FORMAT-NEWER',
      where,
      fact: saying('it was written by a newer version of the engine', error),
      hint: 'install that version on this host (`dr doctor` shows what is here): the copy is intact',
      cause: error,
    }),
  passphrase: (error, { where, passphrase, repositories }) =>
    badInput({
      code: 'PASSPHRASE-WRONG',
      where,
      fact: passphrase,
      hint: `the copy is probably intact: put the right passphrase into repositories.${repositories[0] ?? '*'}.passphrases of the environment file`,
      cause: error,
    }),
  full: (error, { where }) =>
    new DrError({
      code: 'DISK-FULL',
      where: fullPlace(error.fact) ?? where,
      fact: saying('no room is left', error),
      hint: isTemporary(fullPlace(error.fact))
        ? 'make room there, or name another folder: TMPDIR=/var/tmp dr …'
        : 'make room and run the same command again: it resumes where it stopped',
      cause: error,
    }),
  'read-only': (error, { where }) =>
    new DrError({
      code: 'DISK-READ-ONLY',
      where: fullPlace(error.fact) ?? where,
      fact: saying('its file system is mounted read-only', error),
      hint: isTemporary(fullPlace(error.fact))
        ? 'mount it for writing, or name another folder: TMPDIR=/var/tmp dr …'
        : 'mount it for writing; often an error of the disk has made it so: see dmesg',
      cause: error,
    }),
  busy: (error, { where }) =>
    precondition({
      code: 'REPOSITORY-BUSY',
      where,
      fact: saying('another run works there', error),
      hint: 'wait for it. A restic lock of a dead process on another host expires after 30 minutes',
      cause: error,
    }),
  away: (error, { where }) =>
    new DrError({
      code: 'REPOSITORY-UNREACHABLE',
      where,
      fact: saying('nobody answers', error),
      hint: FROM,
      cause: error,
    }),
  untrusted: (error, { where, repositories }) =>
    new DrError({
      code: 'REPOSITORY-UNREACHABLE',
      where,
      fact: saying('its certificate is not trusted', error),
      hint: /find hostname/.test(error.fact)
        ? `pgBackRest compares names, never addresses: write a name that the certificate holds into repositories.${repositories[0] ?? '*'}.endpoint`
        : `name the PEM file of the certificate authority: repositories.${repositories[0] ?? '*'}.ca of the environment file`,
      cause: error,
    }),
  files: (error, { where }) =>
    new DrError({
      code: 'FILES-LIMIT',
      where,
      fact: saying('too many files are open on this host', error),
      hint: 'raise the limit (ulimit -n, LimitNOFILE of a unit), then run the same command again; the copy is intact',
      cause: error,
    }),
  slow: (error, { where }) =>
    new DrError({
      code: 'REPOSITORY-UNREACHABLE',
      where,
      fact: saying('it answers too slowly, or not at all', error),
      hint: FROM,
      cause: error,
    }),
};

/** libpq's own words: not the repository, but the database server refuses, or does not answer. */
const SERVER = /DbConnectError|connection to server|unable to connect to 'dbname=/;

function aboutServer(cause: Cause, error: DrError): DrError {
  if (cause === 'untrusted')
    return new DrError({
      code: 'POSTGRES-UNREACHABLE',
      where: 'postgres',
      fact: saying('PostgreSQL’s certificate is not trusted', error),
      hint: 'name the PEM file of the certificate authority: postgres.tls.ca of the environment file',
      cause: error,
    });
  const isDenied = cause === 'denied';
  return new DrError({
    code: isDenied ? 'POSTGRES-DENIED' : 'POSTGRES-UNREACHABLE',
    where: 'postgres',
    fact: saying(isDenied ? 'PostgreSQL refuses the login' : 'PostgreSQL does not answer', error),
    hint: isDenied ? loginHint(error.fact) : 'see whether the server runs: `dr assess`',
    cause: error,
  });
}

/** The operating system refuses a file of a folder repository. */
export function asDenied(error: DrError, about: Explained): DrError {
  return BUILD.denied?.(error, about) ?? error;
}

/** Data is not what was written: exit 5 in each command, and never "not reached". Without pages of noise, and with the cause in front. */
export function asDamage(error: DrError, where: string): DrError {
  return verificationFailed({
    code: 'REPOSITORY-DAMAGED',
    where,
    fact: saying('a file of the repository is damaged', error),
    hint: '`dr verify` names what is damaged and who else holds it; restore from another repository with --from',
    cause: error,
  });
}

/** Codes under which an engine may report damage that its caller looks into. */
export const ENGINE_SAID: readonly string[] = ['ENGINE-FAILED', 'REPOSITORY-DAMAGED'];

/** The error with its cause, or the given one where that is not known, or is damage, which its caller looks into. */
export function explainEngine(error: unknown, about: Explained): unknown {
  if (!(error instanceof DrError) || !['ENGINE-FAILED', 'ENGINE-STALLED', 'ENGINE-TIMEOUT'].includes(error.code))
    return error;
  const cause = error.code === 'ENGINE-FAILED' ? causeOf(error.fact) : 'slow';
  if (cause !== undefined && SERVER.test(error.fact) && ['denied', 'away', 'slow', 'untrusted'].includes(cause))
    return aboutServer(cause, error);
  if (cause === undefined || (!about.remote && ['away', 'slow', 'untrusted'].includes(cause))) return error;
  return BUILD[cause]?.(error, about) ?? error;
}
