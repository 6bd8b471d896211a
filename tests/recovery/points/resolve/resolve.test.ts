import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CatalogEntry } from '../../../../recovery/points/catalog/catalog.ts';
import { type ResolveInput, resolveTarget } from '../../../../recovery/points/resolve/resolve.ts';
import { parseTarget } from '../../../../recovery/points/target.ts';
import { entryAt } from '../entry-fixture.ts';
import { postgresCapture, resticCapture } from '../point-fixture.ts';

const at = (time: string): string => `2026-11-23T${time}Z`;
const now = new Date(at('12:00:00'));
const pg = (time: string, rest = {}) => postgresCapture(at(time), rest);
const restic = (workload: string, time: string) => resticCapture(workload, at(time));

/** Full at 02:00, an incremental an hour, Redis alone in between. */
const POINTS: CatalogEntry[] = [
  entryAt(at('02:00:00'), [pg('02:00:30'), restic('redis', '02:00:05'), restic('uploads', '02:01:00')]),
  entryAt(at('03:00:00'), [pg('03:00:20', { setType: 'incr' }), restic('redis', '03:00:05')], { kind: 'incremental' }),
  entryAt(at('03:15:00'), [restic('redis', '03:15:05')], { kind: 'incremental', complete: false }),
];
const [FULL, HOURLY, REDIS] = POINTS.map((entry) => entry.point.id) as [string, string, string];

function resolve(target: string, rest: Partial<ResolveInput> = {}) {
  const workloads = ['postgres', 'redis', 'uploads'];
  return resolveTarget({
    repository: 'primary',
    entries: POINTS,
    workloads,
    now,
    target: parseTarget(target, now),
    ...rest,
  });
}

/** workload → [point, time of the capture, mode, skew] */
function facts(target: string, rest: Partial<ResolveInput> = {}): Record<string, readonly unknown[]> {
  const { items } = resolve(target, rest);
  const rows = items.map(
    (i) => [i.workload, [i.point, i.capture.capturedAt.slice(11, 19), i.mode, i.skewSeconds]] as const,
  );
  return Object.fromEntries(rows);
}

const mark = (id: string, ...marks: ('compromised' | 'clean')[]): CatalogEntry[] =>
  POINTS.map((entry) =>
    entry.point.id === id
      ? { ...entry, marks: marks.map((m, n) => ({ mark: m, at: at(`11:00:0${n}`), by: 'x' })) }
      : entry,
  );
const distrust = (id: string, trust: CatalogEntry['trust']): CatalogEntry[] =>
  POINTS.map((entry) => (entry.point.id === id ? { ...entry, trust } : entry));

describe('latest', () => {
  test('takes the newest of everything, PostgreSQL to the end of the WAL', () => {
    expect(facts('latest')).toEqual({
      postgres: [HOURLY, '03:00:20', 'end-of-wal', 0],
      redis: [REDIS, '03:15:05', undefined, 0],
      uploads: [FULL, '02:01:00', undefined, 74 * 60 + 5],
    });
  });

  test('measures the skew from the end of the WAL where that is known', () => {
    const { redis, postgres } = facts('latest', { walEnd: () => ({ time: new Date(at('03:20:05')) }) });
    expect(postgres?.[3]).toBe(0);
    expect(redis?.[3]).toBe(300);
  });

  test('names what no point holds, and refuses when there is nothing at all', () => {
    const some = resolve('latest', { workloads: ['git', 'redis'] });
    expect(some.missing).toEqual(['git']);
    expect(some.unrequested).not.toContain('redis');
    expect(some.unrequested).toContain('postgres');
    const nothing = expect.objectContaining({
      code: 'TARGET-UNREACHABLE',
      exit: 2,
      fact: expect.stringContaining('primary'),
    });
    expect(() => resolve('latest', { workloads: ['git'] })).toThrow(nothing);
    expect(() => resolve('latest', { entries: [] })).toThrow(nothing);
  });

  test('F31: after a restore the newest set’s lineage is taken, whole and alone', () => {
    const entries = [
      ...POINTS,
      entryAt(at('05:00:00'), [pg('05:00:10', { lineage: 'main-2', timeline: 2 })]),
      entryAt(at('07:00:00'), [pg('07:00:10', { lineage: 'main-3', timeline: 3 })]),
    ];
    const latest = resolve('latest', { entries });
    expect(latest.items[0]).toMatchObject({ capture: { lineage: 'main-3', timeline: 3 }, mode: 'end-of-wal' });
    expect(latest.warnings).toEqual([]);
    // A moment between two lives belongs to the one that had a set then, and never to a mixture.
    const ends = new Map([['main-1', { time: new Date(at('04:00:00')) }]]);
    const between = resolve('2026-11-23T03:30:00Z', { entries, walEnd: (l) => ends.get(l) });
    expect(between.items[0]?.capture).toMatchObject({ lineage: 'main-1' });
    const gap = () => resolve('2026-11-23T04:30:00Z', { entries, walEnd: (l) => ends.get(l) });
    expect(gap).toThrow(
      expect.objectContaining({ code: 'TARGET-UNREACHABLE', fact: expect.stringContaining('main-1') }),
    );
  });

  test('F31: two servers that both made backups are warned of', () => {
    const entries = [
      ...POINTS,
      entryAt(at('05:00:00'), [pg('05:00:10', { lineage: 'main-2' })]),
      entryAt(at('06:00:00'), [pg('06:00:10')]),
    ];
    const { items, warnings } = resolve('latest', { entries });
    expect(items[0]?.capture).toMatchObject({ lineage: 'main-1' });
    expect(warnings).toEqual([expect.stringContaining('main-2 made backups after main-1 had begun')]);
  });

  test('passes over what is marked compromised, and does not replay into it', () => {
    const entries = mark(HOURLY, 'compromised');
    expect(facts('latest', { entries })).toMatchObject({
      postgres: [FULL, '02:00:30', 'immediate', expect.any(Number)],
      redis: [REDIS, '03:15:05', undefined, 0],
    });
    const { warnings } = resolve('latest', { entries });
    expect(warnings.join('\n')).toMatch(
      new RegExp(`without replay: the later point ${HOURLY}[\\s\\S]*skipped.*${HOURLY}`),
    );
    expect(facts('latest', { entries, allowCompromised: true }).postgres?.[0]).toBe(HOURLY);
    expect(facts('latest', { entries: mark(HOURLY, 'compromised', 'clean') }).postgres?.[0]).toBe(HOURLY);
  });

  test.each(['tampered', 'unknown-key'] as const)('passes over a point that is %s, unless that is allowed', (trust) => {
    const entries = distrust(HOURLY, trust);
    expect(facts('latest', { entries }).postgres?.[0]).toBe(FULL);
    expect(resolve('latest', { entries }).warnings).toEqual([expect.stringContaining('1 point in primary')]);
    expect(facts('latest', { entries, allowTampered: true }).postgres?.[0]).toBe(HOURLY);
  });
});

describe('a point', () => {
  test('gives its own captures, and for the rest the newest before it', () => {
    expect(facts(HOURLY)).toEqual({
      postgres: [HOURLY, '03:00:20', 'immediate', 0],
      redis: [HOURLY, '03:00:05', undefined, 0],
      uploads: [FULL, '02:01:00', undefined, 59 * 60 + 20],
    });
    expect(facts(REDIS).postgres).toEqual([HOURLY, '03:00:20', 'immediate', 14 * 60 + 45]);
  });

  test('says what came only after it', () => {
    const entries = [...POINTS, entryAt(at('04:00:00'), [restic('git', '04:00:00')])];
    const { missing, warnings } = resolve(FULL, { entries, workloads: ['redis', 'git'] });
    expect(missing).toEqual(['git']);
    expect(warnings).toEqual([expect.stringContaining('git: its first copy is of 2026-11-23T04:00:00')]);
  });

  test('that is not there is refused, with the nearest ids', () => {
    const typo = FULL.replace('0000', '0001');
    expect(() => resolve(typo)).toThrow(
      expect.objectContaining({ code: 'POINT-UNKNOWN', exit: 2, hint: expect.stringContaining(FULL) }),
    );
    expect(() => resolve(typo)).toThrow(`"${typo}"`);
  });

  test('F18: that was tampered with is not restorable without an explicit override', () => {
    const entries = distrust(HOURLY, 'tampered');
    const refused = expect.objectContaining({
      code: 'POINT-TAMPERED',
      exit: 5,
      hint: expect.stringContaining('--allow-tampered'),
    });
    expect(() => resolve(HOURLY, { entries })).toThrow(refused);
    const { items, warnings } = resolve(HOURLY, { entries, allowTampered: true });
    expect(items[0]?.point).toBe(HOURLY);
    expect(warnings.join()).toContain('although its signature is bad');
  });

  test('whose key is not here is refused as that, not as tampered', () => {
    const entries = distrust(HOURLY, 'unknown-key');
    expect(() => resolve(HOURLY, { entries })).toThrow(
      expect.objectContaining({ code: 'POINT-KEY-UNKNOWN', exit: 2, fact: expect.stringContaining('"k1"') }),
    );
  });

  test('that is compromised is taken because it was named, but nothing else compromised with it', () => {
    const entries = POINTS.map((e) => ({
      ...e,
      marks: [{ mark: 'compromised' as const, at: at('11:00:00'), by: 'x' }],
    }));
    const { items, missing, warnings } = resolve(HOURLY, { entries });
    expect(items.map((i) => i.workload)).toEqual(['postgres', 'redis']);
    expect(missing).toEqual(['uploads']);
    expect(warnings).toContainEqual(expect.stringContaining(`${HOURLY} is marked compromised`));
  });
});

describe('a time', () => {
  test('is reached by PostgreSQL, and by the rest with a skew that is stated', () => {
    expect(facts('2026-11-23T03:10:00Z')).toEqual({
      postgres: [HOURLY, '03:00:20', 'time', 0],
      redis: [HOURLY, '03:00:05', undefined, 595],
      uploads: [FULL, '02:01:00', undefined, 69 * 60],
    });
    expect(resolve('2026-11-23T03:10:00Z').items[0]?.time).toBe('2026-11-23T03:10:00.000Z');
    expect(facts('2026-11-23T03:00:10Z').postgres?.[0]).toBe(FULL);
  });

  test('before the window is refused, with the window and the nearest moment', () => {
    const refusal = expect.objectContaining({
      code: 'TARGET-UNREACHABLE',
      exit: 2,
      fact: expect.stringMatching(
        /02:00:45.*before the first copy of uploads; recoverable from 2026-11-23T02:01:00.000Z on/,
      ),
      hint: expect.stringContaining('--to 2026-11-23T02:01:00.000Z'),
    });
    expect(() => resolve('2026-11-23T02:00:45Z')).toThrow(refusal);
    expect(facts('2026-11-23T02:00:45Z', { workloads: ['postgres', 'redis'] })).toHaveProperty('postgres');
    expect(facts('2026-11-23T02:01:00Z')).toHaveProperty('uploads');
  });

  test('F16: after the end of the WAL is refused, with the last moment and latest', () => {
    const walEnd = () => ({ time: new Date(at('03:05:00')) });
    expect(() => resolve('2026-11-23T03:05:01Z', { walEnd })).toThrow(
      expect.objectContaining({
        code: 'TARGET-UNREACHABLE',
        fact: expect.stringContaining('2026-11-23T03:05:00.000Z'),
        hint: expect.stringContaining('--to latest'),
      }),
    );
    expect(facts('2026-11-23T03:05:00Z', { walEnd }).postgres?.[2]).toBe('time');
  });

  test('behind a compromised point is refused, with the moment before it', () => {
    const entries = mark(HOURLY, 'compromised');
    expect(() => resolve('2026-11-23T03:10:00Z', { entries })).toThrow(
      expect.objectContaining({
        code: 'TARGET-COMPROMISED',
        exit: 2,
        fact: expect.stringContaining(HOURLY),
        hint: expect.stringContaining('--to 2026-11-23T02:59:59.000Z'),
      }),
    );
    expect(facts('2026-11-23T02:59:59Z', { entries }).postgres).toEqual([FULL, '02:00:30', 'time', 0]);
    expect(facts('2026-11-23T03:10:00Z', { entries, allowCompromised: true }).postgres?.[0]).toBe(HOURLY);
  });

  test('in the future is refused', () => {
    const target = { kind: 'time', time: new Date(at('12:00:01')) } as const;
    expect(() => resolve('latest', { target })).toThrow(expect.objectContaining({ code: 'TARGET-IN-FUTURE', exit: 2 }));
  });
});

test('property: a time gives each workload its newest copy not after it, or is refused', () => {
  const second = fc.integer({ min: 0, max: 86_399 });
  const copies = fc.record({ redis: fc.array(second, { minLength: 1 }), postgres: fc.array(second, { minLength: 1 }) });
  fc.assert(
    fc.property(copies, second, ({ redis, postgres }, target) => {
      const iso = (s: number): string => new Date(Date.UTC(2026, 10, 22) + s * 1000).toISOString();
      const entries = [
        ...redis.map((s) => entryAt(iso(s), [resticCapture('redis', iso(s))])),
        ...postgres.map((s) => entryAt(iso(s), [postgresCapture(iso(s))])),
      ];
      const wanted = { entries, workloads: ['postgres', 'redis'], repository: 'x', now };
      const run = () => resolveTarget({ ...wanted, target: { kind: 'time', time: new Date(iso(target)) } });
      const best = [postgres, redis].map((list) => Math.max(...list.filter((s) => s <= target)));
      if (best.some((s) => s < 0)) {
        expect(run).toThrow(expect.objectContaining({ code: 'TARGET-UNREACHABLE' }));
        return;
      }
      const { items } = run();
      expect(items.map((i) => i.capture.capturedAt)).toEqual(best.map(iso));
      expect(items.map((i) => i.skewSeconds)).toEqual([0, target - (best[1] as number)]);
    }),
  );
});
