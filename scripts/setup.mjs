#!/usr/bin/env node
/**
 * Brings what the tests and the drill need: npm packages, engines, an S3 server. Silent when nothing is missing.
 * Plain JavaScript without packages, because it runs before there are any, with the machine's own Node (18 or newer).
 * DR_NO_INSTALL=1: only say what is missing. Exit 0 ready, 1 an installation failed, 2 something is left to you.
 */
import { fileURLToPath } from 'node:url';
import { engineSteps } from './setup/engines.mjs';
import { packageSteps } from './setup/packages.mjs';
import { s3ServerSteps } from './setup/s3-server.mjs';

function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

function announce(steps) {
  say('this machine lacks');
  for (const line of steps.flatMap((step) => step.lacks)) process.stderr.write(`  ${line}\n`);
}

function leaveToPerson(steps) {
  say('to do by you:');
  for (const step of steps) process.stderr.write(`  ${step.command}\n`);
}

/** @returns {Promise<boolean>} */
async function carryOut(step) {
  say(`${step.command}${step.note ? ` (${step.note})` : ''}`);
  const started = Date.now();
  const failed = await step.install();
  if (failed === undefined) say(`done in ${Math.round((Date.now() - started) / 1000)} s`);
  else say(failed);
  return failed === undefined;
}

async function main() {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const steps = [...packageSteps(root), ...(await engineSteps()), ...s3ServerSteps()];
  if (steps.length === 0) return 0;
  announce(steps);
  const automatic = process.env.DR_NO_INSTALL === '1' ? [] : steps.filter((step) => step.install);
  let failures = 0;
  for (const step of automatic) if (!(await carryOut(step))) failures++;
  const rest = steps.filter((step) => !automatic.includes(step));
  if (rest.length > 0) {
    leaveToPerson(rest);
    return 2;
  }
  if (failures === 0) say('ready');
  return failures === 0 ? 0 : 1;
}

const [major] = process.versions.node.split('.').map(Number);
if (major < 18) {
  say(`found Node ${process.versions.node}, wanted 18 or newer to begin with (https://nodejs.org)`);
  process.exitCode = 2;
} else {
  process.exitCode = await main();
}
