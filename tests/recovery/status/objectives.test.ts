import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { productionPlan } from '../../../plan/production.ts';
import {
  lastRto,
  measurementsFile,
  readMeasurements,
  recordMeasurements,
} from '../../../recovery/report/measurements.ts';
import { type Copy, judgeObjectives } from '../../../recovery/status/objectives.ts';
import { scratch } from '../../scratch.ts';

const NOW = new Date('2026-11-23T12:00:00Z');
const workloads = productionPlan.workloads.filter(({ id }) =>
  ['postgres', 'redis', 'uploads', 'manifests'].includes(id),
);

function copy(workload: string, minutes: number, repository = 'primary'): Copy {
  return { workload, repository, safeUntil: new Date(NOW.getTime() - minutes * 60_000), basis: 'point x' };
}

test('each workload has the objective of its data, and its newest copy counts', () => {
  const copies = [
    copy('postgres', 59),
    copy('redis', 61),
    copy('redis', 200, 'local'),
    copy('uploads', 239),
    copy('manifests', 23 * 60),
  ];
  const { rpo, missed } = judgeObjectives({ plan: productionPlan, workloads, copies, measurements: [] }, NOW);
  expect(rpo).toMatchObject([
    { workload: 'postgres', objectiveSeconds: 3600, ageSeconds: 59 * 60, met: true },
    { workload: 'redis', objectiveSeconds: 3600, ageSeconds: 61 * 60, met: false, repository: 'primary' },
    { workload: 'uploads', objectiveSeconds: 14_400, met: true },
    { workload: 'manifests', objectiveSeconds: 86_400, met: true },
  ]);
  expect(missed).toEqual(['redis RPO']);
});

test('no copy at all is a missed objective, and a clock that is ahead is no negative age', () => {
  const { rpo, missed } = judgeObjectives(
    { plan: productionPlan, workloads, copies: [copy('postgres', -5)], measurements: [] },
    NOW,
  );
  expect(rpo[0]).toMatchObject({ ageSeconds: 0, met: true });
  expect(missed).toEqual(['redis RPO', 'uploads RPO', 'manifests RPO']);
});

test('the other form of the same data has no RPO of its own', () => {
  const dump = productionPlan.workloads.filter(({ type }) => type === 'postgres-dump');
  expect(dump).toHaveLength(1);
  expect(judgeObjectives({ plan: productionPlan, workloads: dump, copies: [], measurements: [] }, NOW).rpo).toEqual([]);
});

test('the last measured RTO of each tier counts; none is neither met nor missed', () => {
  const measured = (at: string, tier: string, rtoSeconds: number) =>
    ({ at, tier, rtoSeconds, what: 'drill', source: 'drill' }) as const;
  const measurements = [
    measured('2026-11-01T00:00:00Z', 'P1', 60),
    measured('2026-11-02T00:00:00Z', 'P1', 7201),
    measured('2026-11-02T00:00:00Z', 'P2', 60),
  ];
  const { rto, missed } = judgeObjectives({ plan: productionPlan, workloads: [], copies: [], measurements }, NOW);
  expect(rto.map(({ tier, met, measured: m }) => [tier, met, m?.seconds])).toEqual([
    ['P1', false, 7201],
    ['P2', true, 60],
    ['P3', true, undefined],
    ['P4', true, undefined],
  ]);
  expect(missed).toEqual(['P1 RTO']);
});

test('measurements are kept, a torn line is not counted and spoils no other', async () => {
  const state = join(await scratch(), 'state');
  expect(await readMeasurements(state)).toEqual([]);
  const first = {
    at: '2026-11-02T00:00:00.000Z',
    what: 'restore',
    tier: 'P1',
    rtoSeconds: 40,
    source: 'restore',
  } as const;
  await recordMeasurements(state, [first, { ...first, tier: 'P2', rpoSeconds: 3 }]);
  await mkdir(state, { recursive: true });
  await appendFile(measurementsFile(state), '{"at":"2026-11-03T00:00:00.000Z","what":"re');
  await recordMeasurements(state, [{ ...first, tier: 'P4' }]);
  const kept = await readMeasurements(state);
  expect(kept.map(({ tier }) => tier)).toEqual(['P1', 'P2', 'P4']);
  expect(lastRto(kept, 'P1')).toEqual(first);
  expect(lastRto(kept, 'P3')).toBeUndefined();
});
