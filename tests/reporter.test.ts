import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countsLine } from './reporter.ts';

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const reporter = fileURLToPath(new URL('./reporter.ts', import.meta.url));

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'dr-reporter-'));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

/** Runs a file of tests of its own and gives the last lines of everything that was printed. */
async function lastLinesOf(
  name: string,
  source: string,
  more: readonly string[] = [],
): Promise<{ lines: string[]; code: number | null }> {
  await writeFile(join(root, `${name}.test.ts`), source);
  const args = [
    'run',
    '--root',
    root,
    '--globals',
    '--reporter=default',
    `--reporter=${reporter}`,
    ...more,
    `${name}.test.ts`,
  ];
  const child = spawn(process.execPath, [vitest, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { lines: output.trimEnd().split('\n').slice(-2), code };
}

async function lastLineOf(name: string, source: string): Promise<{ line: string | undefined; code: number | null }> {
  const { lines, code } = await lastLinesOf(name, source);
  return { line: lines.at(-1), code };
}

describe('the last line of a run', () => {
  it('mentions skipped tests only when there are some', () => {
    expect(countsLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed');
    expect(countsLine({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped');
  });

  it('counts test cases', async () => {
    const source = `it('a', () => {}); it('b', () => { throw new Error('no'); }); it.skip('c', () => {}); it.todo('d');`;
    expect(await lastLineOf('cases', source)).toEqual({ line: '1 passed, 1 failed, 2 skipped', code: 1 });
  });

  it('counts a file that fails outside of its tests', async () => {
    expect(await lastLineOf('outside', `throw new Error('no');`)).toEqual({ line: '0 passed, 1 failed', code: 1 });
  });

  it('counts an error that no test caught', async () => {
    const source = `it('a', async () => { setTimeout(() => { throw new Error('late'); }); await new Promise((r) => setTimeout(r, 50)); });`;
    expect(await lastLineOf('uncaught', source)).toEqual({ line: '1 passed, 1 failed', code: 1 });
  });

  it('names a test that passed at the second try only', async () => {
    const source = `let tries = 0; it('a', () => { tries += 1; if (tries < 2) throw new Error('too early'); });`;
    expect(await lastLinesOf('unsteady', source, ['--retry=1'])).toEqual({
      lines: ['passed at the second try: unsteady.test.ts > a: too early', '1 passed, 0 failed'],
      code: 0,
    });
  });
});
