import { expect, test } from 'vitest';
import { EXIT } from '../../../recovery/core/errors.ts';
import { rebuild } from '../../../recovery/rebuild/rebuild.ts';
import { newBackend } from './fake-engine.ts';
import { portsOf, REQUEST, RESOURCES, scratch } from './rebuild-fixture.ts';

const BAD = { kind: 'Deployment', name: 'auth', after: ['Secret/order-db'], refused: 'spec.replicas: Invalid value' };
const WITH_BAD = RESOURCES.map((each) => (each.name === 'auth' ? BAD : each));

test('one bad object stops it with its name and a hint; once fixed, the same command resumes', async () => {
  await using at = await scratch();
  const backend = newBackend(WITH_BAD);
  const stopped = await rebuild(REQUEST, portsOf(backend, at.stateDir));
  expect(stopped).toMatchObject({
    exit: EXIT.failure,
    failure: { code: 'REBUILD-FAILED', where: 'Deployment/auth of fresh', fact: 'spec.replicas: Invalid value' },
  });
  expect(stopped.failure?.hint).toContain('--keep-going');
  const mended = { ...backend, resources: RESOURCES };
  const outcome = await rebuild(REQUEST, portsOf(mended, at.stateDir));
  expect(outcome).toMatchObject({ exit: EXIT.ok, resumed: true });
  expect(outcome.plan.pin).toEqual(stopped.plan.pin);
});

test('with keepGoing it is skipped, the rest is made, and the result is partial', async () => {
  await using at = await scratch();
  const backend = newBackend(WITH_BAD);
  const outcome = await rebuild({ ...REQUEST, keepGoing: true }, portsOf(backend, at.stateDir));
  expect(outcome).toMatchObject({
    exit: EXIT.partial,
    setAside: [{ object: 'Deployment/auth', reason: 'spec.replicas: Invalid value' }],
  });
  expect(backend.cluster.has('Deployment/reports')).toBe(true);
  expect(backend.stacks.get('fresh')?.config.recovery?.value).toMatchObject({ exclude: ['Deployment/auth'] });
});

test('a failed tier check can’t be skipped', async () => {
  await using at = await scratch();
  const resources = RESOURCES.map((each) =>
    each.name === 'recovery-check-p1' ? { ...each, refused: 'BackoffLimitExceeded' } : each,
  );
  const outcome = await rebuild({ ...REQUEST, keepGoing: true }, portsOf(newBackend(resources), at.stateDir));
  expect(outcome).toMatchObject({
    exit: EXIT.verificationFailed,
    failure: { code: 'TIER-NOT-WELL', where: 'P1 of fresh' },
  });
  expect(outcome.tiers.every(({ readyAt }) => readyAt === undefined)).toBe(true);
});
