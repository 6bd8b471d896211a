/** What only the tests need, with `setup.mjs --tests`: programs that check what this one renders. */
import { motoSteps } from './moto.mjs';
import { run } from './run.mjs';
import { findProgram } from './search.mjs';
import { aptInstall, asRoot, installCommand, packageManager } from './system.mjs';

/** By package manager. Debian's prometheus brings promtool; its server is not started. */
const PROMETHEUS = { apt: ['prometheus'], dnf: ['golang-github-prometheus'], brew: ['prometheus'] };

async function install(sudo, packages) {
  const update = await run([...sudo, 'apt-get', 'update', '-q']);
  if (update.code !== 0) return `apt-get update ended ${update.code}:\n${update.output.trim()}`;
  return aptInstall(sudo, packages);
}

/** @returns {Promise<import('./step.mjs').Step[]>} */
async function promtoolSteps() {
  if (findProgram('promtool')) return [];
  const manager = packageManager();
  const packages = PROMETHEUS[manager ?? 'apt'];
  const step = {
    lacks: ['promtool: not found (checks the alert rules that the plan renders)'],
    command: installCommand(manager, packages),
  };
  const sudo = manager === 'apt' ? await asRoot() : undefined;
  if (sudo === undefined) return [step];
  return [{ ...step, note: 'its server is neither started nor enabled', install: () => install(sudo, packages) }];
}

/** @returns {Promise<import('./step.mjs').Step[]>} */
export async function testToolSteps() {
  return [...(await promtoolSteps()), ...motoSteps()];
}
