/** The system's package manager: its name, how to run it as root, and the versions that it would install. */
import { fileURLToPath } from 'node:url';
import { run } from './run.mjs';
import { compareVersions, findProgram, parseVersion } from './search.mjs';

/** @returns {'apt' | 'dnf' | 'brew' | undefined} */
export function packageManager() {
  if (process.platform === 'darwin') return 'brew';
  if (findProgram('apt-get')) return 'apt';
  return findProgram('dnf') ? 'dnf' : undefined;
}

/** @returns {Promise<string[] | undefined>} the words before a command that needs root; undefined when it can't be had */
export async function asRoot() {
  if (process.getuid?.() === 0) return [];
  if (!findProgram('sudo')) return undefined;
  if ((await run(['sudo', '-n', 'true'])).code === 0) return ['sudo', '-n'];
  // sudo asks for the password on the terminal itself.
  return process.stderr.isTTY ? ['sudo'] : undefined;
}

/** The command that a person would type. @param {string[]} packages */
export function installCommand(manager, packages) {
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  const names = packages.join(' ');
  if (manager === 'apt') return `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${names}`;
  if (manager === 'dnf') return `${sudo}dnf install -y ${names}`;
  return manager === 'brew' ? `brew install ${names}` : `install ${names} with your system's package manager`;
}

/** The version that apt would install: `5:7.0.15-1~deb12u10` → `7.0.15`. */
async function aptCandidate(name) {
  const { stdout } = await run(['apt-cache', 'policy', name], { env: { LC_ALL: 'C' } });
  const candidate = /^ {2}Candidate: (?:\d+:)?(\S+)$/m.exec(stdout)?.[1];
  return candidate === undefined ? undefined : parseVersion(candidate);
}

export async function aptOffers(name, minimum) {
  const candidate = await aptCandidate(name);
  return candidate !== undefined && compareVersions(candidate, minimum) >= 0;
}

/** @returns {Promise<string | undefined>} the error */
export async function aptInstall(sudo, packages) {
  const script = fileURLToPath(new URL('apt-install.sh', import.meta.url));
  const { code, output } = await run([...sudo, 'sh', script, ...packages]);
  return code === 0 ? undefined : `apt-get ended ${code}:\n${output.trim()}`;
}
