/** Finds the `pulumi` program and its version. */
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

/** The first version that reports its events by gRPC. The project is tested with a newer one. */
const PULUMI_MINIMUM = '3.206.0';

const INSTALL = 'https://www.pulumi.com/docs/install/';

/** `node_modules/.bin` of this folder and of each one above, where npx looks for programs. */
function binFolders(project: string): string[] {
  const above: string[] = [];
  for (let folder = project; ; folder = dirname(folder)) {
    above.push(join(folder, 'node_modules', '.bin'));
    if (folder === dirname(folder)) return above;
  }
}

/** The program that `npx pulumi` would run, without a download. */
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
      fact: `"${named}" is not a program`,
      hint: `set PULUMI to the absolute path of the program, or unset it; how to install it: ${INSTALL}`,
    });
  }
  const home = process.env.PULUMI_HOME || join(homedir(), '.pulumi');
  return (
    (await findProgram('pulumi', [...binFolders(project), join(home, 'bin'), join(homedir(), '.pulumi', 'bin')])) ??
    (await byNpx(project))
  );
}

/** Throws `PULUMI-MISSING`, `PULUMI-OLD` (exit 2), and `ENGINE-FAILED` where it does not print its version. */
export async function findPulumi(project: string): Promise<PulumiProgram> {
  const path = await locate(project);
  if (path === undefined) {
    throw badInput({
      code: 'PULUMI-MISSING',
      where: 'pulumi',
      fact: 'it is not on the PATH, in node_modules/.bin or ~/.pulumi/bin, and npx does not find it',
      hint: `install version ${PULUMI_MINIMUM} or newer, with the plugins kubernetes, random, tls and aws: ${INSTALL}`,
    });
  }
  const env = { PULUMI_SKIP_UPDATE_CHECK: 'true' };
  const printed = await execa(path, ['version'], { env, reject: false, stdin: 'ignore', timeout: 60_000 });
  const version = parseVersion(printed.stdout);
  if (version === undefined) {
    throw new DrError({
      code: 'ENGINE-FAILED',
      where: path,
      fact: `it does not print its version: ${(printed.stderr || printed.stdout || printed.shortMessage || '').split('\n')[0]}`,
      hint: `reinstall it: ${INSTALL}`,
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
