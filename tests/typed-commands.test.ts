import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { commandProblem } from '../cli/command-problem.ts';
import type { SourceFile } from './architecture-rules.ts';
import { doubledLists, type HintedCommand, hintedCommands } from './typed-commands.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['recovery', 'cli', 'drill', 'infra', 'plan'];

async function sources(): Promise<SourceFile[]> {
  const paths = await Promise.all(
    FOLDERS.map(async (folder) => {
      const entries = await readdir(join(root, folder), { recursive: true });
      return entries.filter((entry) => entry.endsWith('.ts')).map((entry) => join(folder, entry));
    }),
  );
  return Promise.all(paths.flat().map(async (path) => ({ path, text: await readFile(join(root, path), 'utf8') })));
}

/** Why it is no command, whatever its values are. */
async function faultOf({ at, lines }: HintedCommand): Promise<string | undefined> {
  const problems = await Promise.all(lines.map(commandProblem));
  return problems.includes(undefined) ? undefined : `${at} \`${lines[0]}\`: ${problems[0]}`;
}

test('every command of a hint can be typed as it stands', async () => {
  const hinted = (await sources()).flatMap(hintedCommands);
  expect(hinted.length).toBeGreaterThan(100);
  const faults = await Promise.all(hinted.map(faultOf));
  expect(faults.filter((each) => each !== undefined).join('\n')).toEqual('');
});

test('a command is found with its values, in backticks and without', () => {
  const text = `x({ hint: 'see \`dr points show\`', fix: \`list them: dr incident shw \${id}\` })`;
  expect(hintedCommands({ path: 'x.ts', text }).map(({ lines }) => lines[0])).toEqual([
    'dr points show',
    'dr incident shw x',
  ]);
});

test('names stand in the fact or in the hint of an error, not in both', async () => {
  expect((await sources()).flatMap(doubledLists)).toEqual([]);
  const text = 'x({ fact: didYouMeanOrAll(a, all), hint: all.join() })';
  expect(doubledLists({ path: 'x.ts', text })).toEqual(['x.ts:1']);
});
