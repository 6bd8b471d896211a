/** versitygw, the S3 server of the drill and the tests. No distribution has it, so Go builds it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { engines } from './engines.mjs';
import { run } from './run.mjs';
import { cacheBin, compareVersions, findProgram, inspect } from './search.mjs';
import { LeftToYou } from './step.mjs';
import { aptInstall, aptOffers, asRoot, packageManager } from './system.mjs';

const { goModule, go: goWanted } = engines.versitygw;
/** From this one on, Go fetches a newer Go by itself where a module wants it. */
const GO_WITH_TOOLCHAINS = '1.21';

const BY_HAND = `Install Go ${goWanted} or newer (https://go.dev/dl, unpacked to /usr/local/go), or put a versitygw program (https://github.com/versity/versitygw/releases) on PATH or into ${cacheBin}. Then run the same command again.`;

async function goVersion() {
  const found = await inspect('go', ['version']);
  return found?.version && compareVersions(found.version, GO_WITH_TOOLCHAINS) >= 0 ? found : undefined;
}

/** Debian 12 has Go 1.19, which can neither build it nor fetch a newer Go. */
async function installGo() {
  if (packageManager() !== 'apt') return new LeftToYou(`Go is missing. ${BY_HAND}`);
  const sudo = await asRoot();
  if (sudo === undefined) return new LeftToYou(`Go is missing, and only root can install it. ${BY_HAND}`);
  await run([...sudo, 'apt-get', 'update', '-q']);
  if (!(await aptOffers('golang-go', GO_WITH_TOOLCHAINS))) {
    return new LeftToYou(
      `Go ${goWanted} or newer is wanted, and this system's package golang-go is older than ${GO_WITH_TOOLCHAINS}. ${BY_HAND}`,
    );
  }
  return aptInstall(sudo, ['golang-go', 'ca-certificates']);
}

async function build() {
  if ((await goVersion()) === undefined) {
    const failed = await installGo();
    if (failed !== undefined) return failed;
  }
  const go = await goVersion();
  if (go === undefined) return new LeftToYou(`Go is missing. ${BY_HAND}`);
  const fetches = compareVersions(go.version, goWanted) < 0;
  mkdirSync(cacheBin, { recursive: true });
  const env = { GOBIN: cacheBin, CGO_ENABLED: '0', ...(fetches ? { GOTOOLCHAIN: 'auto' } : {}) };
  const { code, output } = await run([go.path, 'install', goModule], { env });
  return code === 0 ? undefined : `go install ended ${code}:\n${output.trim()}\n${BY_HAND}`;
}

/** @returns {import('./step.mjs').Step[]} */
export function s3ServerSteps() {
  if (findProgram('versitygw')) return [];
  return [
    {
      lacks: [`versitygw: not on PATH and not in ${cacheBin} (${engines.versitygw.why})`],
      command: `GOBIN=${cacheBin} go install ${goModule}`,
      note: `built from source with Go ${goWanted} or newer, which takes about 2 minutes; the program goes to ${join(cacheBin, 'versitygw')}`,
      install: build,
    },
  ];
}
