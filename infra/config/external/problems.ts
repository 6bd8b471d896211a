/** What the keys `external` and `externalPasswords` can't say together. Pure. */
import type { ConfigProblem } from '../problems.ts';
import type { Plain, Secret } from '../schema.ts';
import { STORES } from './schema.ts';

/** A standby follows files and WAL, which an external server does not give; a password belongs to a server. */
export function externalProblems({ external = {}, role }: Plain, { externalPasswords = {} }: Secret): ConfigProblem[] {
  const named = STORES.filter((store) => external[store] !== undefined);
  const problems: ConfigProblem[] = [];
  if (role === 'standby' && named.length > 0) {
    const fact = `names ${named.join(' and ')}, and role is "standby": a standby follows the files of a server of ours`;
    problems.push({ path: ['external'], fact, hint: 'leave it out, or make a stack of role recovery from the copies' });
  }
  if (external.postgres !== undefined && externalPasswords.postgres === undefined) {
    const hint = "pulumi config set --secret --path 'externalPasswords.postgres' …";
    problems.push({ path: ['externalPasswords', 'postgres'], fact: 'is missing, and external.postgres is set', hint });
  }
  const { postgres, redis } = external;
  if (postgres !== undefined && postgres.host === redis?.host && postgres.port === redis.port) {
    const fact = `${redis.host}:${redis.port} is external.postgres too: one address can't be both`;
    problems.push({ path: ['external', 'redis'], fact, hint: 'correct host or port of one of them' });
  }
  for (const store of STORES) {
    const { tls, ca, onRecovery } = external[store] ?? {};
    if (ca !== undefined && tls !== 'verify-full')
      problems.push({
        path: ['external', store, 'ca'],
        fact: `is not asked with tls "${tls}"`,
        hint: 'write tls: verify-full, or leave ca out',
      });
    if (onRecovery !== undefined && onRecovery !== 'keep' && role !== 'recovery')
      problems.push({
        path: ['external', store, 'onRecovery'],
        fact: `is "${onRecovery}", and role is "${role}": nothing is restored into it`,
        hint: 'leave it out; it is for role recovery',
      });
    if (external[store] === undefined && externalPasswords[store] !== undefined)
      problems.push({
        path: ['externalPasswords', store],
        fact: `is set, and external.${store} is not`,
        hint: 'name the server, or remove the password',
      });
  }
  return problems;
}
