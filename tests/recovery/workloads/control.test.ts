/** A start or stop command of dr.yaml that fails is named by its setting. */
import { expect, test } from 'vitest';
import { silentLog } from '../../../recovery/core/log.ts';
import { makeRun } from '../../../recovery/core/process.ts';
import { runStart, runStop } from '../../../recovery/workloads/control.ts';

const site = { run: makeRun(silentLog) };
const failing = (words: string): [string, ...string[]] => ['sh', '-c', `echo '${words}' >&2; exit 1`];

test('a command that refuses root: how it is run as another account', async () => {
  const control = { start: failing('x'), stop: failing('pg_ctl: cannot be run as root') };
  await expect(runStop(site, 'postgres.control', control)).rejects.toMatchObject({
    code: 'ENGINE-FAILED',
    where: 'postgres.control.stop',
    fact: expect.stringContaining('cannot be run as root'),
    hint: expect.stringContaining('runuser'),
  });
});

test('any other one: its words, and where it stands', async () => {
  const control = { start: failing('no such unit'), stop: failing('x') };
  await expect(runStart(site, 'redis.control', control)).rejects.toMatchObject({
    where: 'redis.control.start',
    fact: expect.stringContaining('no such unit'),
    hint: expect.stringContaining('dr.yaml'),
  });
});
