/** Paths with spaces, quotes and `%` in what `sh` and PostgreSQL read. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { commandWord, settingLine, shellWord, socketFolder } from '../../../recovery/core/quote.ts';

const AWKWARD = ['/var/lib/dr state', `/o'brien/"x"`, '/a$HOME/b`id`', '/back\\slash', '/100%p/%f'];

test.each(AWKWARD)('sh reads %j as one word', (path) => {
  expect(execFileSync('sh', ['-c', `printf %s ${shellWord(path)}`], { encoding: 'utf8' })).toBe(path);
});

test.each(AWKWARD)('a command of PostgreSQL gives sh %j as one word', (path) => {
  // PostgreSQL replaces its placeholders first.
  const command = commandWord(path).replaceAll('%%', '%');
  expect(execFileSync('sh', ['-c', `printf %s ${command}`], { encoding: 'utf8' })).toBe(path);
});

test('plain paths stay as they are: nothing of a working site changes', () => {
  expect(shellWord('/var/lib/go-coffee-dr/a_b.sh')).toBe('/var/lib/go-coffee-dr/a_b.sh');
  expect(commandWord('/var/lib/go-coffee-dr/a_b.sh')).toBe('/var/lib/go-coffee-dr/a_b.sh');
});

test('values of postgresql.conf, and lists in them', () => {
  expect(settingLine('archive_command', `"/o'b\\\\c/x" %p`)).toBe(`archive_command = '"/o''b\\\\\\\\c/x" %p'`);
  expect(socketFolder('/run/post gres')).toBe('/run/post gres');
  expect(socketFolder('/run/a,b"c')).toBe('"/run/a,b""c"');
});
