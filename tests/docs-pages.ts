/** Markdown as the checks of the documentation read it: prose, code, links, anchors, command lines. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Line {
  readonly number: number;
  readonly text: string;
  /** `code`: inside of a fenced block. */
  readonly kind: 'code' | 'table' | 'prose';
}

export interface Page {
  /** From the root of the repository: `docs/plan.md`. */
  readonly path: string;
  readonly lines: readonly Line[];
  /** As GitHub makes them from the headings. */
  readonly anchors: ReadonlySet<string>;
}

export async function readPages(root: string): Promise<Page[]> {
  const docs = (await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md'));
  const paths = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...docs.map((name) => `docs/${name}`)];
  return await Promise.all(paths.map(async (path) => pageOf(path, await readFile(join(root, path), 'utf8'))));
}

export function pageOf(path: string, text: string): Page {
  const lines: Line[] = [];
  let fenced = false;
  for (const [n, line] of text.split('\n').entries()) {
    const isFence = /^\s*```/.test(line);
    const kind = fenced || isFence ? 'code' : /^\s*\|/.test(line) ? 'table' : 'prose';
    lines.push({ number: n + 1, text: line, kind });
    if (isFence) fenced = !fenced;
  }
  const headings = lines.filter(({ kind, text: line }) => kind === 'prose' && /^#+ /.test(line));
  return { path, lines, anchors: new Set(headings.map(({ text: line }) => anchorOf(line.replace(/^#+ /, '')))) };
}

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

/** Targets of links in the text, without those to other hosts. */
export function linksOf({ lines }: Page): string[] {
  const text = proseOf(lines).replaceAll(/`[^`]*`/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target).filter((to) => !/^[a-z]+:/.test(to));
}

/** What stands in backticks outside of code blocks. */
export function inlineCode({ lines }: Page): string[] {
  return [...proseOf(lines).matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

function proseOf(lines: readonly Line[]): string {
  return lines
    .filter(({ kind }) => kind !== 'code')
    .map(({ text }) => text)
    .join('\n');
}

export interface CommandLine {
  /** Words after `dr`; alternatives are divided by `|`: `['keys', 'escrow|show|open']`. */
  readonly words: readonly string[];
  /** `--to`, `--from`, … */
  readonly flags: readonly string[];
}

/** Each `dr …` in code. A table row that begins with `…` goes on with the command of the rows above it. */
export function commandLines({ lines }: Page): CommandLine[] {
  const found: CommandLine[] = [];
  for (const { text, kind } of lines) {
    const continued = /^\| `… /.test(text) ? found.at(-1)?.words : undefined;
    if (continued !== undefined) found.push({ words: continued, flags: flagsOf(text.split(' | ')[0] ?? '') });
    else {
      const codes = kind === 'code' ? [text] : [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
      found.push(...codes.flatMap(callsIn));
    }
  }
  return found;
}

/** Before a command: where it runs. Without one, or before COMMAND, only the prefix itself is meant. */
const IN_A_STACK = /(?<![\w./=-])dr --stack [\w-]+(?: -o json)?(?: |$)/g;

function callsIn(code: string): CommandLine[] {
  // What a command prints may name another one in backticks.
  const text = code.replaceAll('\\|', '|').replaceAll('`', '  ');
  const plain = (text.split(/\s#\s/)[0] ?? '').replaceAll(IN_A_STACK, 'dr ');
  return plain
    .split(/(?<![\w./=-])(?=dr [a-z])/)
    .filter((part) => /^dr (?!COMMAND|…|$)/.test(part))
    .map((part) => {
      const call = part.split(/&&|;|──|\s{2,}[a-z]/)[0] ?? '';
      const words = /^dr((?: \[?[a-z][a-z-]*(?:\|[a-z-]+)*(?=[\s\]]|$))*)/.exec(call)?.[1] ?? '';
      return { words: words.replaceAll(/[[\]]/g, '').trim().split(' ').filter(Boolean), flags: flagsOf(call) };
    });
}

function flagsOf(text: string): string[] {
  return [...text.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([flag]) => flag);
}
