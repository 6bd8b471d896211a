/** A site on which everything was looked at and is good; a test changes what it is about. */
import { productionPlan } from '../../../plan/production.ts';
import type { Plan } from '../../../plan/types.ts';
import { environmentSchema } from '../../../recovery/config/environment.ts';
import type { Facts } from '../../../recovery/readiness/facts.ts';
import { judgeReadiness } from '../../../recovery/readiness/judge.ts';
import type { ReadinessCheck } from '../../../recovery/readiness/types.ts';
import type { PersonRecord } from '../../../recovery/records/document.ts';
import type { Measurement } from '../../../recovery/report/measurements.ts';
import type { Observation, RepositoryObservation } from '../../../recovery/status/monitor/observation.ts';

export const NOW = new Date('2026-11-30T12:00:00Z');
export const ago = (minutes: number): Date => new Date(NOW.getTime() - minutes * 60_000);
export const daysAgo = (days: number): Date => ago(days * 1440);

export function aRecord(
  facts: Partial<PersonRecord> & Pick<PersonRecord, 'about' | 'id'>,
  at = daysAgo(3),
): PersonRecord {
  return { at: at.toISOString(), by: 'Ada', result: 'passed', ...facts };
}

/** Numbers that somebody answers, and nothing else changed. */
export function reachablePlan(change: (plan: Plan) => void = () => {}): Plan {
  const plan = structuredClone(productionPlan);
  for (const member of plan.team) member.contact = '+1-202-456-1111';
  for (const channel of plan.channels.internal)
    channel.address = channel.address.replace(/\+1-xxx.*/, '+1 202 456 1414');
  change(plan);
  return plan;
}

/** What is computed of a plan is computed once. */
const UNCHANGED = reachablePlan();

const folders = ['configuration-files', 'uploads', 'assets', 'event-store', 'build-artifacts'];

export function aRepository(id: string, changes: Partial<RepositoryObservation> = {}): RepositoryObservation {
  const workloads = productionPlan.workloads.map((workload) => workload.id);
  const newest = new Map(workloads.map((workload) => [workload, ago(20)]));
  return {
    id,
    reachable: true,
    known: true,
    newest,
    failed: new Set(),
    newestFull: ago(300),
    verifiedAt: ago(600),
    trials: new Map(workloads.map((workload) => [workload, daysAgo(2)])),
    unreadSince: daysAgo(6),
    sound: true,
    problems: [],
    windows: workloads.map((workload) => ({ workload, from: daysAgo(25), to: ago(20) })),
    sizes: [30, 20, 10, 0].flatMap((days) =>
      workloads.map((workload) => ({ workload, at: daysAgo(days), bytes: 2e9 - days * 1e6 })),
    ),
    notCopied: [],
    ...changes,
  };
}

export function aDrill(scenario: string, at: Date, passed = true): Measurement[] {
  return ['P1', 'P2', 'P3', 'P4'].map((tier) => ({
    at: at.toISOString(),
    what: `drill ${scenario}`,
    tier,
    rtoSeconds: 60,
    source: 'drill',
    by: 'ada@host',
    bytesPerSecond: 50e6,
    bytes: 1e9,
    ...(passed ? {} : { passed: false as const }),
  }));
}

export function aSite(
  changes: {
    readonly plan?: Plan;
    readonly observation?: Partial<Observation>;
    readonly records?: (records: readonly PersonRecord[]) => readonly PersonRecord[];
    readonly facts?: Partial<Facts>;
  } = {},
): Facts {
  const plan = changes.plan ?? UNCHANGED;
  const environment = environmentSchema.parse({
    apiVersion: 'go-coffee-dr/v1',
    kind: 'Environment',
    name: 'production',
    site: 'main',
    stateDir: '/var/lib/dr',
    signingKeys: [{ name: 'k1', from: { env: 'KEY' } }],
    postgres: { dataDir: '/d', socketDir: '/s' },
    redis: { dataDir: '/r' },
    git: { repositories: [{ name: 'app', url: 'file:///app' }] },
    kubernetes: { context: 'c', namespaces: ['go-coffee'] },
    folders: Object.fromEntries(
      [
        ...folders,
        ...plan.workloads.filter(({ type }) => type === 'files' || type === 'images').map(({ id }) => id),
      ].map((id) => [id, { path: `/srv/${id}` }]),
    ),
    alerts: { receivers: ['on-call'] },
    repositories: {},
  });
  const scenarios = plan.scenarios.map(({ id }) => id);
  const all = [
    aRecord({ about: 'test', id: 'team-response' }),
    aRecord({ about: 'test', id: 'third-party' }),
    aRecord({ about: 'proof', id: 'failover' }),
    aRecord({ about: 'proof', id: 'escrow-written', facts: { sha256: 'abc', fingerprint: 'f1' } }, daysAgo(40)),
    aRecord({ about: 'proof', id: 'escrow-opened', facts: { sha256: 'abc' } }, daysAgo(39)),
    aRecord({ about: 'proof', id: 'alert-delivery' }),
    aRecord({ about: 'proof', id: 'channels' }),
    aRecord({ about: 'proof', id: 'standby-capacity' }),
    aRecord({ about: 'proof', id: 'standby-images' }),
    aRecord({ about: 'proof', id: 'offsite-custody', note: 'the safe' }, ago(5)),
    aRecord({ about: 'review', id: 'monthly' }),
    aRecord({
      about: 'review',
      id: 'quarterly',
      names: productionPlan.team.flatMap(({ primary, secondary }) => [primary, secondary]),
    }),
    aRecord({ about: 'review', id: 'annual' }, daysAgo(100)),
  ];
  const records = changes.records?.(all) ?? all;
  return {
    now: NOW,
    plan,
    environment,
    file: '/etc/dr.yaml',
    observation: {
      at: NOW,
      repositories: [
        ...['local', 'primary', 'secondary'].map((id) => aRepository(id)),
        aRepository('offsite', {
          reachable: false,
          away: true,
          newest: new Map([['postgres', daysAgo(2)]]),
          fact: 'not mounted',
        }),
      ],
      wal: { lastArchived: ago(1), waiting: 0, standbyLag: { seconds: 2, at: NOW } },
      volumes: [],
      copies: plan.workloads.map(({ id }) => ({
        workload: id,
        repository: 'local',
        safeUntil: ago(5),
        basis: 'point',
      })),
      measurements: scenarios.flatMap((scenario) => aDrill(scenario, daysAgo(4))),
      answers: { postgres: true, redis: true, kubernetes: true },
      failedRuns: new Set(),
      ...changes.observation,
    },
    runs: [{ at: daysAgo(1).toISOString(), what: 'health', ok: true, by: 'ada@host' }],
    records: { kind: 'seen', value: { records, refused: [], unread: [] } },
    channels: {
      kind: 'seen',
      value: [
        {
          channel: 'slack',
          section: 'channels',
          title: 'Slack',
          configured: true,
          lastWorked: daysAgo(9).toISOString(),
        },
        { channel: 'phone', section: 'channels', title: 'Phone', configured: false },
      ],
    },
    standby: { kind: 'seen', value: undefined },
    fingerprint: { kind: 'seen', value: 'f1' },
    doctor: { kind: 'seen', value: [{ name: 'restic', status: 'ok', found: '0.18', wanted: '≥ 0.14', hint: '' }] },
    running: { kind: 'seen', value: { uncovered: [], unanswered: [] } },
    findings: [],
    detached: [],
    ...changes.facts,
  };
}

/** Its open checks: `state id`. */
export function openChecks(facts: Facts): string[] {
  return judgeReadiness(facts)
    .checks.filter(({ state }) => state !== 'ready' && state !== 'not here')
    .map(({ state, id }) => `${state} ${id}`);
}

export function checkOf(facts: Facts, id: string): ReadinessCheck {
  const found = judgeReadiness(facts).checks.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no check ${id}`);
  return found;
}
