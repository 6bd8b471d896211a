import { expect, test } from 'vitest';
import { buildProgram } from '../../cli/program.ts';
import { pathOf } from '../../cli/usage.ts';
import { dr } from './run-dr.ts';

const program = await buildProgram({ version: '0.0.0', execute: async () => {} });
const shown = program
  .createHelp()
  .visibleCommands(program)
  .filter((command) => command.name() !== 'help');
const commands = shown.flatMap((command) => [command, ...command.commands]);

/** Everything that `--help` prints, examples too. */
function helpOf(command: (typeof commands)[number]): string {
  let text = '';
  const writeOut = (part: string): void => {
    text += part;
  };
  command.configureOutput({ ...command.configureOutput(), writeOut });
  command.outputHelp();
  return text;
}

test('the commands of the plan are all there', () => {
  expect(commands.map(pathOf)).toEqual([
    'dr plan',
    'dr plan show',
    'dr plan check',
    'dr plan schema',
    'dr plan calendar',
    'dr plan review',
    'dr plan record',
    'dr setup',
    'dr init',
    'dr backup',
    'dr points',
    'dr points list',
    'dr points show',
    'dr points diff',
    'dr points mark',
    'dr points name',
    'dr points locate',
    'dr verify',
    'dr prune',
    'dr repository',
    'dr repository status',
    'dr repository clean',
    'dr repository repair',
    'dr repository detach',
    'dr repository attach',
    'dr repository recreate',
    'dr restore',
    'dr find',
    'dr rebuild',
    'dr restore-volume',
    'dr offsite',
    'dr offsite export',
    'dr offsite list',
    'dr offsite verify',
    'dr keys',
    'dr keys escrow',
    'dr keys show',
    'dr keys open',
    'dr assess',
    'dr incident',
    'dr incident declare',
    'dr incident update',
    'dr incident status',
    'dr incident watch',
    'dr incident assign',
    'dr incident deliver',
    'dr incident delivered',
    'dr incident resolve',
    'dr incident list',
    'dr incident show',
    'dr incident post-mortem',
    'dr incident follow-ups',
    'dr incident test-channels',
    'dr health',
    'dr doctor',
    'dr objectives',
    'dr readiness',
    'dr monitor',
    'dr receive-wal',
    'dr failover',
    'dr failback',
    'dr harden',
    'dr runbook',
    'dr runbook show',
    'dr runbook run',
    'dr runbook step',
    'dr isolate',
    'dr evidence',
    'dr evidence collect',
    'dr evidence list',
    'dr evidence verify',
    'dr evidence hold',
    'dr evidence report',
    'dr secrets',
    'dr secrets rotate',
    'dr adopt',
    'dr adopt postgres',
    'dr adopt redis',
    'dr adopt status',
    'dr drill',
    'dr exercise',
    'dr exercise prepare',
    'dr exercise start',
    'dr exercise inject',
    'dr exercise record',
    'dr exercise finish',
    'dr exercise flows',
    'dr impact',
    'dr cost',
    'dr unlock',
    'dr uninstall',
  ]);
});

test.each(commands.map((command) => [pathOf(command), command] as const))('%s explains itself', (path, command) => {
  expect(command.description()).toMatch(/^[A-Z].*\.$/);
  const text = helpOf(command);
  if (command.commands.length === 0) expect(text).toContain(`Examples:\n  $ ${path.replace(' list', '')}`);
  for (const option of command.options.filter((each) => !each.hidden)) expect(option.description).not.toBe('');
});

test('what changes something can be tried dry, and what destroys wants a name', () => {
  const flags = (name: string): string[] =>
    commands.find((command) => command.name() === name)?.options.map((option) => option.long ?? '') ?? [];
  for (const name of ['init', 'backup', 'prune', 'restore', 'export']) expect(flags(name)).toContain('--dry-run');
  for (const name of ['prune', 'restore', 'unlock']) expect(flags(name)).toContain('--confirm');
});

test('--help is data: stdout, exit 0, no colour, with the global options', async () => {
  const { exit, stdout, stderr } = await dr(['restore', '--help']);
  expect(exit).toBe(0);
  expect(stderr).toBe('');
  expect(stdout).toContain('Usage: dr restore');
  expect(stdout).toContain('--env <file>');
  expect(stdout).not.toContain('\u001b');
});
