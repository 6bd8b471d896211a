/** versitygw, the S3 server of the drill and the tests. No distribution packages it, so Go builds it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { engines } from './engines.mjs';
import { run } from './run.mjs';
import { cacheBin, compareVersions, findProgram, inspect } from './search.mjs';
import { LeftToYou } from './step.mjs';
import { aptInstall, aptOffers, asRoot, installCommand, packageManager } from './system.mjs';

const { goModule, go: goWanted } = engines.versitygw;
/** The first version of Go that downloads a newer Go when a module needs one. */
const GO_WITH_TOOLCHAINS = '1.21';

const GO_PACKAGES = ['golang-go', 'ca-certificates'];

const BY_HAND = `install Go ${goWanted} or newer (https://go.dev/dl, unpacked to /usr/local/go), or put a versitygw program (https://github.com/versity/versitygw/releases) on PATH or into ${cacheBin}`;

/** The first Go that can build it or download a Go that can. Otherwise the Go that can't, for the message. */
export async function findGo() {
  const unpacked = join(process.env.GOROOT || '/usr/local/go', 'bin');
  const found = [await inspect('go', ['version']), await inspect('go', ['version'], [unpacked])];
  const there = found.filter((go) => go?.version);
  const able = there.find((go) => compareVersions(go.version, GO_WITH_TOOLCHAINS) >= 0);
  return { able, found: there[0] };
}

/** Debian 12 has Go 1.19, which can neither build it nor fetch a newer Go. */
async function installGo(sudo) {
  await run([...sudo, 'apt-get', 'update', '-q']);
  if (await aptOffers('golang-go', GO_WITH_TOOLCHAINS)) return aptInstall(sudo, GO_PACKAGES);
  return new LeftToYou(`this system's package golang-go is older than ${GO_WITH_TOOLCHAINS}. ${BY_HAND}`);
}

async function build(go) {
  const fetches = compareVersions(go.version, goWanted) < 0;
  mkdirSync(cacheBin, { recursive: true });
  const env = { GOBIN: cacheBin, CGO_ENABLED: '0', ...(fetches ? { GOTOOLCHAIN: 'auto' } : {}) };
  const { code, output } = await run([go.path, 'install', goModule], { env });
  return code === 0 ? undefined : `go install ended ${code}:\n${output.trim()}\n${BY_HAND}`;
}

async function goStep({ found }) {
  const state = found ? `found ${found.version} (${found.path})` : 'not found';
  const sudo = packageManager() === 'apt' ? await asRoot() : undefined;
  return {
    lacks: [`Go ${goWanted} or newer: ${state} (builds versitygw)`],
    command: sudo ? installCommand('apt', GO_PACKAGES) : BY_HAND,
    ...(sudo ? { install: () => installGo(sudo) } : {}),
  };
}

/** @returns {Promise<import('./step.mjs').Step[]>} */
export async function s3ServerSteps() {
  if (findProgram('versitygw')) return [];
  const go = await findGo();
  const buildStep = {
    lacks: [`versitygw: not on PATH and not in ${cacheBin} (${engines.versitygw.why})`],
    command: `GOBIN=${cacheBin} go install ${goModule}`,
    note: `from source, which takes about 2 minutes; the program goes to ${join(cacheBin, 'versitygw')}`,
    async install() {
      const { able } = await findGo();
      return able ? build(able) : new LeftToYou(`the same command again, when Go is there`);
    },
  };
  return go.able ? [buildStep] : [await goStep(go), buildStep];
}
