/** The one node: bridge network, containerd, kubelet. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { stringify } from 'yaml';
import { readTracked, waitFor } from '../../drill/host/processes.ts';
import { isAlive } from '../../recovery/core/pids.ts';
import { pidFile, start } from './daemons.ts';
import { DNS_IMAGE, loadImage, PAUSE } from './images.ts';
import { NETWORK, NODE, type Place, S3_HOSTS } from './place.ts';

export function containerdSocket(place: Place): string {
  return join(place.folder, 'containerd.sock');
}

/** The bridge is made before any pod is, so that the node has its address; the S3 servers have theirs on it too. */
export async function makeBridge(): Promise<void> {
  const { bridge, nodeIp } = NETWORK;
  const link = await execa('ip', ['link', 'show', bridge], { reject: false });
  if (link.exitCode !== 0) await execa('ip', ['link', 'add', bridge, 'type', 'bridge']);
  await execa('ip', ['address', 'replace', `${nodeIp}/16`, 'dev', bridge]);
  for (const { address } of Object.values(S3_HOSTS))
    await execa('ip', ['address', 'replace', `${address}/32`, 'dev', bridge]);
  await execa('ip', ['link', 'set', bridge, 'up']);
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1');
}

function containerdConfig(place: Place): string {
  return `version = 2
# Images stay from run to run: to unpack them takes longer than all else.
root = "${join(place.images, 'containerd')}"
state = "${join(place.folder, 'containerd')}"
[grpc]
  address = "${containerdSocket(place)}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE}"
  # Without it runc may not start a sandbox where CAP_SYS_RESOURCE is missing.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${join(place.folder, 'cni')}"
`;
}

function podNetwork(): string {
  const ranges = [[{ subnet: NETWORK.pods }]];
  return JSON.stringify({
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge: NETWORK.bridge,
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: { type: 'host-local', ranges, routes: [{ dst: '0.0.0.0/0' }] },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });
}

const containerdConfigFile = (place: Place): string => join(place.folder, 'containerd.toml');

async function containerdAnswers(place: Place): Promise<boolean> {
  const { exitCode } = await execa('ctr', ['--address', containerdSocket(place), 'version'], { reject: false });
  return exitCode === 0;
}

/** Once it was configured. Nothing to do where it runs. */
export async function resumeContainerd(place: Place): Promise<void> {
  if (await containerdAnswers(place)) return;
  await start(place, 'containerd', ['containerd', '--config', containerdConfigFile(place)]);
  await waitFor('containerd answers', () => containerdAnswers(place));
}

export async function startContainerd(place: Place): Promise<void> {
  await mkdir(join(place.folder, 'cni'), { recursive: true });
  await writeFile(join(place.folder, 'cni', '10-bridge.conflist'), podNetwork());
  await writeFile(containerdConfigFile(place), containerdConfig(place));
  await resumeContainerd(place);
  for (const image of [PAUSE, DNS_IMAGE]) await loadImage(place, containerdSocket(place), image);
}

function kubeletConfig(place: Place): string {
  return stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(place.folder, 'pki', 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    cgroupDriver: 'cgroupfs',
    failSwapOn: false,
    failCgroupV1: false,
    containerRuntimeEndpoint: `unix://${containerdSocket(place)}`,
    evictionHard: { 'nodefs.available': '1%', 'imagefs.available': '1%' },
    localStorageCapacityIsolation: false,
    clusterDNS: [NETWORK.dns],
    clusterDomain: 'cluster.local',
    resolvConf: '',
  });
}

const KUBELET_HEALTH = 'http://127.0.0.1:10248/healthz';

/** containerd answers before it is ready for pods, and a kubelet that comes too early ends: a real node's is started again, too. */
export async function startKubelet(place: Place): Promise<void> {
  await writeFile(join(place.folder, 'kubelet.yaml'), kubeletConfig(place));
  await waitFor('the kubelet answers', async () => {
    const running = await readTracked(pidFile(place, 'kubelet'));
    if (running === undefined || !isAlive(running.pid, running.started)) await runKubelet(place);
    const answer = await fetch(KUBELET_HEALTH).catch(() => undefined);
    return answer?.ok === true;
  });
}

async function runKubelet(place: Place): Promise<void> {
  const config = join(place.folder, 'kubelet.yaml');
  await start(place, 'kubelet', [
    place.program('kubelet'),
    `--config=${config}`,
    `--kubeconfig=${join(place.folder, 'kubelet.kubeconfig')}`,
    `--hostname-override=${NODE}`,
    `--node-ip=${NETWORK.nodeIp}`,
    `--root-dir=${join(place.folder, 'kubelet')}`,
    `--tls-cert-file=${join(place.folder, 'pki', 'kubelet.crt')}`,
    `--tls-private-key-file=${join(place.folder, 'pki', 'kubelet.key')}`,
  ]);
}

/** SIGKILL, as when its node loses power: nothing in it hears of its end. */
export async function killContainers(place: Place, ids: readonly string[]): Promise<void> {
  const tasks = ['--address', containerdSocket(place), '--namespace', 'k8s.io', 'tasks', 'kill', '--signal', 'SIGKILL'];
  await Promise.all(ids.map((id) => execa('ctr', [...tasks, id])));
}
