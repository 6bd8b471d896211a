/** What is proposed for what was found: nothing that was not answered, and nothing chosen among several. */
import { expect, test } from 'vitest';
import { productionPlan } from '../../../../plan/production.ts';
import type { HostChoices, HostFacts } from '../../../../recovery/setup/host/look.ts';
import type { PostgresServer } from '../../../../recovery/setup/host/postgres.ts';
import { proposeHost } from '../../../../recovery/setup/host/proposal.ts';

const NOTHING: HostFacts = {
  postgres: [],
  redis: [],
  units: [],
  places: [],
  folders: [],
  repositories: [],
  imageStores: [],
  prometheus: [],
  unanswered: [],
};
const CHOICES: HostChoices = { look: [], folders: new Map() };
const SETTINGS = {
  name: 'production',
  site: 'fra1',
  stateDir: '/state',
  local: '/copies',
  keys: '/keys',
  isRoot: true,
};

const propose = (facts: Partial<HostFacts>, choices: Partial<HostChoices> = {}) =>
  proposeHost({ ...NOTHING, ...facts }, { ...CHOICES, ...choices }, SETTINGS, productionPlan);

function server(dataDir: string, more: Partial<PostgresServer> = {}): PostgresServer {
  const answers = {
    dataDir,
    configFile: '/etc/postgresql/15/main/postgresql.conf',
    hbaFile: '/etc/postgresql/15/main/pg_hba.conf',
    socketDirs: '/run/postgresql',
    socketDir: '/run/postgresql',
    port: 5432,
    version: '15.18',
    archiveMode: 'off',
    standby: false,
    databases: [
      { name: 'postgres', bytes: 8e6 },
      { name: 'shop', bytes: 9e9 },
    ],
  };
  return {
    pid: 7,
    dataDir,
    account: 'postgres',
    binDir: '/usr/lib/postgresql/15/bin',
    unit: 'postgresql@15-main.service',
    logFile: '',
    asked: { value: answers },
    closed: undefined,
    ...more,
  };
}

test('a packaged server: its configuration folder, its unit, its only database, and what `dr init` will ask for', () => {
  const { data, notes, unanswered, runAs } = propose({ postgres: [server('/var/lib/postgresql/15/main')] });
  expect(data.postgres).toMatchObject({
    configDir: '/etc/postgresql/15/main',
    database: 'shop',
    control: { start: ['systemctl', 'start', 'postgresql@15-main'], stop: ['systemctl', 'stop', 'postgresql@15-main'] },
  });
  expect([unanswered, runAs]).toEqual([[], 'postgres']);
  expect(notes).toEqual([expect.stringContaining('archive_mode is off')]);
});

test('of two servers none is taken until one is named, and both are named', () => {
  const postgres = [server('/a'), server('/b')];
  const { data, unanswered } = propose({ postgres });
  expect(data.postgres).toBeUndefined();
  expect(unanswered).toEqual([
    {
      about: 'postgres',
      why: '2 servers run here (/a, /b), and one environment has one',
      hint: 'choose one: --postgres /a',
    },
  ]);
  expect(propose({ postgres }, { postgres: '/b' }).data.postgres).toMatchObject({ dataDir: '/b' });
  expect(propose({ postgres }, { before: { postgres: '/b' } }).data.postgres).toMatchObject({ dataDir: '/b' });
});

test('a server without an answer leaves no section', () => {
  const asked = { unanswered: { about: 'PostgreSQL in /a', why: 'no answer', hint: 'ask it' } };
  const { data, unanswered } = propose({ postgres: [server('/a', { asked })] });
  expect([data.postgres, unanswered]).toEqual([undefined, [asked.unanswered]]);
});

test('folders inside of a store are the store’s; Prometheus names its own; two of one name are a question', () => {
  const by = 'ReadWritePaths of shop.service';
  const { data, unanswered } = propose({
    postgres: [server('/data')],
    prometheus: ['/etc/prometheus'],
    folders: [
      { workload: 'artifacts', path: '/data/artifacts', by },
      { workload: 'uploads', path: '/srv/uploads', by },
      { workload: 'event-store', path: '/srv/event-store', by },
      { workload: 'event-store', path: '/mnt/event-store', by },
    ],
  });
  expect(data.folders).toEqual({ uploads: { path: '/srv/uploads' }, 'monitoring-config': { path: '/etc/prometheus' } });
  expect(unanswered.map(({ about }) => about)).toEqual(['folders.event-store']);
});

test('a mirror comes from the remote, never with its password; the services of the plan are those with a unit', () => {
  const remote = (url: string, name = 'origin') => ({ name, url });
  const { data, unanswered } = propose({
    units: [{ name: 'auth-service.service', own: true, folders: [] }],
    repositories: [
      { path: '/srv/shop.git', by: '', remotes: [remote('git@example.com:shop.git'), remote('https://x/y', 'fork')] },
      { path: '/srv/secret', by: '', remotes: [remote('https://me:hush@example.com/secret.git')] },
      { path: '/srv/two', by: '', remotes: [remote('https://a/b', 'one'), remote('https://c/d', 'other')] },
    ],
  });
  expect(data.git).toEqual({ repositories: [{ name: 'shop', url: 'git@example.com:shop.git' }] });
  expect(JSON.stringify([data, unanswered])).not.toContain('hush');
  expect(unanswered.map(({ about }) => about)).toEqual([
    'git.repositories at /srv/secret',
    'git.repositories at /srv/two',
  ]);
  expect(data.services).toEqual({
    'auth-service': { start: ['systemctl', 'start', 'auth-service'], stop: ['systemctl', 'stop', 'auth-service'] },
  });
});

test('a workload that lies in the folder of another is left to a person', () => {
  const by = '--look';
  const { data, unanswered } = propose({
    folders: [
      { workload: 'uploads', path: '/srv/uploads', by },
      { workload: 'artifacts', path: '/srv/uploads/artifacts', by },
    ],
  });
  expect(data.folders).toEqual({ uploads: { path: '/srv/uploads' } });
  expect(unanswered).toEqual([
    expect.objectContaining({ about: 'folders.artifacts', why: expect.stringContaining('lies in /srv/uploads') }),
  ]);
});
