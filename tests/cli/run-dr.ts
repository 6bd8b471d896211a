/** Runs `dr` as a process of its own, as a user would. */
import { join } from 'node:path';
import { execa } from 'execa';

export const MAIN = join(import.meta.dirname, '../../cli/main.js');

export interface Ran {
  readonly exit: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export async function dr(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const { DR_ENV: _, ...inherited } = process.env;
  const result = await execa(process.execPath, [MAIN, ...args], {
    cwd: import.meta.dirname,
    env: { ...inherited, CI: '1', ...env },
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
  });
  return { exit: result.exitCode, stdout: result.stdout, stderr: result.stderr };
}
