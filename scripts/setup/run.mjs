/** Runs child processes for the set-up without a shell, and silently unless they fail. Needs only Node 18. */
import { spawn } from 'node:child_process';

/**
 * Never throws: `code` is -1 for a program that can't be started. `output` holds stdout and stderr together.
 * @param {string[]} argv
 * @param {{ env?: Record<string, string>, cwd?: string }} [options]
 * @returns {Promise<{ code: number, stdout: string, output: string }>}
 */
export function run(argv, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(argv[0], argv.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
    });
    let stdout = '';
    let output = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.on('error', (error) => resolve({ code: -1, stdout, output: error.message }));
    child.on('close', (code) => resolve({ code: code ?? -1, stdout, output }));
  });
}
