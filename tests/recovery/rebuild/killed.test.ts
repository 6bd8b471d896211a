/** F01 for stacks: a rebuild that is killed between any two steps goes on by the same command. */
import { expect, test } from 'vitest';
import { EXIT } from '../../../recovery/core/errors.ts';
import { rebuild } from '../../../recovery/rebuild/rebuild.ts';
import { Killed, newBackend } from './fake-engine.ts';
import { portsOf, REQUEST, RESOURCES, scratch } from './rebuild-fixture.ts';

/** How many steps an undisturbed rebuild has. */
async function allSteps(): Promise<number> {
  await using at = await scratch();
  const ports = portsOf(newBackend(RESOURCES), at.stateDir);
  const outcome = await rebuild(REQUEST, ports);
  expect(outcome.exit).toBe(EXIT.ok);
  return ports.engine.steps();
}

test('killed before each of its steps in turn, the same command succeeds: same point, same clock', async () => {
  const total = await allSteps();
  expect(total).toBeGreaterThan(RESOURCES.length * 2);
  for (let killAt = 1; killAt <= total; killAt += 1) {
    await using at = await scratch();
    const backend = newBackend(RESOURCES);
    const first = portsOf(backend, at.stateDir, killAt);
    const declaredAt = new Date(Date.now() - 60_000);
    await expect(rebuild({ ...REQUEST, declaredAt }, first), `step ${killAt}`).rejects.toBeInstanceOf(Killed);

    const second = portsOf(backend, at.stateDir);
    const outcome = await rebuild(REQUEST, second);
    expect(outcome, `killed before step ${killAt}`).toMatchObject({ exit: EXIT.ok, resumed: true });
    expect([...backend.cluster].toSorted()).toEqual(RESOURCES.map(({ kind, name }) => `${kind}/${name}`).toSorted());
    expect(backend.stacks.get('fresh')).toMatchObject({ pending: [], lockedBy: undefined });
    expect(outcome.plan.declaredAt).toBe(declaredAt.toISOString());
    expect(outcome.outputs.recoveredFrom).toEqual(outcome.plan.pin);
    // What somebody has agreed to is what is done, and nobody is asked twice.
    const agreed = first.approved[0];
    if (agreed !== undefined) expect(outcome.plan.pin).toEqual(agreed.pin);
    expect(first.approved.length + second.approved.length).toBeLessThanOrEqual(2);
    if (killAt > total / 2) expect(second.approved).toEqual([]);
  }
});

test('killed twice, the second time in the resumed run', async () => {
  const total = await allSteps();
  for (let killAt = 2; killAt < total; killAt += 3) {
    await using at = await scratch();
    const backend = newBackend(RESOURCES);
    await expect(rebuild(REQUEST, portsOf(backend, at.stateDir, killAt))).rejects.toBeInstanceOf(Killed);
    await rebuild(REQUEST, portsOf(backend, at.stateDir, 4)).catch((error: unknown) => {
      expect(error).toBeInstanceOf(Killed);
    });
    const outcome = await rebuild(REQUEST, portsOf(backend, at.stateDir));
    expect(outcome.exit, `killed before step ${killAt}`).toBe(EXIT.ok);
  }
});
