#!/usr/bin/env node
/**
 * Installs what the tests and the drill need: npm packages, engines, an S3 server. Silent when nothing is missing.
 * Plain JavaScript without packages, because it runs before packages exist, with the machine's own Node (18 or newer).
 * `--tests` adds what only the tests need, `--cluster` what a local Kubernetes cluster needs.
 * DR_NO_INSTALL=1: only report what is missing. Exit 0 ready, 1 an installation failed, 2 a step is left to you.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clusterSteps } from './setup/cluster.mjs';
import { engineSteps } from './setup/engines.mjs';
import { packageSteps } from './setup/packages.mjs';
import { s3ServerSteps } from './setup/s3-server.mjs';
import { LeftToYou } from './setup/step.mjs';
import { testToolSteps } from './setup/test-tools.mjs';

function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

function announce(steps) {
  say('this machine lacks');
  for (const line of steps.flatMap((step) => step.lacks)) process.stderr.write(`  ${line}\n`);
}

/** @returns {Promise<'done' | 'failed' | 'left'>} */
async function carryOut(step) {
  if (step.install === undefined || process.env.DR_NO_INSTALL === '1') {
    say(`left to you: ${step.command}`);
    return 'left';
  }
  say(`${step.command}${step.note ? ` (${step.note})` : ''}`);
  const started = Date.now();
  const problem = await step.install();
  if (problem instanceof LeftToYou) {
    say(`left to you: ${problem.text}`);
    return 'left';
  }
  say(problem ?? `done in ${Math.round((Date.now() - started) / 1000)} s`);
  return problem === undefined ? 'done' : 'failed';
}

async function main() {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const steps = [...packageSteps(root), ...(await engineSteps()), ...(await s3ServerSteps())];
  if (process.argv.includes('--tests')) steps.push(...(await testToolSteps()));
  if (process.argv.includes('--cluster')) steps.push(...(await clusterSteps()));
  if (steps.length === 0) return 0;
  announce(steps);
  const outcomes = [];
  for (const step of steps) outcomes.push(await carryOut(step));
  if (outcomes.includes('failed')) return 1;
  if (outcomes.includes('left')) return 2;
  say(`ready; put dr on the PATH: export PATH="${join(root, 'bin')}:$PATH"`);
  return 0;
}

const [major] = process.versions.node.split('.').map(Number);
if (major < 18) {
  say(`found Node ${process.versions.node}, wanted 18 or newer to begin with (https://nodejs.org)`);
  process.exitCode = 2;
} else {
  process.exitCode = await main();
}
