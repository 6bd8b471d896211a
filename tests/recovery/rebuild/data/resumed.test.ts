/** What is verified comes from the point: a run that resumes, and remembers nothing, compares as the first one would have. */
import { expect, test } from 'vitest';
import { EXIT } from '../../../../recovery/core/errors.ts';
import { dataVerifier } from '../../../../recovery/rebuild/data/verifier.ts';
import { rebuild } from '../../../../recovery/rebuild/rebuild.ts';
import { rebuildReport } from '../../../../recovery/rebuild/report.ts';
import type { RebuildOutcome, RebuildPorts } from '../../../../recovery/rebuild/types.ts';
import { drillPorts, ENTRIES, type Held, PIN, wellHeld } from '../../../drill/cluster/drill-fixture.ts';
import { type FakeBackend, Killed, newBackend } from '../fake-engine.ts';
import { portsOf, REQUEST, RESOURCES, type Scratch, scratch } from '../rebuild-fixture.ts';

const DECLARED = new Date('2026-11-25T20:05:00Z');
const ASKED = { ...REQUEST, declaredAt: DECLARED };

interface World {
  readonly at: Scratch;
  readonly backend: FakeBackend;
  readonly held?: Held;
  readonly change?: Partial<RebuildPorts>;
}

function portsIn({ at, backend, held = wellHeld(), change = {} }: World, killAt?: number): RebuildPorts {
  const base = portsOf(backend, at.stateDir, killAt);
  const { openCluster, resolve, readPoints } = drillPorts(backend, at.stateDir, held);
  const ports = { ...base, resolve, readPoints, ...change };
  return { ...ports, verify: dataVerifier({ ...ports, openCluster }, { isolated: false }).verify };
}

/** Killed while it created, and resumed as another process would. */
async function resumed(world: World): Promise<RebuildOutcome> {
  await expect(rebuild(ASKED, portsIn(world, 16))).rejects.toBeInstanceOf(Killed);
  const outcome = await rebuild(ASKED, portsIn(world));
  expect(outcome.resumed).toBe(true);
  return outcome;
}

test('the same checks, with the same expectations, as a run that was not interrupted', async () => {
  await using at = await scratch();
  const whole = await rebuild(ASKED, portsIn({ at, backend: newBackend(RESOURCES) }));
  await using other = await scratch();
  const outcome = await resumed({ at: other, backend: newBackend(RESOURCES) });
  const compared = ({ checks }: RebuildOutcome) => checks.map(({ title, expected, ok }) => ({ title, expected, ok }));
  const data = (of: RebuildOutcome) => compared(of).filter(({ expected }) => expected !== 'dr health passes');
  expect(data(outcome)).toEqual(data(whole));
  expect(outcome.checks.find(({ title }) => title === 'Redis holds its keys')?.expected).toContain('40 keys');
  expect(outcome.checks.find(({ title }) => title === 'tables hold their rows')?.evidence).toContain('the dump of');
  expect(outcome.exit).toBe(EXIT.ok);
});

test.each<[string, (held: Held) => void, string]>([
  ['a lost table', (held) => void held.tables.pop(), 'tables hold their rows'],
  ['lost keys', (held) => Object.assign(held, { keys: 0 }), 'Redis holds its keys'],
  ['an altered canary row', (held) => void held.canary?.shift(), 'canary rows'],
])('it finds %s', async (_, damage, title) => {
  await using at = await scratch();
  const held = wellHeld();
  damage(held);
  const outcome = await resumed({ at, backend: newBackend(RESOURCES), held });
  expect(outcome.checks.filter(({ ok }) => !ok).map((check) => check.title)).toContain(title);
  expect(outcome.exit).toBe(EXIT.verificationFailed);
});

test.each<[string, RebuildPorts['readPoints'], string]>([
  ['the repository does not answer', () => Promise.reject(new Error('no route to host')), 'no route to host'],
  ['its catalog lost the point', async () => ENTRIES.slice(0, 1), 'its catalog has no such point'],
  [
    'the point’s signature is bad',
    async () => ENTRIES.map((entry) => ({ ...entry, trust: 'tampered' as const })),
    'signature: tampered',
  ],
])('with nothing to compare it fails: %s', async (_, readPoints, actual) => {
  await using at = await scratch();
  const outcome = await resumed({ at, backend: newBackend(RESOURCES), change: { readPoints } });
  const failed = outcome.checks.filter(({ ok }) => !ok);
  expect(failed.map(({ title }) => title)).toEqual([
    'the point can be compared with',
    'tables hold their rows',
    'canary rows',
    'Redis holds its keys',
  ]);
  expect(failed[0]?.actual).toContain(actual);
  expect(outcome.exit).toBe(EXIT.verificationFailed);
});

test('a point whose manifests nobody can read is not verified by none', async () => {
  await using at = await scratch();
  const pin = {
    ...PIN,
    objects: [
      {
        workload: 'manifests',
        point: PIN.postgres.point,
        snapshot: 'b'.repeat(64),
        capturedAt: PIN.postgres.capturedAt,
        part: 'manifests' as const,
      },
    ],
  };
  const resolve: RebuildPorts['resolve'] = async () => ({ pin, notes: [], generations: [] });
  const outcome = await resumed({ at, backend: newBackend(RESOURCES), change: { resolve } });
  expect(outcome.checks.filter(({ ok }) => !ok)).toMatchObject([{ title: 'captured objects exist' }]);
  expect(outcome.exit).toBe(EXIT.verificationFailed);
});

test('the RPO is that of the data, and a store without a copy misses it', async () => {
  await using at = await scratch();
  const outcome = await resumed({ at, backend: newBackend(RESOURCES) });
  const { productionPlan } = await import('../../../../plan/production.ts');
  const environment = { engines: {}, cpus: 1, memoryBytes: 1, platform: 'linux' };
  const report = rebuildReport(productionPlan, outcome, environment);
  // The heartbeat of 20:04:30; the backup set alone is of 20:00.
  expect(report.losses.find(({ what }) => what === 'postgres')?.seconds).toBe(30);
  const { redis: _, ...without } = outcome.plan.pin;
  const loss = outcome.plan.loss.filter(({ workload }) => workload !== 'redis');
  const empty = rebuildReport(
    productionPlan,
    { ...outcome, plan: { ...outcome.plan, pin: without, loss } },
    environment,
  );
  expect(empty.tiers.find(({ id }) => id === 'P1')?.rpo).toEqual({ objectiveSeconds: 3600, met: false });
  expect(empty.losses.map(({ what, detail }) => `${what}: ${detail}`)).toContain('redis: no copy: it starts empty');
});
