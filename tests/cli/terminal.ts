/** `dr` on a terminal: what a person sees, and keys that a person presses. `script` of util-linux gives it a pseudo-terminal. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const MAIN = join(import.meta.dirname, '../../cli/main.js');
const LIMIT_MS = 100_000;

export const KEYS = { enter: '\r', down: '\x1b[B', up: '\x1b[A', interrupt: '\x03', clearLine: '\x15' } as const;

export interface Terminal {
  /** Returns when the text stands on the screen behind what `until` has seen before. Throws with the whole screen after 100 s, or when it ended. */
  until(text: string): Promise<void>;
  press(...keys: readonly string[]): void;
  /** The exit code. */
  readonly done: Promise<number>;
  screen(): string;
}

export function onTerminal(envFile: string, args: readonly string[]): Terminal {
  const line = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ');
  // It has no size by itself, and each letter would be a line.
  const command = `stty cols 200 rows 60; exec ${line}`;
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, DR_ENV: envFile, TERM: 'xterm', NO_COLOR: '1' },
  });
  let shown = '';
  let seen = 0;
  let ended = false;
  let changed = Promise.withResolvers<void>();
  const wake = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    wake();
  });
  const done = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      ended = true;
      wake();
      resolve(code ?? -1);
    });
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  void done.finally(() => clearTimeout(timer));
  const screen = (): string => stripVTControlCharacters(shown);
  return {
    async until(text) {
      for (;;) {
        const at = screen().indexOf(text, seen);
        if (at !== -1) {
          seen = at + text.length;
          return;
        }
        if (ended) throw new Error(`it ended without "${text}":\n${screen()}`);
        await changed.promise;
      }
    },
    press: (...keys) => void child.stdin.write(keys.join('')),
    done,
    screen,
  };
}
