/** Over what the real engine wrote: previews of the shipped stacks, cut down to some of their steps and fields. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dr } from '../../cli/run-dr.ts';

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', `${name}.json`);

test('a failover is said first and must be accepted; schedules run and Redis starts', async () => {
  const { exit, stdout } = await dr(['impact', fixture('dr-failover')]);
  expect(exit).toBe(4);
  expect(stdout).toMatch(/^### Recovery impact: dr\n\n\*\*Applying this is the failover\.\*\*/);
  expect(stdout).toContain('\n\n1 worse, 2 better.\n');
  expect(stdout).toContain('`--accept "failover=REASON"`');
  expect(stdout).toContain(
    '| better | schedules | CronJob dr-hourly | 0 \\* \\* \\* \\*, suspended | 0 \\* \\* \\* \\* |',
  );
  expect(stdout).toContain('| better | instances | instances of redis | 0 | 1 |');
  expect(stdout).toContain('|  | rpo | worst-case RPO of P1 | 30 min | 30 min |');
});

test('back to a standby, from two previews: what stops is worse', async () => {
  const { exit, stdout } = await dr([
    'impact',
    '--before',
    fixture('dr-failover'),
    '--after',
    fixture('dr-new'),
    '-o',
    'json',
  ]);
  expect(exit).toBe(4);
  expect(JSON.parse(stdout).refused).toEqual(['failover', 'CronJob dr-hourly', 'instances of redis']);
});

test('a stronger lock is better, and the plan is not among the steps', async () => {
  const { exit, stdout } = await dr(['impact', fixture('production-lock-mode')]);
  expect(exit).toBe(0);
  expect(stdout).toContain(
    '| better | immutability | mode of the lock of go-coffee-backups | GOVERNANCE | COMPLIANCE |',
  );
  expect(stdout).toContain('RPO and RTO stay as they are');
});

test('a first preview: all is new, and what the update will know is said as such', async () => {
  const { exit, stdout } = await dr(['impact', fixture('dr-new'), '-o', 'json']);
  expect(exit).toBe(0);
  const { changes } = JSON.parse(stdout) as { changes: { verdict: string }[] };
  expect(new Set(changes.map(({ verdict }) => verdict))).toEqual(new Set(['new']));
});

test('a preview that the program refused says why: exit 2', async () => {
  const { exit, stderr } = await dr(['impact', fixture('production-refused')]);
  expect(exit).toBe(2);
  expect(stderr).toContain('DR-PREVIEW-FAILED');
  expect(stderr).toContain("the schedules can't meet its RPO (P2, secondary): 6 h interval");
});

test('no fixture holds a secret', async () => {
  for (const name of ['dr-failover', 'dr-new']) {
    const { steps } = JSON.parse(await readFile(fixture(name), 'utf8')) as {
      steps: { urn: string; newState: { inputs: { stringData?: unknown } } }[];
    };
    const secret = steps.find(({ urn }) => urn.includes('core/v1:Secret'));
    expect(secret?.newState.inputs.stringData).toBe('[secret]');
  }
});
