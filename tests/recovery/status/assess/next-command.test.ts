import { describe, expect, test } from 'vitest';
import { classify } from '../../../../recovery/status/assess/classify.ts';
import { type Findings, warningsOf } from '../../../../recovery/status/assess/findings.ts';
import { bestRepository, type NextQuestion, nextStep } from '../../../../recovery/status/assess/next-command.ts';
import {
  cluster,
  findings,
  folder,
  folders,
  gone,
  lostNamespace,
  postgres,
  redis,
  repository,
} from './findings-fixture.ts';

const OLDER = { id: '20261122T020000Z-full-1111', endedAt: '2026-11-22T02:02:00.000Z' };
const ENV = '/etc/go-coffee-dr/dr.yaml';

function next(changes: Partial<Findings>, rest: Partial<NextQuestion> = {}) {
  const found = findings(changes);
  const dump = { point: '20261123T020000Z-full-7f3a', capturedAt: '2026-11-23T02:00:30.000Z' };
  const question = {
    classification: classify(found),
    findings: found,
    env: ENV,
    database: 'go_coffee',
    dump,
    starts: {},
    stack: undefined,
    objects: ['manifests', 'config-and-secrets'],
  };
  return nextStep({ ...question, ...rest });
}

const dead = {
  postgres: { ...postgres, server: 'down', files: 'missing' },
  redis: { ...redis, files: 'missing' },
} as const;
const lostTables = [{ table: 'public.orders', rowsThen: 10, rowsNow: 0 }];

test('a lost site is restored from the reachable repository with the newest point', () => {
  const repositories = [gone('local'), repository('primary', { newest: OLDER }), repository('secondary')];
  const step = next({ ...dead, folders: folders('missing'), repositories });
  expect(step.command).toBe(`dr restore --env ${ENV} --to latest --from secondary`);
  expect(step.why).toContain('20261123T020000Z-full-7f3a');
});

test.each([
  [{ isOff: true, fact: 'archive_mode is off' }, `dr init --env ${ENV} --restart`],
  [{ isOff: false, fact: 'B has failed' }, `dr doctor --env ${ENV}`],
])('WAL that is not archived is a finding where nothing is lost: %o', (archiveFault, command) => {
  const found = findings({ postgres: { ...postgres, archiveFault } });
  expect(warningsOf(found)).toEqual([expect.stringContaining(archiveFault.fact)]);
  expect(classify(found).scenario).toBe('none');
  expect(next(found).command).toBe(command);
});

test('between equals the plan’s order decides, and points that are not there don’t count', () => {
  const { newest: _, ...empty } = repository('offsite');
  expect(bestRepository([gone('local'), repository('primary'), repository('secondary')])?.repository).toBe('primary');
  expect(bestRepository([gone('local'), empty])).toBeUndefined();
});

test('a corrupt database is restored alone, after a dump of what can be read', () => {
  const step = next({ postgres: { ...postgres, files: 'damaged', damage: ['a page'] } });
  expect(step.command).toBe(`dr restore --env ${ENV} --to latest --from local --only postgres`);
  expect(step.others.map(({ command }) => command)).toEqual([`dr restore --env ${ENV} --emergency-dump`]);
});

test('lost files are restored alone, each workload once', () => {
  const lost = [folder('uploads', 'missing'), folder('git', 'missing'), folder('git', 'missing'), folder('manifests')];
  const step = next({ redis: { ...redis, files: 'damaged' }, folders: lost });
  expect(step.command).toBe(`dr restore --env ${ENV} --to latest --from local --only redis,uploads,git`);
});

test('what stands still with whole files is started, not restored', () => {
  const services = [{ service: 'auth-service', tier: 'P1', well: false, fact: 'exit 1' }];
  const starts = { postgres: ['systemctl', 'start', 'postgresql@15-main'] };
  const step = next({ postgres: { ...postgres, server: 'down' }, services }, { starts });
  expect(step.command).toBe('systemctl start postgresql@15-main');
  expect(step.others.map(({ command }) => command)).toEqual([`dr health --env ${ENV}`]);
  expect([step, ...step.others].every(({ command }) => !command.includes('restore'))).toBe(true);
});

test('lost rows come back beside the live data; the whole database is the other way', () => {
  const step = next({ postgres: { ...postgres, lostTables }, folders: [folder('uploads', 'empty')] });
  expect(step.command).toBe(
    `dr restore --env ${ENV} --to 20261123T020000Z-full-7f3a --from local --table public.orders --into-database go_coffee_rescued`,
  );
  expect(step.others.map(({ command }) => command)).toEqual([
    `dr restore --env ${ENV} --to 2026-11-23T02:00:30.000Z --from local --only postgres`,
    `dr restore --env ${ENV} --to latest --from local --only uploads`,
  ]);
});

test('many lost tables, or no dump of them, mean the whole database', () => {
  const many = Array.from({ length: 6 }, (_, n) => ({ table: `public.t${n}`, rowsThen: 10, rowsNow: undefined }));
  const step = next({ postgres: { ...postgres, lostTables: many } });
  expect(step.command).toContain('--only postgres');
});

test('after a break-in: the newest good point, never simply the latest', () => {
  const repositories = [repository('local', { newest: OLDER, compromised: ['20261123T020000Z-full-7f3a'] })];
  const step = next({ repositories });
  expect(step.command).toBe(`dr restore --env ${ENV} --to ${OLDER.id} --from local`);
  expect(step.others.map(({ command }) => command)).toContain(`dr points list --env ${ENV}`);
});

test('hidden points are read as of the moment before, unless another repository still shows them', () => {
  const hidden = {
    points: ['20261123T020000Z-full-7f3a'],
    newest: '20261123T020000Z-full-7f3a',
    readableUntil: '2026-11-23T03:00:00.000Z',
  };
  const { newest: _, ...emptied } = repository('primary', { hidden });
  const asOf = `dr restore --env ${ENV} --to latest --from primary --repository-time 2026-11-23T03:00:00.000Z`;
  expect(next({ repositories: [emptied] }).command).toBe(asOf);
  expect(next({ repositories: [repository('local', { newest: OLDER }), emptied] }).command).toBe(asOf);
  const both = next({ repositories: [emptied, repository('secondary')] });
  expect(both.command).toBe(`dr restore --env ${ENV} --to ${hidden.newest} --from secondary`);
  expect(both.others.map(({ command }) => command)).toContain(asOf);
});

test('without any readable point it says to look at this machine first', () => {
  const step = next({ ...dead, folders: folders('missing'), repositories: [gone('local')] });
  expect(step.command).toBe(`dr doctor --env ${ENV}`);
});

test('words are quoted for the shell', () => {
  const step = next({ repositories: [repository('local')] }, { env: "/tmp/it's here/dr.yaml" });
  expect(step.command).toBe(`dr health --env '/tmp/it'\\''s here/dr.yaml' --comprehensive`);
});

const STACK = { name: 'production-20261125', like: 'production', repositories: ['primary', 'secondary'] };
const REBUILD = `dr rebuild --env ${ENV} --stack production-20261125 --like production`;
const missing = { service: 'auth-service', tier: 'P1', well: false, missing: true, fact: 'no workload' };

describe('in a cluster', () => {
  const away = { ...postgres, server: 'down', files: 'unknown' } as const;
  const inCluster = (changes: Partial<Findings>) =>
    next(
      {
        cluster,
        folders: [],
        redis: { ...redis, server: 'down', files: 'unknown' },
        repositories: [repository('local'), repository('primary')],
        ...changes,
      },
      { stack: STACK },
    );

  test('a lost namespace is a fresh stack', () => {
    const step = inCluster({ postgres: away, cluster: lostNamespace });
    expect(step.command).toBe(`${REBUILD} --to latest --from primary`);
  });

  test('a break-in too, from the newest good point, with secrets that nobody has read', () => {
    const repositories = [repository('primary', { newest: OLDER, compromised: ['20261123T020000Z-full-7f3a'] })];
    const command = `${REBUILD} --to ${OLDER.id} --from primary --rotate-secrets --harden`;
    expect(inCluster({ repositories }).command).toBe(command);
  });

  test('a corrupt database, or one with lost rows, is not laid down in a pod', () => {
    const corrupt = inCluster({ postgres: { ...postgres, files: 'damaged', damage: ['a page'] } });
    expect(corrupt.command).toBe(`${REBUILD} --to latest --from primary`);
    const mistake = inCluster({ postgres: { ...postgres, lostTables } });
    expect(mistake.others[0]?.command).toBe(`${REBUILD} --to 2026-11-23T02:00:30.000Z --from primary`);
  });

  test('services that are gone while the stores are well are brought back as objects', () => {
    const step = inCluster({ redis, services: [missing] });
    const select = cluster.namespaces.map(({ name }) => `--select namespace/${name}`).join(' ');
    expect(step.command).toBe(`dr restore --stack ${STACK.like} --to latest --from primary ${select}`);
    expect(step.others.map(({ command }) => command)).toEqual([`${REBUILD} --to latest --from primary`]);
    const unseen = inCluster({ redis, services: [missing], cluster: { ...cluster, namespaces: [] } });
    expect(unseen.command).toContain('--only manifests,config-and-secrets');
  });

  test('from a volume that goes with its cluster no stack is made', () => {
    const step = inCluster({ postgres: away, cluster: lostNamespace, repositories: [repository('local')] });
    expect(step.command).toBe(`dr restore --env ${ENV} --to latest --from local`);
  });

  test('a database on this host is restored here', () => {
    const here = next({ cluster: lostNamespace, ...dead, folders: [] });
    expect(here.command).toBe(`dr restore --env ${ENV} --to latest --from local`);
  });

  test('where only the API is silent there is nothing to restore', () => {
    const step = inCluster({ redis, cluster: { ...cluster, server: 'down', namespaces: [] } });
    const look = { command: `dr health --env ${ENV}`, why: expect.stringContaining('the API of the cluster') };
    expect(step).toMatchObject(look);
  });
});
