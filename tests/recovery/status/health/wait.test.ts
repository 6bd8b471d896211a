import { expect, test } from 'vitest';
import type { ProgressEvent } from '../../../../recovery/core/progress.ts';
import type { HealthReport } from '../../../../recovery/status/health/types.ts';
import { parseWait, untilHealthy } from '../../../../recovery/status/health/wait.ts';

const report = (healthy: boolean): HealthReport => ({
  at: '2026-11-25T20:00:00.000Z',
  environment: 'production',
  comprehensive: false,
  healthy,
  tiers: [],
  checks: [{ id: 'kubernetes', title: 'The cluster answers', ok: healthy, fact: 'what was found' }],
});

/** Healthy from the nth round on. */
function rounds(n: number) {
  const state = { made: 0 };
  const check = async () => {
    state.made += 1;
    return report(state.made >= n);
  };
  return { state, check };
}

test('it asks until all is well, and says what is not', async () => {
  const { state, check } = rounds(3);
  const events: ProgressEvent[] = [];
  const progress = (event: ProgressEvent) => void events.push(event);
  const last = await untilHealthy(check, { seconds: 60, everySeconds: 0.001, progress });
  expect([last.healthy, state.made]).toEqual([true, 3]);
  expect(events.map(({ state: each }) => each)).toEqual(['start', 'progress', 'progress', 'done']);
  expect(events[1]?.detail).toBe('The cluster answers: what was found');
});

test('when the time is over, what was found last is the answer', async () => {
  const { state, check } = rounds(Number.POSITIVE_INFINITY);
  const last = await untilHealthy(check, { seconds: 0.02, everySeconds: 0.005 });
  expect(last.healthy).toBe(false);
  expect(state.made).toBeGreaterThan(1);
  const once = rounds(2);
  expect((await untilHealthy(once.check, { seconds: 0 })).healthy).toBe(false);
  expect(once.state.made).toBe(1);
});

test('an interruption ends the pause', async () => {
  const { check } = rounds(Number.POSITIVE_INFINITY);
  const stop = new AbortController();
  const waiting = untilHealthy(check, { seconds: 600, signal: stop.signal });
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
});

test.each([
  ['15m', 900],
  ['90s', 90],
])('%s', (text, expected) => {
  expect(parseWait(text)).toBe(expected);
});

test.each(['90', '-5m', 'soon'])('%s is no time to wait', (text) => {
  expect(() => parseWait(text)).toThrow(expect.objectContaining({ code: 'WAIT', exit: 2, where: '--wait' }));
});
