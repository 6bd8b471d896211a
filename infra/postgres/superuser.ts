/** How PostgreSQL lets its superuser in over the network. Pure. */
import type { StackConfig } from '../config/types.ts';
import { CLIENTS } from '../pgbackrest/config.ts';

/** `password`: also by one, with the certificate offered already. `certificate`: by that alone. */
export type SuperuserLogin = 'password' | 'certificate';

const MAP = 'recovery';
const SUPERUSER = 'postgres';

/** pg_ident.conf: certificates that may become the superuser. A member rewinds from another one's server. */
export const SUPERUSER_MAP = [CLIENTS.superuser, CLIENTS.postgres].map((name) => `${MAP} ${name} ${SUPERUSER}`);

/** @param passwords method by which this server checks a password */
export function superuserRules(login: SuperuserLogin, passwords: 'md5' | 'scram-sha-256'): string[] {
  const method = login === 'certificate' ? `cert map=${MAP}` : passwords;
  return [`hostssl all ${SUPERUSER} all ${method}`, `host all ${SUPERUSER} all reject`];
}

type Step = Pick<StackConfig, 'role' | 'generation'>;

/** What the last `up` has declared. */
export interface HeldLogin {
  readonly generation: number;
  readonly role?: string | undefined;
  /** Absent in the outputs of early versions, whose pods have a password alone. */
  readonly superuserLogin?: SuperuserLogin | undefined;
}

/**
 * A stack whose pods know a password alone gets there by two runs of `up`: the first gives all of them the certificate, the second lets
 * nothing else in. In one run the monitor that is there would be locked out until it is replaced. A run that changes the role restarts no
 * member, and changes no rule.
 */
export function superuserLogin({ role, generation }: Step, held: HeldLogin | undefined): SuperuserLogin {
  if (held === undefined || held.superuserLogin === 'certificate') return 'certificate';
  const settled = held.role === role && held.generation === generation;
  return held.superuserLogin === 'password' && settled ? 'certificate' : 'password';
}

/** For the preview. */
export function superuserFinding(config: Step & Pick<StackConfig, 'external'>, held: HeldLogin | undefined): string[] {
  if (config.external.postgres !== undefined || superuserLogin(config, held) === 'certificate') return [];
  return [
    'PostgreSQL lets its superuser in by a password as well: this run gives the monitor and the jobs their certificate; ' +
      'run pulumi up again afterwards, and only the certificate opens it',
  ];
}
