/**
 * The errors that a user can meet. `exit` tells a mistake of the user from a failure of a machine. An error that is not a `DrError`
 * is a bug and is shown with its stack.
 */

/** Exit codes of the `dr` command: docs/commands.md lists them with their meaning. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  partial: 3,
  objectiveMissed: 4,
  verificationFailed: 5,
  locked: 6,
  refused: 7,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Shown as `DR-<code> <where>: <fact>` and `hint: <hint>`. `fact` quotes the actual value; neither holds a secret. */
export interface ErrorFacts {
  /** Stable, upper case, words joined by `-`: `POINT-UNKNOWN`. */
  readonly code: string;
  /** The field, step, workload or repository concerned. */
  readonly where: string;
  readonly fact: string;
  /** What to do next. */
  readonly hint: string;
  /** @default EXIT.failure */
  readonly exit?: ExitCode;
  readonly cause?: unknown;
}

/** Something that a command could not do and a person can. Its result is then partial (exit 3), and this is never left out. */
export interface Gap {
  readonly id: string;
  readonly fact: string;
  /** What a person can do about it. */
  readonly hint: string;
}

export class DrError extends Error {
  readonly code: string;
  readonly where: string;
  readonly fact: string;
  readonly hint: string;
  readonly exit: ExitCode;

  constructor(facts: ErrorFacts) {
    super(`DR-${facts.code} ${facts.where}: ${facts.fact}`, facts.cause === undefined ? {} : { cause: facts.cause });
    this.name = 'DrError';
    this.code = facts.code;
    this.where = facts.where;
    this.fact = facts.fact;
    this.hint = facts.hint;
    this.exit = facts.exit ?? EXIT.failure;
  }
}

/** Bad usage or bad configuration: exit 2, nothing was touched. */
export function badInput(facts: Omit<ErrorFacts, 'exit'>): DrError {
  return new DrError({ ...facts, exit: EXIT.usage });
}

/** A precondition is unmet (lock held, target alive, disk too small): exit 6, nothing was touched. */
export function precondition(facts: Omit<ErrorFacts, 'exit'>): DrError {
  return new DrError({ ...facts, exit: EXIT.locked });
}

/** Data is not what it must be: exit 5. */
export function verificationFailed(facts: Omit<ErrorFacts, 'exit'>): DrError {
  return new DrError({ ...facts, exit: EXIT.verificationFailed });
}

const SYSTEM: Readonly<Record<string, Pick<ErrorFacts, 'code' | 'hint'>>> = {
  ENOSPC: { code: 'DISK-FULL', hint: 'make room there and run the same command again' },
  EDQUOT: { code: 'DISK-FULL', hint: 'the quota is used up: make room and run the same command again' },
  EROFS: {
    code: 'DISK-READ-ONLY',
    hint: 'the file system is mounted read-only, often after an error of the disk: see dmesg',
  },
  EACCES: { code: 'PERMISSION-DENIED', hint: 'run `dr` as the user that owns it (usually root)' },
  EPERM: { code: 'PERMISSION-DENIED', hint: 'run `dr` as the user that owns it (usually root)' },
  EIO: { code: 'DISK-FAILED', hint: 'the disk or the network behind it fails: see dmesg; what lies there is not gone' },
  ESTALE: { code: 'DISK-FAILED', hint: 'the network file system was served anew: mount it again' },
  ELOOP: { code: 'PATH-UNCLEAR', hint: 'a link there leads back to itself: correct it' },
  ENAMETOOLONG: {
    code: 'PATH-TOO-LONG',
    hint: 'Linux takes no path of more than 4095 bytes and no name of more than 255: shorten its folders’ names, or move it out',
  },
  EMFILE: { code: 'FILES-LIMIT', hint: 'too many files are open: raise the limit (ulimit -n)' },
  ENFILE: { code: 'FILES-LIMIT', hint: 'too many files are open on this machine: raise fs.file-max' },
};

/** A program could not be started, though it is there. */
const NOT_STARTED: Readonly<Record<string, Pick<ErrorFacts, 'code' | 'hint'>>> = {
  EMFILE: { code: 'FILES-LIMIT', hint: 'too many files are open: raise the limit (ulimit -n, LimitNOFILE of a unit)' },
  ENFILE: { code: 'FILES-LIMIT', hint: 'too many files are open on this machine: raise fs.file-max' },
  EAGAIN: { code: 'PROCESS-LIMIT', hint: 'too many processes run: raise the limit (ulimit -u, TasksMax of a unit)' },
  ENOMEM: { code: 'MEMORY-FULL', hint: 'this machine has no memory left for another program' },
};

/** The limit that refused a program's start, by the system's code. Undefined for any other code. */
export function limitError(code: string, program: string, message: string): DrError | undefined {
  const known = NOT_STARTED[code];
  if (known === undefined) return undefined;
  const fact = `can't be started: ${message}`;
  return new DrError({ ...known, where: program, fact });
}

/** Characters of a path or a message: a path that is too long would fill pages. */
const LONGEST = 1000;
const SHOWN = 200;

function shortened(path: string): string {
  return path.length > LONGEST ? `${path.slice(0, SHOWN)}…${path.slice(-SHOWN)}` : path;
}

/** A refusal of the operating system that is not a bug of `dr`: full disk, no permission. Undefined for anything else. */
export function systemError(error: unknown, where: string): DrError | undefined {
  if (!hasCode(error, ...Object.keys(SYSTEM))) return undefined;
  const known = SYSTEM[error.code ?? ''];
  if (known === undefined || error.syscall === undefined) return undefined;
  const fact = error.message.length > LONGEST ? `${error.syscall}: ${error.code}` : error.message;
  return new DrError({ ...known, where: shortened(refusedPath(error) ?? where), fact, cause: error });
}

/** Refused to the target of a copy or a rename, not to the file that is read. */
const OF_TARGET = ['ENOSPC', 'EDQUOT', 'EROFS'];

/** The path that a refusal of the operating system is about. Undefined where Node does not say. */
export function refusedPath(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { path, dest } = error as NodeJS.ErrnoException & { readonly dest?: string };
  return hasCode(error, ...OF_TARGET) ? (dest ?? path) : path;
}

/** The code that the operating system (or Node) refused with, such as `ENOENT`. Undefined for an error without one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Whether the operating system (or Node) refused with one of these codes, such as `ENOENT`. */
export function hasCode(error: unknown, ...codes: readonly string[]): error is NodeJS.ErrnoException {
  const code = codeOf(error);
  return code !== undefined && codes.includes(code);
}

/** What was thrown, as text: not everything that is thrown is an Error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
