/** moto answers the S3 calls that versitygw lacks. It tells whether AWS would accept a setting, but enforces none. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './run.mjs';
import { cacheBin } from './search.mjs';
import { LeftToYou } from './step.mjs';
import { aptInstall, asRoot, packageManager } from './system.mjs';

const VERSION = '5.2.5';
const PACKAGES = [`moto[s3]==${VERSION}`, 'flask', 'flask-cors'];

/** A separate Python environment. Each version has its own folder. */
const folder = join(dirname(cacheBin), `moto-${VERSION}`);
/** Written last, so that an interrupted installation runs again. */
const stamp = join(folder, 'ready');
const pip = join(folder, 'bin', 'pip');

/** Debian's Python lacks the module that makes environments. */
async function makeFolder() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  const made = await run(['python3', '-m', 'venv', folder]);
  if (made.code === 0) return undefined;
  const sudo = packageManager() === 'apt' ? await asRoot() : undefined;
  if (sudo === undefined) return new LeftToYou(`install Python 3 with its module venv: ${made.output.trim()}`);
  await run([...sudo, 'apt-get', 'update', '-q']);
  const failed = await aptInstall(sudo, ['python3-venv']);
  if (failed !== undefined) return failed;
  rmSync(folder, { recursive: true, force: true });
  const again = await run(['python3', '-m', 'venv', folder]);
  return again.code === 0 ? undefined : `python3 -m venv ended ${again.code}:\n${again.output.trim()}`;
}

async function install() {
  const failed = await makeFolder();
  if (failed !== undefined) return failed;
  const { code, output } = await run([pip, 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES]);
  if (code !== 0) return `pip ended ${code}:\n${output.trim()}`;
  writeFileSync(stamp, `${VERSION}\n`);
  return undefined;
}

/** @returns {import('./step.mjs').Step[]} */
export function motoSteps() {
  if (existsSync(stamp)) return [];
  const packages = PACKAGES.map((name) => `'${name}'`).join(' ');
  return [
    {
      lacks: [`moto ${VERSION}: not in ${folder} (says whether AWS takes a bucket's settings)`],
      command: `python3 -m venv ${folder} && ${pip} install ${packages}`,
      install,
    },
  ];
}
