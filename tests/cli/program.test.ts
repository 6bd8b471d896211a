/** A command's file is loaded when its name is typed, and only then. */
import { expect, test } from 'vitest';
import { buildProgram, COMMANDS } from '../../cli/program.ts';
import { dr } from './run-dr.ts';

const execute = async (): Promise<void> => {};

test.each(COMMANDS)('the row of %s says what its file declares', async (name, summary, load) => {
  const command = (await load()).declare(execute);
  expect([command.name(), command.description()]).toEqual([name, summary]);
});

/** Those with more than a summary. */
async function loaded(words: readonly string[]): Promise<string[]> {
  const program = await buildProgram({ version: '0.0.0', execute, words });
  const full = program.commands.filter(({ options, commands }) => options.length + commands.length > 0);
  return full.map((command) => command.name());
}

test.each([
  [['--help'], []],
  [['restor'], []],
  [['points'], ['points']],
  [['--env', 'x.yaml', 'restore', '--to', 'latest'], ['restore']],
  [['help', 'restore'], ['restore']],
  [
    ['drill', '--folder', 'backup'],
    ['backup', 'drill'],
  ],
])('of %j only these are loaded: %j', async (words, names) => {
  expect(await loaded(words)).toEqual(names);
});

test('the root’s help has every command, whatever is loaded', async () => {
  const all = await buildProgram({ version: '0.0.0', execute });
  const none = await buildProgram({ version: '0.0.0', execute, words: [] });
  expect(none.helpInformation()).toBe(all.helpInformation());
});

test('the former name of restore-volume works, and is not shown', async () => {
  const seed = await dr(['seed', '--help']);
  expect(seed).toMatchObject({ exit: 0, stdout: expect.stringContaining('Usage: dr seed [options] <workload>') });
  const { stdout } = await dr(['restore-volume', '--help']);
  expect(seed.stdout.replaceAll('dr seed', 'dr restore-volume')).toBe(stdout);
  const root = await dr(['--help']);
  expect(root.stdout).toContain('restore-volume');
  expect(root.stdout).not.toMatch(/^ {2}seed/m);
  expect((await dr(['sed'])).stderr).not.toContain('"seed"');
});
