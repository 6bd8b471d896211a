/** The command that installs a missing engine on this machine. */
import type { EngineFacts } from './facts.ts';
import { cacheBin, findProgram } from './programs.ts';

type PackageManager = 'apt' | 'dnf' | 'brew';

async function packageManager(): Promise<PackageManager | undefined> {
  if (process.platform === 'darwin') return 'brew';
  if (await findProgram('apt-get', ['/usr/bin'])) return 'apt';
  return (await findProgram('dnf', ['/usr/bin'])) ? 'dnf' : undefined;
}

const COMMAND: Record<PackageManager, string> = { apt: 'apt-get install', dnf: 'dnf install', brew: 'brew install' };

export async function installHint(facts: EngineFacts): Promise<string> {
  if (facts.goModule !== undefined) {
    return `run \`npm run setup\`, or \`GOBIN=${cacheBin()} go install ${facts.goModule}\``;
  }
  const manager = await packageManager();
  const packages = facts.packages?.[manager ?? 'apt'].join(' ') ?? facts.title;
  if (manager === undefined) return `install ${packages} with this system's package manager`;
  const root = manager === 'brew' || process.getuid?.() === 0 ? '' : 'sudo ';
  return `run \`${root}${COMMAND[manager]} ${packages}\``;
}
