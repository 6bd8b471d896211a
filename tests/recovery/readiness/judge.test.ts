import { expect, test } from 'vitest';
import { judgeReadiness, verdictOf } from '../../../recovery/readiness/judge.ts';
import { ago, aRecord, aRepository, aSite, checkOf, daysAgo, NOW, openChecks, reachablePlan } from './facts-fixture.ts';

/** Trial restores of a repository: all of today but one, whose last is another. */
function triedExcept(id: string, at: Date | undefined): Map<string, Date> {
  const trials = new Map(aRepository('local').trials);
  trials.delete(id);
  return at === undefined ? trials : trials.set(id, at);
}

test('a site on which everything was looked at and is good is ready; each check has evidence and an objective', () => {
  const facts = aSite();
  expect(openChecks(facts)).toEqual([]);
  const report = judgeReadiness(facts);
  expect(report.verdict).toBe('ready');
  expect(report.blind).toBe(false);
  expect(report.checks.length).toBeGreaterThan(60);
  for (const check of report.checks) {
    expect(check.evidence, check.id).not.toBe('');
    expect(check.objective, check.id).not.toBe('');
  }
  expect(new Set(report.checks.map(({ id }) => id)).size).toBe(report.checks.length);
});

test('what is open names the command that mends it', () => {
  const nothing = aSite({
    plan: reachablePlan((plan) => {
      plan.team = [];
    }),
    records: () => [],
    observation: { repositories: [aRepository('local', { newest: new Map() })], measurements: [] },
    facts: { runs: [] },
  });
  const open = judgeReadiness(nothing).checks.filter(({ state }) => state !== 'ready' && state !== 'not here');
  expect(open.length).toBeGreaterThan(25);
  for (const { id, command } of open) expect(command, id).toBeTruthy();
});

test('what nobody could look at is a risk and never good; no check at all is none either', () => {
  expect(verdictOf([{ state: 'ready' }, { state: 'unknown' }])).toBe('at risk');
  expect(verdictOf([{ state: 'unknown' }])).toBe('at risk');
  expect(verdictOf([])).toBe('at risk');
  expect(verdictOf([{ state: 'ready' }, { state: 'not here' }])).toBe('ready');
  expect(verdictOf([{ state: 'at risk' }, { state: 'not ready' }])).toBe('not ready');
});

test('copies: one repository behind is a risk, all of them are a loss', () => {
  const stale = (id: string) => aRepository(id, { newest: new Map([...aRepository(id).newest, ['redis', ago(120)]]) });
  const one = aSite({ observation: { repositories: [stale('local'), aRepository('primary')] } });
  expect(checkOf(one, 'copies/redis/local')).toMatchObject({
    state: 'at risk',
    evidence: '2 h old',
    at: ago(120).toISOString(),
  });
  const all = aSite({ observation: { repositories: [stale('local'), stale('primary')] } });
  expect(checkOf(all, 'copies/redis/primary')).toMatchObject({
    state: 'not ready',
    objective: 'at most 1 h old',
    command: 'dr backup --kind incremental --only redis',
  });
  const failed = aSite({ observation: { repositories: [aRepository('local', { failed: new Set(['redis']) })] } });
  expect(checkOf(failed, 'copies/redis/local').evidence).toContain('the newest run could not copy it');
});

test('a repository that does not answer is unknown; when all are gone the look was blind', () => {
  const gone = (id: string) =>
    aRepository(id, { reachable: false, known: false, newest: new Map(), fact: 'ECONNREFUSED' });
  const one = aSite({ observation: { repositories: [gone('primary'), aRepository('local')] } });
  expect(checkOf(one, 'repository/primary')).toMatchObject({
    state: 'unknown',
    evidence: expect.stringContaining('ECONNREFUSED'),
  });
  expect(checkOf(one, 'copies/redis/primary').state).toBe('unknown');
  expect(checkOf(one, 'restored/primary').state).toBe('unknown');
  expect(judgeReadiness(one).blind).toBe(false);
  expect(judgeReadiness(aSite({ observation: { repositories: [gone('primary')] } })).blind).toBe(true);
});

test.each<[string, string, Parameters<typeof aSite>[0]]>([
  [
    'a damaged repository',
    'not ready repository/local',
    { observation: { repositories: [aRepository('local', { sound: false, problems: ['a point was removed'] })] } },
  ],
  [
    'a detached repository',
    'at risk repository/secondary',
    { facts: { detached: ['secondary'] }, observation: { repositories: [aRepository('local')] } },
  ],
  [
    'another site leads',
    'not ready fenced',
    {
      observation: {
        fence: {
          apiVersion: 'go-coffee-dr/v1',
          kind: 'Fence',
          lineage: 'a-1',
          successor: 'b-1',
          holder: 'x',
          what: 'dr failover',
          since: NOW.toISOString(),
        },
      },
    },
  ],
  ['WAL that is late', 'at risk wal', { observation: { wal: { lastArchived: ago(20) } } }],
  ['WAL beyond the RPO', 'not ready wal', { observation: { wal: { lastArchived: ago(90) } } }],
  ['WAL that nobody reports', 'unknown wal', { observation: { wal: { waiting: 0 } } }],
  [
    'no verification',
    'at risk verified/local',
    { observation: { repositories: [aRepository('local', { verifiedAt: daysAgo(3) })] } },
  ],
  [
    'no trial restore',
    'at risk restored/local',
    { observation: { repositories: [aRepository('local', { trials: new Map() })] } },
  ],
  [
    'one workload that was not restored in its time, behind others that were',
    'at risk restored/local',
    { observation: { repositories: [aRepository('local', { trials: triedExcept('uploads', daysAgo(40)) })] } },
  ],
  [
    'one workload that was never restored',
    'at risk restored/local',
    { observation: { repositories: [aRepository('local', { trials: triedExcept('uploads', undefined) })] } },
  ],
  [
    'data that was not read back',
    'at risk read/local',
    { observation: { repositories: [aRepository('local', { unreadSince: daysAgo(40) })] } },
  ],
  [
    'a standby that is behind',
    'not ready standby/lag',
    { observation: { wal: { lastArchived: ago(1), standbyLag: { seconds: 7200, at: NOW } } } },
  ],
  ['a standby that can’t be seen', 'unknown standby/lag', { observation: { wal: { lastArchived: ago(1) } } }],
  ['a server that does not answer', 'unknown coverage/answers', { observation: { answers: { postgres: false } } }],
  [
    'something beside the copies',
    'at risk coverage/beside',
    {
      observation: {
        repositories: [
          aRepository('local', { notCopied: [{ workload: 'manifests', what: 'claim x: nobody copies it' }] }),
        ],
      },
    },
  ],
  [
    'a folder of a service that nobody copies',
    'at risk coverage/running',
    { facts: { running: { kind: 'seen', value: { uncovered: ['/srv/x (x.service)'], unanswered: [] } } } },
  ],
  [
    'a host that could not be looked at',
    'unknown coverage/running',
    { facts: { running: { kind: 'unseen', fact: 'too slow' } } },
  ],
  [
    'engines that lack',
    'not ready machine',
    {
      facts: {
        doctor: {
          kind: 'seen',
          value: [{ name: 'restic', status: 'missing', found: 'none', wanted: '≥ 0.14', hint: '' }],
        },
      },
    },
  ],
  [
    'an engine with a known fault',
    'at risk machine',
    {
      facts: {
        doctor: {
          kind: 'seen',
          value: [{ name: 'pgbackrest', status: 'warning', found: '2.45', wanted: '≥ 2.45', hint: '' }],
        },
      },
    },
  ],
  ['a machine that was not looked at', 'unknown machine', { facts: { doctor: { kind: 'unseen', fact: 'x' } } }],
  [
    'a forged record',
    'at risk records',
    {
      facts: { records: { kind: 'seen', value: { records: [], refused: ['r1: its signature is wrong'], unread: [] } } },
    },
  ],
  ['records that can’t be read', 'unknown alerts', { facts: { records: { kind: 'unseen', fact: 'no key' } } }],
  [
    'an undecided conflict',
    'not ready plan/conflicts',
    {
      facts: {
        findings: [
          { severity: 'error', code: 'TENSION-UNSETTLED', where: 'settlements', fact: 'x', hint: '', path: [] },
        ],
      },
    },
  ],
  [
    'a plan that can’t keep its objectives',
    'not ready plan',
    {
      facts: {
        findings: [{ severity: 'error', code: 'RPO-UNMET', where: 'workloads', fact: 'x', hint: '', path: [] }],
      },
    },
  ],
  ['no measured recovery', 'at risk rto/P1', { observation: { measurements: [] } }],
  ['no measured rate', 'unknown forecast/P1', { observation: { measurements: [] } }],
])('%s', (_, wanted, changes) => expect(openChecks(aSite(changes))).toContain(wanted));

test('what speaks against an engine that works is said, and not that it is too old', () => {
  const hint = 'use 2.59.1 or newer in production: before it, a switch of timelines may be missed';
  const value = [{ name: 'pgbackrest', status: 'warning', found: '2.45', wanted: '≥ 2.45', hint }] as const;
  const { checks } = judgeReadiness(aSite({ facts: { doctor: { kind: 'seen', value } } }));
  const evidence = checks.find(({ id }) => id === 'machine')?.evidence;
  expect(evidence).toContain(`pgbackrest 2.45 works, with a doubt: ${hint}`);
  expect(evidence).not.toContain('wanted');
});

test('an optional engine that is absent takes nothing from the verdict', () => {
  const value = [{ name: 'skopeo', status: 'warning', found: 'none', wanted: '≥ 1, optional', hint: '' }] as const;
  expect(openChecks(aSite({ facts: { doctor: { kind: 'seen', value } } }))).toEqual([]);
});

test('a host without a cluster has no standby: it is said, and counts for nothing', () => {
  const { kubernetes: _, ...environment } = aSite().environment;
  const host = aSite({ facts: { environment }, observation: { wal: { lastArchived: ago(1) } } });
  expect(checkOf(host, 'standby')).toMatchObject({
    state: 'not here',
    evidence: expect.stringContaining('no cluster'),
  });
});

const without = (id: string) => (records: ReturnType<typeof aRecord>[] | readonly ReturnType<typeof aRecord>[]) =>
  records.filter((each) => each.id !== id);

test.each([
  ['escrow-written', 'not ready escrow/current'],
  ['escrow-opened', 'at risk escrow/opened'],
  ['failover', 'at risk failover'],
  ['alert-delivery', 'at risk alerts'],
  ['channels', 'at risk channels'],
  ['standby-capacity', 'unknown standby-capacity'],
  ['standby-images', 'unknown standby-images'],
  ['offsite-custody', 'at risk offsite/offsite/custody'],
  ['team-response', 'at risk test/team-response'],
  ['third-party', 'at risk test/third-party'],
  ['quarterly', 'at risk team/confirmed'],
])('without the record %s', (id, wanted) => expect(openChecks(aSite({ records: without(id) }))).toContain(wanted));

test('a proof grows old, and one that failed is worse than none', () => {
  const instead = (id: string, facts: Partial<Parameters<typeof aRecord>[0]>, at: Date) =>
    aSite({
      records: (all) => [...all.filter((each) => each.id !== id), aRecord({ about: 'proof', id, ...facts }, at)],
    });
  expect(openChecks(instead('alert-delivery', {}, daysAgo(94)))).toEqual(['at risk alerts']);
  expect(openChecks(instead('alert-delivery', { result: 'failed' }, daysAgo(1)))).toEqual(['not ready alerts']);
  expect(openChecks(instead('escrow-opened', { facts: { sha256: 'older' } }, daysAgo(1)))).toEqual([
    'at risk escrow/opened',
  ]);
  expect(openChecks(instead('offsite-custody', {}, daysAgo(3)))).toEqual(['at risk offsite/offsite/custody']);
});

test('a key that has changed since the escrow file was written', () => {
  const changed = aSite({ facts: { fingerprint: { kind: 'seen', value: 'f2' } } });
  expect(openChecks(changed)).toEqual(['not ready escrow/current']);
  expect(checkOf(changed, 'escrow/current').command).toContain('dr keys escrow');
  expect(openChecks(aSite({ facts: { fingerprint: { kind: 'unseen', fact: 'no file' } } }))).toEqual([
    'unknown escrow/current',
  ]);
});

test('an off-site copy is due by the plan’s own schedule', () => {
  const away = (at: Date) =>
    aSite({
      observation: {
        repositories: [
          aRepository('local'),
          aRepository('offsite', { reachable: false, away: true, newest: new Map([['postgres', at]]) }),
        ],
      },
    });
  expect(checkOf(away(daysAgo(8)), 'offsite/offsite').state).toBe('ready');
  expect(checkOf(away(daysAgo(10)), 'offsite/offsite')).toMatchObject({
    state: 'at risk',
    command: 'dr offsite export',
  });
});
