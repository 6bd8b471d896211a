import { expect, test } from 'vitest';
import { hasCode } from '../../../recovery/core/errors.ts';
import { poll } from '../../../recovery/core/poll.ts';

const quick = { seconds: 5, everySeconds: 0.001 };

test('the first answer that will do ends it', async () => {
  let asked = 0;
  expect(
    await poll(
      quick,
      async () => ++asked,
      (n) => n === 3,
    ),
  ).toEqual({ answer: 3, accepted: true });
  expect(asked).toBe(3);
});

test('no time asks once, and gives that answer', async () => {
  let asked = 0;
  expect(
    await poll(
      { seconds: 0 },
      async () => ++asked,
      () => false,
    ),
  ).toEqual({ answer: 1, accepted: false });
});

test('the last question is asked when the time is up, not before', async () => {
  const started = performance.now();
  const { accepted } = await poll(
    { seconds: 0.05, everySeconds: 60 },
    async () => performance.now(),
    () => false,
  );
  expect(accepted).toBe(false);
  expect(performance.now() - started).toBeGreaterThanOrEqual(49);
});

test('a raised signal ends the wait', async () => {
  const stop = new AbortController();
  const polling = poll(
    { seconds: 60, everySeconds: 60, signal: stop.signal },
    async () => stop.abort(),
    () => false,
  );
  await expect(polling).rejects.toMatchObject({ name: 'AbortError' });
});

test('what the question throws is not swallowed', async () => {
  await expect(
    poll(
      quick,
      () => Promise.reject(new Error('gone')),
      () => true,
    ),
  ).rejects.toThrow('gone');
});

test.each([
  [Object.assign(new Error('x'), { code: 'ENOENT' }), true],
  [Object.assign(new Error('x'), { code: 'EACCES' }), false],
  [new Error('ENOENT'), false],
  [{ code: 'ENOENT' }, false],
  [undefined, false],
  ['ENOENT', false],
])('hasCode(%o, ENOENT) is %s', (error, expected) => {
  expect(hasCode(error, 'ENOENT', 'ENOTDIR')).toBe(expected);
});
