import { CommanderError } from 'commander';
import { expect, test } from 'vitest';
import { showError } from '../../cli/errors.ts';
import { buildProgram } from '../../cli/program.ts';
import { usageError } from '../../cli/usage.ts';
import { dr } from './run-dr.ts';

/** What `dr` prints for it, without a process of its own. */
async function refusal(words: readonly string[]): Promise<{ exit: number; text: string }> {
  const execute = async () => expect.unreachable('nothing may be run');
  const program = await buildProgram({ version: '0.0.0', words, execute });
  try {
    await program.parseAsync(['node', 'dr', ...words]);
  } catch (error) {
    return showError(error instanceof CommanderError ? usageError(error, program, words) : error, { verbose: false });
  }
  return expect.unreachable('it was accepted');
}

const RESTORE = ['restore', '--env', '/nowhere/dr.yaml'];

test.each([
  [
    'an unknown command',
    ['restor'],
    'DR-USAGE dr: unknown command "restor". Did you mean "restore" or "restore-volume"?',
  ],
  ['an unknown word of a family', ['plan', 'shw'], 'DR-USAGE dr plan: unknown command "shw". Did you mean "show"?'],
  ['an unknown word beside a default', ['points', 'shw'], 'unknown command "shw". Did you mean "show"?'],
  ['an unknown command after help', ['help', 'bakup'], 'unknown command "bakup". Did you mean "backup"?'],
  ['an unknown option', [...RESTORE, '--too', 'latest'], 'hint: did you mean --to?'],
  ['no command', [], 'DR-USAGE dr: no command was given'],
  ['a missing kind', ['backup'], '"--kind <kind>" not specified'],
  [
    'a kind that is none',
    ['backup', '--kind', 'fll'],
    'argument "fll" is invalid. Allowed choices are full, incremental',
  ],
  ['a percentage of 101', ['verify', '--read-data', '101'], 'Wanted a percentage from 0 to 100'],
  ['a seed of -1', ['drill', '--seed=-1'], 'Wanted a whole number'],
  ['an empty name in a list', ['backup', '--kind', 'full', '--only', 'redis,'], 'It has an empty name'],
  ['a missing argument', ['points', 'show'], 'DR-USAGE dr points show: missing required argument "id"'],
  ['no target', RESTORE, 'hint: say what to restore: --to latest'],
  [
    'two targets',
    [...RESTORE, '--latest', '--to', '20261123T020000Z-full-7f3a'],
    '--latest and --to 20261123T020000Z-full',
  ],
  ['--latest', [...RESTORE, '--latest'], 'hint: type `dr restore --to latest`'],
  ['an empty target', [...RESTORE, '--to', ''], '--to is empty'],
  ['a table without a schema', [...RESTORE, '--to', 'latest', '--table', 'orders'], 'type --table public.orders'],
] as const)('%s is bad usage: exit 2, quoted, with what to type', async (_, args, said) => {
  const { exit, text } = await refusal(args);
  expect(text).toContain(said);
  expect(text).toMatch(/^DR-USAGE .+: .+\nhint: .+/);
  expect(exit).toBe(2);
});

test('an error goes to stderr, its code is the exit code, and stdout stays empty', async () => {
  const { exit, stdout, stderr } = await dr(['restor']);
  expect(stderr).toBe(
    'DR-USAGE dr: unknown command "restor". Did you mean "restore" or "restore-volume"?\nhint: `dr --help` shows what it takes',
  );
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
});

test.each([
  ['what could not be parsed', ['backup', '--kind', 'fll', '-o', 'json'], 'USAGE'],
  ['what a command refuses', ['health', '--output=json', '--env', '/nowhere/dr.yaml'], 'ENV-MISSING'],
])('with -o json %s is an Error envelope on stdout', async (_, args, code) => {
  const { exit, stdout, stderr } = await dr(args);
  expect(JSON.parse(stdout)).toMatchObject({ apiVersion: 'go-coffee-dr/v1', kind: 'Error', code, exit: 2 });
  expect(Object.keys(JSON.parse(stdout))).toEqual(expect.arrayContaining(['where', 'fact', 'hint']));
  expect(stderr).toContain(`DR-${code}`);
  expect(exit).toBe(2);
});

test('DR_ENV names the environment file, --env wins over it', async () => {
  expect((await dr(['health'], { DR_ENV: '/nowhere/a.yaml' })).stderr).toContain('/nowhere/a.yaml');
  expect((await dr(['health', '--env', '/nowhere/b.yaml'], { DR_ENV: '/nowhere/a.yaml' })).stderr).toContain('b.yaml');
});

test('without any environment file it says where it looked', async () => {
  const { exit, stderr } = await dr(['health']);
  expect(stderr).toContain('/etc/go-coffee-dr/dr.yaml');
  expect(exit).toBe(2);
});
