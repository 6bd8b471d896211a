/** Where the `pulumi` program is, and which version. */
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { badInput, DrError } from '../core/errors.ts';
import { findProgram, isProgram } from '../engines/programs.ts';
import { compareVersions, parseVersion } from '../engines/versions.ts';

export interface PulumiProgram {
  /** Absolute. */
  readonly path: string;
  readonly version: string;
}

/** The first that reports what it does by gRPC; and the one that the project is tried with is newer still. */
const PULUMI_MINIMUM = '3.206.0';

const INSTALL = 'https://www.pulumi.com/docs/install/';

/** Each folder of node_modules/.bin from here up, as npx looks for programs. */
function binFolders(project: string): string[] {
  const above: string[] = [];
  for (let folder = project; ; folder = dirname(folder)) {
    above.push(join(folder, 'node_modules', '.bin'));
    if (folder === dirname(folder)) return above;
  }
}

/** What `npx pulumi` would run, without downloading anything. */
async function byNpx(project: string): Promise<string | undefined> {
  const args = ['--no-install', '-c', 'command -v pulumi'];
  const found = await execa('npx', args, { cwd: project, reject: false, stdin: 'ignore', timeout: 30_000 });
  const path = found.exitCode === 0 ? found.stdout.trim().split('\n').at(-1) : undefined;
  return path?.startsWith('/') === true ? path : undefined;
}

async function locate(project: string): Promise<string | undefined> {
  const named = process.env.PULUMI ?? '';
  if (named !== '') {
    if (await isProgram(named)) return named;
    throw badInput({
      code: 'PULUMI-MISSING',
      where: 'PULUMI',
      fact: `"${named}" is no program`,
      hint: `name the pulumi program by its whole path, or unset PULUMI; how to install it: ${INSTALL}`,
    });
  }
  const home = process.env.PULUMI_HOME || join(homedir(), '.pulumi');
  return (
    (await findProgram('pulumi', [...binFolders(project), join(home, 'bin'), join(homedir(), '.pulumi', 'bin')])) ??
    (await byNpx(project))
  );
}

/** Throws `PULUMI-MISSING`, `PULUMI-OLD` (exit 2), and `ENGINE-FAILED` for one that can't even tell its version. */
export async function findPulumi(project: string): Promise<PulumiProgram> {
  const path = await locate(project);
  if (path === undefined) {
    throw badInput({
      code: 'PULUMI-MISSING',
      where: 'pulumi',
      fact: 'it is not on the PATH, in node_modules/.bin, in ~/.pulumi/bin, and npx finds none',
      hint: `install version ${PULUMI_MINIMUM} or newer, with the plugins kubernetes, random, tls and aws: ${INSTALL}`,
    });
  }
  const env = { PULUMI_SKIP_UPDATE_CHECK: 'true' };
  const told = await execa(path, ['version'], { env, reject: false, stdin: 'ignore', timeout: 60_000 });
  const version = parseVersion(told.stdout);
  if (version === undefined) {
    throw new DrError({
      code: 'ENGINE-FAILED',
      where: path,
      fact: `it does not tell its version: ${(told.stderr || told.stdout || told.shortMessage || '').split('\n')[0]}`,
      hint: `install it anew: ${INSTALL}`,
    });
  }
  if (compareVersions(version, PULUMI_MINIMUM) < 0) {
    throw badInput({
      code: 'PULUMI-OLD',
      where: path,
      fact: `version ${version} is older than ${PULUMI_MINIMUM}`,
      hint: `install a newer one: ${INSTALL}`,
    });
  }
  return { path, version };
}
