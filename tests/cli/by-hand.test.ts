/** `dr --stack NAME COMMAND`: how the line is read, and which commands no pod runs. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { expect, test } from 'vitest';
import { splitStack } from '../../cli/by-hand.ts';
import { buildProgram } from '../../cli/program.ts';
import { pathOf } from '../../cli/usage.ts';
import { podFor } from '../../recovery/operate/commands.ts';
import { dr } from './run-dr.ts';

test.each([
  [['points'], undefined, ['points']],
  [['--stack', 'production', 'points', '-o', 'json'], 'production', ['points', '-o', 'json']],
  [['-o', 'json', '--stack=dr', 'health'], 'dr', ['-o', 'json', 'health']],
  [['--env', '--stack', 'health'], undefined, ['--env', '--stack', 'health']],
  [['failover', '--stack', 'dr'], undefined, ['failover', '--stack', 'dr']],
  [['--stack', 'a', 'failover', '--stack', 'b'], 'a', ['failover', '--stack', 'b']],
  [['--stack', 'a', '--help'], 'a', ['--help']],
])('%j is for the stack %s', (typed, stack, words) => {
  expect(splitStack(typed)).toEqual({ stack, words });
});

test.each([[['--stack']], [['--stack=']], [['--stack', '--quiet', 'points']]])('%j names no stack', (typed) => {
  expect(() => splitStack(typed)).toThrow('DR-USAGE --stack: it has no name');
});

function leaves(command: CommandUnknownOpts): CommandUnknownOpts[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

/** What changes data, keys or stacks. */
const REFUSED =
  /^dr (init|backup|prune|restore|restore-volume|seed|rebuild|failover|failback|harden|drill|impact|keys|find|isolate|evidence|secrets|runbook|exercise|points (name|locate)|offsite (export|verify)|repository (clean|repair|detach|attach|recreate))\b/;

const RUN =
  /^dr (assess|doctor|health|monitor|objectives|incident|readiness|plan|points (list|show|mark)|unlock|verify|repository status|offsite list)\b/;

test('what reads, verifies or marks runs in a pod; what changes data, keys or stacks does not', async () => {
  const program = await buildProgram({ version: '0', execute: async () => {} });
  for (const path of leaves(program).map(pathOf)) {
    if (RUN.test(path)) expect([path, podFor(path, {}, 'production')]).toEqual([path, expect.any(String)]);
    if (REFUSED.test(path)) expect(() => podFor(path, {}, 'production'), path).toThrow('NOT-IN-A-POD');
  }
});

test.each([
  [['restore', '--to', 'latest'], 'dr rebuild --stack NAME --to latest --like production'],
  [['failover', '--stack', 'dr'], 'dr failover --stack production'],
  [['backup', '--kind', 'full'], 'kubectl -n NAMESPACE create job --from=cronjob/NAME'],
  [['monitor', '--serve'], 'port-forward service/dr-monitor'],
])('%j is refused before anything is opened', async (words, hint) => {
  const { exit, stderr } = await dr(['--stack', 'production', ...words]);
  expect(exit).toBe(2);
  expect(stderr).toContain('DR-NOT-IN-A-POD');
  expect(stderr).toContain(hint);
});

test('an environment file and a stack contradict each other, and so does a stack behind the command', async () => {
  const both = await dr(['--stack', 'production', '--env', 'dr.yaml', '-o', 'json', 'points']);
  expect(both.exit).toBe(2);
  expect(JSON.parse(both.stdout)).toMatchObject({ kind: 'Error', code: 'USAGE', where: '--env' });
  const behind = await dr(['points', '--stack', 'production']);
  expect(behind.exit).toBe(2);
  expect(behind.stderr).toContain('type it before the command: dr --stack NAME points');
});

test('help is shown without a cluster', async () => {
  const own = await dr(['--stack', 'production', 'points', '--help']);
  expect(own).toMatchObject({ exit: 0, stdout: expect.stringContaining('Usage: dr points') });
  expect((await dr(['--help'])).stdout).toContain('$ dr --stack production points');
});
