/** What the PostgreSQL client throws, as an error that a person can act on. */
import { DrError, systemError } from './errors.ts';

export function asDrError(error: unknown, where: string): DrError {
  if (error instanceof DrError) return error;
  const refused = systemError(error, where);
  if (refused) return refused;
  const postgres = explainPostgres(error);
  if (postgres) return postgres;
  return new DrError({
    code: 'UNEXPECTED',
    where,
    fact: error instanceof Error ? error.message : String(error),
    hint: 'run again with --verbose; if it stays, this is a bug of dr',
    cause: error,
  });
}

interface ClientError extends Error {
  readonly code?: string;
  readonly syscall?: string;
  readonly address?: string;
  /** Only of errors that the server itself sent. */
  readonly severity?: string;
}

/** Undefined for anything that is not of PostgreSQL's client. */
function explainPostgres(error: unknown): DrError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = '', syscall, address, severity, message } = error as ClientError;
  const refused = syscall === 'connect' && address?.includes('.s.PGSQL.');
  if (refused || message === 'timeout expired' || message === 'Connection terminated unexpectedly') {
    return new DrError({
      code: 'POSTGRES-UNREACHABLE',
      where: address ?? 'postgres',
      fact: refused ? `nobody answers there (${code})` : message,
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
    hint: denied
      ? 'see postgres.user and postgres.password in the environment file, and pg_hba.conf'
      : 'that is the server’s own message; its log may hold more',
    cause: error,
  });
}
