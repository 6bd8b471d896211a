/** The npm packages: libraries, and Node 24 itself. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.mjs';
import { compareVersions, parseVersion } from './search.mjs';
import { LeftToYou } from './step.mjs';

// `npm ci` refuses a lock file that lacks the optional packages of other platforms, which some registries cause.
const INSTALL = ['npm', 'install', '--no-save', '--no-audit', '--no-fund', '--include=dev', '--loglevel=error'];
const WANTED_NODE = '24';

function fingerprint(root) {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return createHash('sha256').update(`${process.platform} ${process.arch}`).update(lock).digest('hex');
}

function stampOf(root) {
  try {
    return readFileSync(join(root, 'node_modules', '.go-coffee-dr'), 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** The Node 24 that npm scripts find: from the npm package, or the machine's own. */
async function nodeVersion(root) {
  const own = join(root, 'node_modules', '.bin', 'node');
  if (!existsSync(own)) return process.versions.node;
  return parseVersion((await run([own, '--version'])).stdout) ?? '0';
}

/** @returns {import('./step.mjs').Step[]} */
export function packageSteps(root) {
  const stamp = stampOf(root);
  const wanted = fingerprint(root);
  if (stamp === wanted && existsSync(join(root, 'node_modules', '.bin', 'vitest'))) return [];
  const reason = stamp === undefined ? 'not installed' : 'package-lock.json has changed';
  return [
    {
      lacks: [`npm packages: ${reason} (libraries, and Node ${WANTED_NODE})`],
      command: INSTALL.join(' '),
      async install() {
        const { code, output } = await run(INSTALL, { cwd: root });
        if (code !== 0) return `npm ended ${code}:\n${output.trim()}`;
        const node = await nodeVersion(root);
        if (compareVersions(node, WANTED_NODE) < 0) {
          return new LeftToYou(
            `found Node ${node}, wanted ${WANTED_NODE} or newer, and the npm package "node" brought none for ${process.platform} ${process.arch}. Install Node ${WANTED_NODE} (https://nodejs.org).`,
          );
        }
        writeFileSync(join(root, 'node_modules', '.go-coffee-dr'), `${wanted}\n`);
        return undefined;
      },
    },
  ];
}
