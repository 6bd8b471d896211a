/** The documentation is true of the code as far as a program can tell: links, paths, commands, flags, widths. */
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import * as cli from '../cli/program.ts';
import { type CommandLine, commandLines, inlineCode, linksOf, type Page, pageOf, readPages } from './docs-pages.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['plan', 'recovery', 'infra', 'cli', 'drill', 'tests', 'docs', 'scripts', 'bench', 'images'];
const PATH = new RegExp(`^(${FOLDERS.join('|')})/[\\w./-]*$`);
const MOST_COLUMNS = 120;
const MOST_README_LINES = 200;

const pages = await readPages(root);
const byPath = new Map(pages.map((page) => [page.path, page]));

interface Declared {
  readonly options: readonly { readonly long?: string | undefined; readonly hidden?: boolean }[];
  readonly commands: readonly Declared[];
  name(): string;
}
const program = await declared();
/** Documented by its new name, declared by its former one. */
const RENAMED: Readonly<Record<string, string>> = program.commands.some((each) => each.name() === 'restore-volume')
  ? {}
  : { 'restore-volume': 'seed' };

async function declared(): Promise<Declared> {
  const nothing = async (): Promise<void> => {};
  const given = cli.buildProgram.length === 2 ? ['0.0.0', nothing] : [{ version: '0.0.0', execute: nothing }];
  return (await Reflect.apply(cli.buildProgram, undefined, given)) as Declared;
}

/** The command that the words name, as deep as they go; undefined for an unknown one. */
function find(from: Declared, [word, ...rest]: readonly string[]): Declared | undefined {
  if (word === undefined) return from;
  const next = from.commands.find((command) => command.name() === (RENAMED[word] ?? word));
  if (next !== undefined) return find(next, rest);
  return from === program ? undefined : from;
}

function commandsOf({ words: [name = '', ...rest] }: CommandLine): (Declared | undefined)[] {
  return name.split('|').flatMap((first) => {
    const [alternatives = ''] = rest;
    return alternatives.split('|').map((second) => find(program, [first, ...(second === '' ? [] : [second])]));
  });
}

function flagsBelow({ options, commands }: Declared): string[] {
  return [...options.flatMap(({ long }) => long ?? []), ...commands.flatMap(flagsBelow)];
}

/** What is wrong with a documented command line; flags of a command are also looked for in those below it. */
function faultsOf(call: CommandLine): string[] {
  const commands = commandsOf(call);
  if (commands.length === 0 || commands.includes(undefined)) return [`no command: dr ${call.words.join(' ')}`];
  const own = commands.flatMap((command) => (command === undefined ? [] : flagsBelow(command)));
  const known = new Set([...own, ...program.options.flatMap(({ long }) => long ?? []), '--help']);
  return call.flags.filter((flag) => !known.has(flag)).map((flag) => `no flag: dr ${call.words.join(' ')} ${flag}`);
}

function brokenLinks(page: Page): string[] {
  return linksOf(page).filter((link) => {
    const [file = '', anchor] = link.split('#');
    const path = file === '' ? page.path : normalize(join(dirname(page.path), file));
    if (!existsSync(join(root, path))) return true;
    return anchor !== undefined && byPath.get(path)?.anchors.has(anchor) !== true;
  });
}

describe.each(pages.map((page) => [page.path, page] as const))('%s', (path, page) => {
  test('has links that lead somewhere', () => {
    expect(brokenLinks(page)).toEqual([]);
  });

  test('names paths that exist', () => {
    const paths = inlineCode(page).filter((code) => PATH.test(code));
    expect(paths.filter((named) => !existsSync(join(root, named)))).toEqual([]);
  });

  test('names commands and flags that exist', () => {
    expect(commandLines(page).flatMap(faultsOf)).toEqual([]);
  });

  test('has no line that is too wide', () => {
    const counted = page.lines.filter(({ kind }) => path === 'README.md' || kind === 'prose');
    expect(counted.filter(({ text }) => [...text].length > MOST_COLUMNS).map(({ number }) => number)).toEqual([]);
  });
});

test('the README is short', () => {
  expect(byPath.get('README.md')?.lines.length).toBeLessThanOrEqual(MOST_README_LINES + 1);
});

test('the index names every page', () => {
  const index = byPath.get('docs/README.md');
  const named = new Set(index === undefined ? [] : linksOf(index));
  const missing = pages.map(({ path }) => path).filter((path) => path.startsWith('docs/') && path !== 'docs/README.md');
  expect(missing.filter((path) => !named.has(path.replace('docs/', '')))).toEqual([]);
});

test('every command stands on the page of the commands', () => {
  const listed = new Set(byPath.get('docs/commands.md')?.lines.flatMap(({ text }) => text.match(/`dr [a-z-]+/g) ?? []));
  const missing = program.commands.map((command) => `\`dr ${command.name()}`).filter((each) => !listed.has(each));
  expect(missing.filter((each) => each !== '`dr seed')).toEqual([]);
});

function shownFlags({ options, commands }: Declared): string[] {
  return [...options.flatMap(({ long, hidden }) => (hidden ? [] : (long ?? []))), ...commands.flatMap(shownFlags)];
}
/** A former name is declared and documented nowhere. */
const listed = (name: string): boolean => name !== 'seed';

/** They are said once, above the table of the commands. */
const SAID_ONCE = ['--dry-run', '--confirm'];

test('every flag of every command stands on some page, with its command', () => {
  const calls = pages.flatMap(commandLines);
  const flagsOfFamily = (name: string) =>
    new Set([
      ...SAID_ONCE,
      ...calls.filter(({ words }) => words[0]?.split('|').includes(name)).flatMap((c) => c.flags),
    ]);
  const shown = program.commands.filter((command) => listed(command.name()));
  const missing = shown.flatMap((command) => {
    const said = flagsOfFamily(command.name());
    return shownFlags(command).flatMap((flag) => (said.has(flag) ? [] : [`dr ${command.name()} ${flag}`]));
  });
  expect(missing).toEqual([]);
});

describe('what the checks see', () => {
  const page = pageOf(
    'docs/x.md',
    [
      '# After `kill -9`',
      'See [it](../README.md#x) and `dr pionts` or `dr points list|show ID --wrong`.',
      '```sh',
      'dr backup --kind full && dr nothing --dry-run   # dr comment',
      'dr --stack production points --wrung',
      '```',
      '| `dr monitor [--serve]` | x |',
      '| `… --heartbeat`, `--heartbat` | x |',
    ].join('\n'),
  );

  test('anchors and links', () => {
    expect([...page.anchors]).toEqual(['after-kill--9']);
    expect(linksOf(page)).toEqual(['../README.md#x']);
    expect(brokenLinks(page)).toEqual(['../README.md#x']);
  });

  test('unknown commands and flags', () => {
    expect(commandLines(page).flatMap(faultsOf)).toEqual([
      'no command: dr pionts',
      'no flag: dr points list|show --wrong',
      'no command: dr nothing',
      'no flag: dr points --wrung',
      'no flag: dr monitor --heartbat',
    ]);
  });
});
