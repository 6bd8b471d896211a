/** What `npm run test:cluster` needs, with `setup.mjs --cluster`: a container runtime, and Kubernetes built from its Go modules. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './run.mjs';
import { findGo } from './s3-server.mjs';
import { cacheBin, findProgram } from './search.mjs';
import { LeftToYou } from './step.mjs';
import { aptInstall, asRoot, installCommand, packageManager } from './system.mjs';

const MODULE = fileURLToPath(new URL('../../tests/cluster/kubernetes', import.meta.url));

/** Programs beside Kubernetes itself, for DNS and for enforcing network policies. Program → package. */
const BESIDE = {
  coredns: 'github.com/coredns/coredns@v1.12.4',
  'kube-router': 'github.com/cloudnativelabs/kube-router/v2/cmd/kube-router@v2.1.0',
};

const COMPONENTS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'kubelet'];

/** Program → Debian package. */
const PACKAGES = {
  etcd: 'etcd-server',
  containerd: 'containerd',
  runc: 'runc',
  iptables: 'iptables',
  ipset: 'ipset',
  conntrack: 'conntrack',
  buildah: 'buildah',
  debootstrap: 'debootstrap',
};
const NETWORK_PLUGIN = '/usr/lib/cni/bridge';

function missingPackages() {
  const programs = Object.entries(PACKAGES).filter(([program]) => findProgram(program) === undefined);
  const plugins = existsSync(NETWORK_PLUGIN) ? [] : [[NETWORK_PLUGIN, 'containernetworking-plugins']];
  return [...programs, ...plugins];
}

async function installPackages(sudo, packages) {
  const update = await run([...sudo, 'apt-get', 'update', '-q']);
  if (update.code !== 0) return `apt-get update ended ${update.code}:\n${update.output.trim()}`;
  return aptInstall(sudo, packages);
}

async function packageSteps() {
  const missing = missingPackages();
  if (missing.length === 0) return [];
  const packages = missing.map(([, name]) => name);
  const step = {
    lacks: missing.map(([program]) => `${program}: not found (the cluster of the tests)`),
    command: installCommand(packageManager(), packages),
  };
  const sudo = packageManager() === 'apt' ? await asRoot() : undefined;
  if (sudo === undefined) return [step];
  return [{ ...step, note: 'no service is started or enabled', install: () => installPackages(sudo, packages) }];
}

/** The module's go.mod pins the version. */
function kubernetesVersion() {
  const text = readFileSync(join(MODULE, 'go.mod'), 'utf8');
  return /^require k8s\.io\/kubernetes (v[\d.]+)$/m.exec(text)[1];
}

/** Beside the other programs built from source. Each version has its own folder. */
function binOf(version) {
  return join(dirname(cacheBin), `kubernetes-${version}`);
}

function ldflags(gitVersion) {
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(gitVersion);
  const version = 'k8s.io/component-base/version';
  const values = { gitVersion, gitMajor: major, gitMinor: minor };
  return ['-s', '-w', ...Object.entries(values).map(([name, value]) => `-X ${version}.${name}=${value}`)].join(' ');
}

/** Builds under a temporary name, so that a killed build leaves no incomplete program. */
async function buildOne(go, bin, { name, argv }) {
  const half = join(bin, `${name}.half`);
  const env = { CGO_ENABLED: '0', GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'auto' };
  const { code, output } = await run([go, 'build', '-o', half, ...argv], { cwd: MODULE, env });
  if (code !== 0) return `go build of ${name} ended ${code}:\n${output.trim()}`;
  renameSync(half, join(bin, name));
  return undefined;
}

async function buildBeside(go, bin, name) {
  const folder = join(bin, `${name}.half`);
  const env = { CGO_ENABLED: '0', GOBIN: folder, GOTOOLCHAIN: 'auto' };
  const { code, output } = await run([go, 'install', BESIDE[name]], { env });
  if (code !== 0) return `go install of ${BESIDE[name]} ended ${code}:\n${output.trim()}`;
  renameSync(join(folder, name), join(bin, name));
  rmSync(folder, { recursive: true });
  return undefined;
}

async function build(version, bin, missing) {
  const { able: go } = await findGo();
  if (go === undefined)
    return new LeftToYou('install Go 1.24 or newer (https://go.dev/dl), then the same command again');
  mkdirSync(bin, { recursive: true });
  const flags = ldflags(version);
  for (const name of missing) {
    const argv =
      name === 'pause' ? ['-ldflags', '-s -w', './pause'] : ['-ldflags', flags, `k8s.io/kubernetes/cmd/${name}`];
    const problem =
      name in BESIDE ? await buildBeside(go.path, bin, name) : await buildOne(go.path, bin, { name, argv });
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** @returns {Promise<import('./step.mjs').Step[]>} */
export async function clusterSteps() {
  const version = kubernetesVersion();
  const bin = binOf(version);
  const missing = [...COMPONENTS, 'pause', ...Object.keys(BESIDE)].filter((name) => !existsSync(join(bin, name)));
  const buildStep = {
    lacks: [`Kubernetes ${version}: ${missing.join(', ')} not in ${bin}`],
    command: `go build k8s.io/kubernetes/cmd/… (as tests/cluster/kubernetes/go.mod pins it)`,
    note: 'from source, which takes about 9 minutes',
    install: () => build(version, bin, missing),
  };
  return [...(await packageSteps()), ...(missing.length === 0 ? [] : [buildStep])];
}
