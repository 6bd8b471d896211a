/** Whether a pg_hba.conf lets a member replicate: the first line that matches decides, as in the server. */
import { expect, test } from 'vitest';
import type { HbaRule } from '../../../recovery/adopt/postgres/facts.ts';
import { replicationVerdict } from '../../../recovery/adopt/postgres/hba.ts';

const rule = (line: number, given: Partial<HbaRule>): HbaRule => ({
  line,
  type: 'host',
  databases: ['replication'],
  users: ['all'],
  address: 'all',
  netmask: null,
  method: 'scram-sha-256',
  ...given,
});
const pods = { address: '10.42.0.0', netmask: '255.255.0.0' };
const verdictOf = (rules: readonly HbaRule[], tls = false) => {
  const { kind, rule: found } = replicationVerdict(rules, { user: 'replicator', address: '10.42.3.7', tls });
  return `${kind} ${found?.line ?? '-'}`;
};

test.each<[string, readonly HbaRule[], string]>([
  ['no line', [], 'rejected -'],
  ['a line for databases alone', [rule(1, { databases: ['all'] })], 'rejected -'],
  ['every address', [rule(1, {})], 'admitted 1'],
  ['the pods’ network', [rule(1, pods)], 'admitted 1'],
  ['another network', [rule(1, { address: '10.43.0.0', netmask: '255.255.0.0' })], 'rejected -'],
  ['IPv6 alone', [rule(1, { address: '::', netmask: '::' })], 'rejected -'],
  ['another role', [rule(1, { users: ['barman'] })], 'rejected -'],
  ['a refusal before', [rule(1, { ...pods, method: 'reject' }), rule(2, {})], 'rejected 1'],
  ['a method without a password', [rule(1, { method: 'cert' })], 'rejected 1'],
  ['a group of roles first', [rule(1, { users: ['+backup'] }), rule(2, {})], 'unknown 1'],
  ['a host name first', [rule(1, { address: '.example.com' }), rule(2, {})], 'unknown 1'],
  ['the local socket', [rule(1, { type: 'local', address: null })], 'rejected -'],
  ['TLS alone, which is not offered', [rule(1, { type: 'hostssl' })], 'rejected -'],
])('%s', (_, rules, expected) => expect(verdictOf(rules)).toBe(expected));

test('a client that is refused with TLS tries without', () => {
  const rules = [rule(1, { type: 'hostssl', method: 'reject' }), rule(2, { type: 'hostnossl' })];
  expect(verdictOf(rules, true)).toBe('admitted 2');
  expect(verdictOf([rule(1, { type: 'hostssl' })], true)).toBe('admitted 1');
});
