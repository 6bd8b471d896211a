/** Prometheus' own checker, where it is installed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';

export const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
export const NO_PROMTOOL = 'promtool is not installed: apt-get install prometheus';

/** Throws with promtool's words. */
export function promtool(args: readonly string[], input?: string): string {
  return execFileSync('promtool', args, {
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(input ? { input } : {}),
  });
}

/** Runs a unit test of rules; gives promtool's report, or throws it. */
export async function testRules(folder: string, rules: string, tests: unknown): Promise<string> {
  await writeFile(join(folder, 'rules.yaml'), rules);
  const file = join(folder, 'tests.yaml');
  await writeFile(file, stringify({ rule_files: ['rules.yaml'], evaluation_interval: '1m', tests }, { lineWidth: 0 }));
  return promtool(['test', 'rules', file]);
}
