/** What only the tests need, with `setup.mjs --tests`: a checker for rendered alert rules, and a database that `dr` does not know. */
import { motoSteps } from './moto.mjs';
import { run } from './run.mjs';
import { findProgram } from './search.mjs';
import { aptInstall, asRoot, installCommand, packageManager } from './system.mjs';

/** Each program with its packages by package manager. Debian's packages include servers, which the set-up neither starts nor enables. */
const TOOLS = [
  {
    program: 'promtool',
    why: 'checks the alert rules that the plan renders',
    packages: { apt: ['prometheus'], dnf: ['golang-github-prometheus'], brew: ['prometheus'] },
  },
  {
    program: 'chromium',
    why: 'reads the status page as people do',
    packages: { apt: ['chromium'], dnf: ['chromium'], brew: ['chromium'] },
  },
  {
    program: 'mariadbd',
    why: 'a workload type that a test adds',
    packages: { apt: ['mariadb-server'], dnf: ['mariadb-server'], brew: ['mariadb'] },
  },
];

async function install(sudo, packages) {
  const update = await run([...sudo, 'apt-get', 'update', '-q']);
  if (update.code !== 0) return `apt-get update ended ${update.code}:\n${update.output.trim()}`;
  return aptInstall(sudo, packages);
}

/** @returns {Promise<import('./step.mjs').Step[]>} */
async function toolSteps() {
  const missing = TOOLS.filter(({ program }) => !findProgram(program));
  if (missing.length === 0) return [];
  const manager = packageManager();
  const packages = missing.flatMap((tool) => tool.packages[manager ?? 'apt']);
  const step = {
    lacks: missing.map(({ program, why }) => `${program}: not found (${why})`),
    command: installCommand(manager, packages),
  };
  const sudo = manager === 'apt' ? await asRoot() : undefined;
  if (sudo === undefined) return [step];
  return [{ ...step, note: 'no server is started or enabled', install: () => install(sudo, packages) }];
}

/** @returns {Promise<import('./step.mjs').Step[]>} */
export async function testToolSteps() {
  return [...(await toolSteps()), ...motoSteps()];
}
