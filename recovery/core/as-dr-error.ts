/**
 * Whatever was thrown, as an error that a person can act on; what PostgreSQL's client throws is explained. A mistake in the program is
 * called one: it is not an answer of a repository or a server, must not read as "unreachable", nor leave a result that is partial without
 * a word. A run that goes on with its other parts counts it (`hasBug`) and ends with exit 1.
 */
import { AssertionError } from 'node:assert';
import { z } from 'zod';
import { loginHint } from './cause.ts';
import { codeOf, DrError, messageOf, systemError } from './errors.ts';

/** The code of a `DrError` that was a bug. */
const BUG = 'BUG';

/** A TypeError that says what a person or a network gave: not a mistake in the program. */
function isOfInput(error: TypeError): boolean {
  // `fetch failed` has the failure of the network as its cause.
  return error.cause instanceof Error || codeOf(error) === 'ERR_INVALID_URL';
}

/** The AWS SDK puts these on errors about an answer that it could not read. */
const isOfAnswer = (error: Error): boolean => '$metadata' in error || '$response' in error;

/** Only code that is wrong throws these: a value that is undefined, a name that does not exist, an assertion. */
function isProgrammingError(error: unknown): error is Error {
  if (!(error instanceof Error) || isOfAnswer(error)) return false;
  if (error instanceof TypeError) return !isOfInput(error);
  return error instanceof ReferenceError || error instanceof RangeError || error instanceof AssertionError;
}

/** With its stack, as a command shows it. */
function bugError(error: Error, where: string): DrError {
  return new DrError({
    code: BUG,
    where,
    fact: error.stack ?? error.message,
    hint: 'this is a bug in dr: please report it with these lines and the command that you typed',
    cause: error,
  });
}

export const isBug = (error: unknown): boolean =>
  isProgrammingError(error) || (error instanceof DrError && error.code === BUG);

/** Whether one of the parts of a run met a bug. */
export const hasBug = (errors: readonly (DrError | undefined)[]): boolean => errors.some(isBug);

/** First in a `catch` whose answer is weaker than an error: a finding, a warning, a line of text. */
export function rethrowBug(error: unknown): void {
  if (isBug(error)) throw error;
}

export function asDrError(error: unknown, where: string): DrError {
  if (error instanceof DrError) return error;
  if (isProgrammingError(error)) return bugError(error, where);
  const refused = systemError(error, where);
  if (refused) return refused;
  const postgres = explainPostgres(error);
  if (postgres) return postgres;
  return new DrError({
    code: 'UNEXPECTED',
    where,
    fact: messageOf(error),
    hint: 'run again with --verbose; if it happens again, this is a bug of dr',
    cause: error,
  });
}

const clientErrorSchema = z.object({
  code: z.string().default(''),
  syscall: z.string().optional(),
  address: z.string().optional(),
  /** Only in errors that the server itself sent. */
  severity: z.string().optional(),
});

/** Undefined for anything that PostgreSQL's client did not throw. */
function explainPostgres(error: unknown): DrError | undefined {
  if (!(error instanceof Error)) return undefined;
  const facts = clientErrorSchema.safeParse(error).data;
  if (facts === undefined) return undefined;
  const { code, syscall, address, severity } = facts;
  const { message } = error;
  const refused = syscall === 'connect' && address?.includes('.s.PGSQL.');
  if (refused || message === 'timeout expired' || message === 'Connection terminated unexpectedly') {
    return new DrError({
      code: 'POSTGRES-UNREACHABLE',
      where: address ?? 'postgres',
      fact: refused ? `nobody answers there (${code})` : `PostgreSQL gives no answer (${message})`,
      hint: 'see whether the server runs: `dr assess`',
      cause: error,
    });
  }
  if (severity === undefined) return undefined;
  const denied = /^28/.test(code);
  return new DrError({
    code: denied ? 'POSTGRES-DENIED' : 'POSTGRES-FAILED',
    where: 'postgres',
    fact: `${severity} ${code}: ${message}`,
    hint: denied ? loginHint(message) : 'that is the server’s own message; its log may hold more',
    cause: error,
  });
}
