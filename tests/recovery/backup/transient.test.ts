/** What is tried again, how often, and what is not. */
import { describe, expect, test } from 'vitest';
import { isTransient, withRetries } from '../../../recovery/backup/transient.ts';
import { badInput, DrError } from '../../../recovery/core/errors.ts';

const failed = (fact: string, cause?: unknown) =>
  new DrError({ code: 'ENGINE-FAILED', where: 'pg_dump', fact, hint: 'x', ...(cause === undefined ? {} : { cause }) });

describe('a failure that passes by itself', () => {
  test.each([
    ['connection to server on socket "/run/x/.s.PGSQL.5432" failed: Connection refused'],
    ['ended 1: FATAL:  the database system is starting up'],
    ['socket failed: No such file or directory\n\tIs the server running locally and accepting connections?'],
    ['FATAL:  sorry, too many clients already'],
    ['ssh: Could not resolve hostname git.example.com: Temporary failure in name resolution'],
    [
      "ended 49: ERROR: [049]: unable to get address for 'postgres.go-coffee.svc': [-3] Temporary failure in name resolution",
    ],
    ['unable to check pg1: [HostConnectError] unable to connect to postgres:8432'],
    ['LOADING Redis is loading the dataset in memory'],
  ])('%s', (fact) => {
    expect(isTransient(failed(fact))).toBe(true);
  });

  test('also as a cause, or as a code', () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    expect(isTransient(refused)).toBe(true);
    expect(isTransient(failed('Redis does not answer', refused))).toBe(true);
    expect(isTransient(Object.assign(new Error('starting'), { code: '57P03' }))).toBe(true);
  });

  test.each([
    ['a password', failed('FATAL:  password authentication failed for user "dr"')],
    ['a table', failed('ERROR:  permission denied for table orders')],
    ['a missing folder', badInput({ code: 'FOLDER-MISSING', where: 'x', fact: 'connection refused', hint: 'x' })],
    ['a hook', new DrError({ code: 'HOOK-FAILED', where: 'x', fact: 'connection refused', hint: 'x' })],
    ['a bug', new TypeError('x is not a function')],
  ])('not %s', (_, error) => {
    expect(isTransient(error)).toBe(false);
  });
});

test('tries with a limit, says so, and gives the last failure', async () => {
  const said: string[] = [];
  const options = { onRetry: (detail: string) => void said.push(detail), pausesSeconds: [0, 0] };
  let tries = 0;
  const work = (good: number) => async () => {
    tries += 1;
    if (tries < good) throw failed(`connection refused ${tries}`);
    return tries;
  };
  expect(await withRetries(options, work(3))).toBe(3);
  expect(said).toHaveLength(2);
  tries = 0;
  await expect(withRetries(options, work(9))).rejects.toThrow('connection refused 3');
  tries = 0;
  await expect(withRetries(options, () => Promise.reject(failed('permission denied')))).rejects.toThrow('permission');
  expect(said).toHaveLength(4);
});
