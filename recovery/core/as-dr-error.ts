/** Whatever was thrown, as an error that a person can act on; what PostgreSQL's client throws is explained. */
import { z } from 'zod';
import { loginHint } from './cause.ts';
import { DrError, messageOf, systemError } from './errors.ts';

export function asDrError(error: unknown, where: string): DrError {
  if (error instanceof DrError) return error;
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
    hint: denied ? loginHint(message) : 'that is the server’s own message; its log may hold more',
    cause: error,
  });
}
