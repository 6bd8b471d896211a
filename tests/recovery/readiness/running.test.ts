import { expect, test } from 'vitest';
import { uncoveredIn } from '../../../recovery/readiness/running.ts';
import type { HostFacts } from '../../../recovery/setup/host/look.ts';

const facts = {
  postgres: [
    { pid: 1, dataDir: '/var/lib/postgresql/15/main', unit: 'postgresql@15-main.service' },
    { pid: 2, dataDir: '/var/lib/postgresql/15/other', unit: 'postgresql@15-other.service' },
    { pid: 3, dataDir: '/tmp/trial', unit: undefined },
  ],
  units: [{ own: true, folders: [{ path: '/srv/uploads' }, { path: '/srv/invoices' }] }],
  places: [
    { path: '/srv/uploads', by: 'order.service' },
    { path: '/srv/invoices', by: 'order.service' },
    { path: '/usr/share', by: 'a package' },
  ],
} as unknown as HostFacts;

test('a second server of systemd, and a folder of a service that is no workload', () => {
  expect(uncoveredIn(facts, ['/srv/uploads'], '/var/lib/postgresql/15/main')).toEqual([
    'PostgreSQL in /var/lib/postgresql/15/other (postgresql@15-other.service)',
    '/srv/invoices (order.service)',
  ]);
});
