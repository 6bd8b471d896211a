/** What `dr health --security` compares: roles with a dump, objects with a capture, sockets with the kernel's table. */
import { expect, test } from 'vitest';
import { compareAccess } from '../../../../recovery/status/security/access.ts';
import { openPorts } from '../../../../recovery/status/security/ports.ts';
import { compareRoles, rolesIn } from '../../../../recovery/status/security/roles.ts';

const GLOBALS = `CREATE ROLE analytics;
ALTER ROLE analytics WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB LOGIN NOREPLICATION NOBYPASSRLS PASSWORD 'SCRAM-SHA-256$4096:x$y:SUPERUSER';
CREATE ROLE postgres;
ALTER ROLE postgres WITH SUPERUSER INHERIT CREATEROLE CREATEDB LOGIN REPLICATION BYPASSRLS;
ALTER ROLE "Old ""one""" WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB NOLOGIN NOREPLICATION NOBYPASSRLS;
`;

test('roles of a dump are read without their passwords', () => {
  expect(rolesIn(GLOBALS)).toEqual([
    { name: 'analytics', superuser: false, login: true, powers: false },
    { name: 'postgres', superuser: true, login: true, powers: true },
    { name: 'Old "one"', superuser: false, login: false, powers: false },
  ]);
});

test('a role that is new or may more is a fault; one that is gone is told', () => {
  const live = [
    { name: 'analytics', superuser: true, login: true, powers: false },
    { name: 'helpdesk', superuser: true, login: true, powers: false },
    { name: 'postgres', superuser: true, login: true, powers: true },
  ];
  expect(compareRoles(live, rolesIn(GLOBALS))).toEqual({
    faults: ['"analytics" has become a superuser', '"helpdesk" is not in the capture (a superuser)'],
    gone: ['Old "one"'],
  });
});

test('ports that only this host reaches are none', () => {
  const table = `  sl  local_address rem_address   st tx_queue
   0: 0100007F:1538 00000000:0000 0A 00000000:00000000
   1: 00000000:0016 00000000:0000 0A 00000000:00000000
   2: 0F02000A:1F90 00000000:0000 0A 00000000:00000000
   3: 00000000:0050 0100007F:9999 01 00000000:00000000
   0: 00000000000000000000000001000000:0019 00000000000000000000000000000000:0000 0A 0
   1: 0000000000000000FFFF00000100007F:0277 00000000000000000000000000000000:0000 0A 0
   2: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 0`;
  expect(openPorts(table)).toEqual([22, 8080]);
});

test('a policy or a right that is new, changed or gone is named', () => {
  const policy = (name: string, ingress: unknown[]) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: 'shop', resourceVersion: String(Math.random()) },
    spec: { podSelector: {}, ingress },
  });
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'all', namespace: 'shop' },
    roleRef: { name: 'admin' },
    subjects: [],
  };
  const captured = [policy('same', []), policy('open', []), policy('lost', [])];
  expect(compareAccess([policy('same', []), policy('open', [{}]), binding], captured)).toEqual([
    'NetworkPolicy.networking.k8s.io shop/open is another one',
    'RoleBinding.rbac.authorization.k8s.io shop/all is not in the capture',
    'NetworkPolicy.networking.k8s.io shop/lost is gone',
  ]);
});
