import { describe, expect, test } from 'vitest';
import type { RestoreData } from '../../drill/dr-client.ts';
import { compareKind, type KindComparison } from '../../drill/load/compare.ts';
import { reportLosses } from '../../drill/losses.ts';
import type { Walk } from '../../drill/people/types.ts';
import type { Platform } from '../../drill/platform/platform.ts';
import { drillReport } from '../../drill/report.ts';
import { type Recovered, Stage } from '../../drill/stage.ts';
import { productionPlan } from '../../plan/production.ts';
import { EXIT } from '../../recovery/core/errors.ts';
import type { DrillReport } from '../../recovery/report/types.ts';

const disasterAt = new Date('2026-11-23T02:00:00.000Z');
const secondsIn = (seconds: number): Date => new Date(disasterAt.getTime() + seconds * 1000);

function newStage(): Stage {
  return new Stage({
    scenario: 'complete-failure',
    folder: '/nowhere',
    scale: 1,
    seed: 1,
    plan: productionPlan,
    progress: () => {},
    signal: new AbortController().signal,
  });
}

const whole: KindComparison = {
  kind: 'order',
  acknowledged: 10,
  found: 10,
  missing: [],
  corrupted: [],
  lostSeconds: 0,
  beyond: { acknowledged: 0, found: 0 },
};

interface Facts {
  readonly ready?: ReadonlyMap<string, Date>;
  readonly claimed?: RestoreData['tiers'];
  readonly kinds?: readonly KindComparison[];
}

function recovered({ ready, claimed, kinds }: Facts): Recovered {
  const all = new Map(['P1', 'P2', 'P3', 'P4'].map((tier, i) => [tier, secondsIn(60 * (i + 1))] as const));
  const step = {
    id: 'postgres/copy',
    title: 'copy',
    startedAt: secondsIn(10).toISOString(),
    endedAt: secondsIn(60).toISOString(),
  };
  const data: RestoreData = {
    plan: { repository: 'secondary', items: [{ workload: 'postgres', point: 'a-point' }] },
    steps: [step],
    tiers: claimed ?? [],
    bytesRestored: 5_000_000,
    ready: true,
  };
  return {
    platform: {} as Platform,
    walk: {} as Walk,
    restored: { exit: EXIT.ok, data, stderr: '', seconds: 50, command: 'dr restore' },
    target: { repository: 'secondary', description: 'latest' },
    comparison: { kinds: kinds ?? [whole] },
    ready: ready ?? all,
  };
}

function reportOf(stage: Stage, facts: Facts | undefined, failure?: DrillReport['exit']): DrillReport {
  const environment = { engines: {}, cpus: 1, memoryBytes: 1, platform: 'test' };
  const times = { startedAt: secondsIn(-60), endedAt: secondsIn(600), disasterAt };
  return drillReport({ stage, ...times, recovered: facts && recovered(facts), failure, environment });
}

describe('the clocks', () => {
  test('measures from the disaster to each tier; all objectives met is exit 0', () => {
    const report = reportOf(newStage(), {});
    expect(report).toMatchObject({ passed: true, exit: EXIT.ok });
    expect(report.tiers.map(({ rto }) => rto.measuredSeconds)).toEqual([60, 120, 180, 240]);
    expect(report.throughput).toMatchObject({ bytesRestored: 5_000_000, seconds: 50, megabytesPerSecond: 0.1 });
    expect(report.throughput?.rtoDataLimitBytes.P1).toBe(100_000 * 7200);
  });

  test('a tier is not ready before the tiers that it needs, nor before dr has verified it', () => {
    const ready = new Map([
      ['P1', secondsIn(100)],
      ['P2', secondsIn(20)],
      ['P3', secondsIn(110)],
      ['P4', secondsIn(120)],
    ]);
    const claimed = [{ tier: 'P3', readyAt: secondsIn(150).toISOString(), seconds: 150 }];
    const report = reportOf(newStage(), { ready, claimed });
    expect(report.tiers.map(({ rto }) => rto.measuredSeconds)).toEqual([100, 100, 150, 150]);
  });

  test('a late tier, and one that never came, miss their RTO: exit 4', () => {
    const late = new Map([
      ['P1', secondsIn(7201)],
      ['P2', secondsIn(7202)],
      ['P3', secondsIn(7203)],
      ['P4', secondsIn(7204)],
    ]);
    const report = reportOf(newStage(), { ready: late });
    expect(report.exit).toBe(EXIT.objectiveMissed);
    expect(report.tiers.map(({ rto }) => rto.met)).toEqual([false, true, true, true]);
    const absent = reportOf(newStage(), { ready: new Map([['P1', secondsIn(1)]]) });
    expect(absent.tiers[1]?.rto).toEqual({ objectiveSeconds: 4 * 3600, met: false });
    expect(absent.exit).toBe(EXIT.objectiveMissed);
  });

  test('the RPO comes from the ledger: more than an hour of lost orders misses P1’s', () => {
    const kinds = [{ ...whole, lostSeconds: 3601, missing: ['x'], found: 9 }];
    const report = reportOf(newStage(), { kinds });
    expect(report.tiers.map(({ rpo }) => [rpo.measuredSeconds, rpo.met])).toEqual([
      [3601, false],
      [3601, true],
      [3601, true],
      [0, true],
    ]);
    expect(report.exit).toBe(EXIT.objectiveMissed);
  });
});

describe('wrong data weighs more than a late recovery: exit 5', () => {
  test('a failed check', () => {
    const stage = newStage();
    stage.check({ id: 'a', title: 'a', expected: '1', actual: '2', evidence: 'e' });
    expect(reportOf(stage, { ready: new Map() })).toMatchObject({ exit: EXIT.verificationFailed, passed: false });
  });

  test('an attack that was not denied', () => {
    const stage = newStage();
    stage.attempts.push({ attempt: 'delete a version', outcome: 'succeeded', expected: 'denied', detail: '' });
    expect(reportOf(stage, {}).exit).toBe(EXIT.verificationFailed);
  });

  test('an unplanned loss, with its number of rows', () => {
    const entries = Array.from({ length: 10 }, (_, i) => ({
      kind: 'order' as const,
      id: `o${i}`,
      at: secondsIn(i - 10).toISOString(),
      digest: 'd',
    }));
    const present = new Map(entries.slice(0, 7).map(({ id, digest }) => [id, digest]));
    const comparison = { kinds: [compareKind({ kind: 'order', entries, present, disasterAt })] };
    const stage = newStage();
    reportLosses(stage, comparison, { database: 0, redis: 0 });
    expect(stage.losses).toMatchObject([{ rows: 3, seconds: 4, expected: false }]);
    expect(reportOf(stage, { kinds: comparison.kinds }).exit).toBe(EXIT.verificationFailed);

    const planned = newStage();
    reportLosses(planned, comparison, { database: 3600, redis: 3600 });
    expect(planned.losses).toMatchObject([{ rows: 3, expected: true }]);
    expect(reportOf(planned, { kinds: comparison.kinds }).exit).toBe(EXIT.ok);
  });

  test('a row that came back altered', () => {
    const stage = newStage();
    reportLosses(stage, { kinds: [{ ...whole, corrupted: ['o1'] }] }, { database: 3600, redis: 3600 });
    expect(reportOf(stage, {}).exit).toBe(EXIT.verificationFailed);
  });

  test('a recovery that failed keeps the command’s own exit code and measures nothing', () => {
    const report = reportOf(newStage(), undefined, EXIT.locked);
    expect(report).toMatchObject({ exit: EXIT.locked, passed: false });
    expect(report.tiers.every(({ rto, rpo }) => !rto.met && !rpo.met)).toBe(true);
  });
});

describe('the ledger', () => {
  const entry = (id: string, second: number) => ({
    kind: 'order' as const,
    id,
    at: secondsIn(second).toISOString(),
    digest: id,
  });
  const entries = [entry('a', -5), entry('b', -4), entry('c', -3), entry('d', -1)];

  test.each([
    ['nothing is lost', ['a', 'b', 'c', 'd'], 0],
    ['the last one is lost: back to the one before', ['a', 'b', 'c'], 3],
    ['a hole counts from the hole on', ['a', 'c', 'd'], 5],
    ['everything is lost: from the first on', [], 5],
  ])('%s', (_, there, seconds) => {
    const present = new Map(there.map((id) => [id, id]));
    expect(compareKind({ kind: 'order', entries, present, disasterAt }).lostSeconds).toBe(seconds);
  });

  test('writes after the target are not expected', () => {
    const present = new Map([
      ['a', 'a'],
      ['b', 'b'],
    ]);
    const found = compareKind({ kind: 'order', entries, present, disasterAt, upTo: secondsIn(-4) });
    expect(found).toMatchObject({
      acknowledged: 2,
      found: 2,
      missing: [],
      lostSeconds: 0,
      beyond: { acknowledged: 2, found: 0 },
    });
  });
});
