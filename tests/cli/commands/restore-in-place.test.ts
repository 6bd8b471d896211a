/** `dr restore --stack` without `--select`: what its options alone show to be wrong, before any stack is read. */
import { expect, test } from 'vitest';
import { dr } from '../run-dr.ts';

test.each<readonly [readonly string[], string, string]>([
  [[], 'no recovery target', '--to latest'],
  [['--to', 'latest', '--only', 'uploads'], '--only uploads can’t be restored in place', '--only postgres,redis'],
  [['--to', 'latest', '--only', 'redis'], 'a generation is one of the database', '--only postgres,redis'],
  [['--to', 'before:744'], 'a cluster replays to a time', 'dr points locate before:744'],
  [['--to', 'latest', '--table', 'public.orders'], '--stack production and --table can’t be combined', 'whole'],
  [['--to', 'latest', '--allow-compromised'], '--stack production and --allow-compromised', 'a point that is good'],
  [['--to', 'latest', '--no-backup'], '--stack production and --no-backup', 'whole'],
])('%j is refused', async (args, fact, hint) => {
  const { exit, stderr } = await dr(['restore', '--stack', 'production', ...args]);
  expect({ exit, stderr }).toEqual({ exit: 2, stderr: expect.stringContaining(fact) });
  expect(stderr).toContain(hint);
});
