/** What an adoption puts on the source, and finds there again. */

/** Role by which the stack's members replicate, as Patroni's configuration has it. */
export const REPLICATOR = 'replicator';
/** As which the account of the members' containers administers its server. */
export const SUPERUSER = 'postgres';

/** Comment on a role that was made for an adoption. */
export const roleMark = (stack: string): string => `go-coffee-dr adopt: stack ${stack}`;

/** A slot's name has only small letters, digits and `_`. */
export function slotName(stack: string): string {
  return `dr_adopt_${stack.toLowerCase().replaceAll(/[^a-z0-9]/g, '_')}`.slice(0, 63);
}

/** `postgres.adopt.settings`: a standby refuses to start with less than its source has. */
export const STANDBY_SETTINGS = [
  'max_connections',
  'max_worker_processes',
  'max_wal_senders',
  'max_prepared_transactions',
  'max_locks_per_transaction',
] as const;
