/** Ends all that `up` started and forgets what it stored: `node tests/cluster/down.ts`. Also finds what a killed run left. */
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { endTracked, readTracked } from '../../drill/host/processes.ts';
import { DAEMONS, pidFile } from './daemons.ts';
import { forgetHosts } from './hosts.ts';
import { forgetAddressSets } from './network-policies.ts';
import { containerdSocket, resumeContainerd } from './node.ts';
import { NETWORK, type Place, place } from './place.ts';

async function ctr(at: Place, ...args: readonly string[]): Promise<string[]> {
  const all = ['--address', containerdSocket(at), '--timeout', '10s', '--namespace', 'k8s.io', ...args];
  const { stdout } = await execa('ctr', all, { reject: false });
  return stdout.split('\n').filter((line) => line !== '');
}

/** Containers outlive containerd: each has a process of its own that holds it. Where it was killed it comes back to end them. */
async function endContainers(at: Place): Promise<void> {
  await resumeContainerd(at);
  const tasks = await ctr(at, 'tasks', 'ls', '--quiet');
  await Promise.all(tasks.map((task) => ctr(at, 'tasks', 'kill', '--signal', 'SIGKILL', task)));
  for (let round = 0; round < 50; round += 1) {
    const running = (await ctr(at, 'tasks', 'ls')).slice(1).filter((line) => line.includes('RUNNING'));
    if (running.length === 0) break;
    await delay(100);
  }
  const containers = await ctr(at, 'containers', 'ls', '--quiet');
  for (const id of containers) {
    await ctr(at, 'tasks', 'rm', '--force', id);
    await ctr(at, 'containers', 'rm', id);
  }
}

/** Volumes, secrets and root file systems of pods; what lies deepest goes first. */
async function unmount(at: Place): Promise<void> {
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
  const own = mounts.filter((path) => path.startsWith(`${at.folder}/`)).sort((a, b) => b.localeCompare(a));
  for (const path of own) await execa('umount', ['--lazy', path], { reject: false });
}

/** Network interfaces of pods go with their namespaces; rules of the packet filter don't. */
async function forgetNetwork(): Promise<void> {
  await execa('ip', ['link', 'delete', NETWORK.bridge], { reject: false });
  const { stdout } = await execa('iptables-save', { reject: false });
  const kept = stdout.split('\n').filter((line) => !/KUBE-|CNI-|CNI:|:CNI/.test(line));
  if (stdout.includes('KUBE-')) await execa('iptables-restore', { input: `${kept.join('\n')}\n`, reject: false });
  await forgetAddressSets();
}

/** What is no part of Kubernetes: the S3 servers. */
async function endOthers(at: Place): Promise<void> {
  for (const name of await readdir(at.pids).catch(() => [])) await endTracked(join(at.pids, name));
}

async function endKubernetes(at: Place): Promise<void> {
  for (const name of [...DAEMONS].reverse()) {
    if (name === 'containerd' && (await readTracked(pidFile(at, name)))) await endContainers(at);
    await endTracked(pidFile(at, name));
  }
}

/** Of the folder: what is no part of the cluster. */
const OUTLIVES = ['s3', 'pids'];

/** The data centre is gone: the cluster with its keys, its state and every volume. The S3 servers are elsewhere, and go on. */
export async function wipe(at: Place): Promise<void> {
  await endKubernetes(at);
  await unmount(at);
  const names = (await readdir(at.folder)).filter((name) => !OUTLIVES.includes(name));
  for (const name of names) await rm(join(at.folder, name), { recursive: true, force: true, maxRetries: 5 });
}

export async function down(at: Place): Promise<void> {
  // Without it there was none, and rules of the packet filter are another Kubernetes' then.
  if (!existsSync(at.folder)) return;
  await endKubernetes(at);
  await endOthers(at);
  await unmount(at);
  await rm(at.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  await forgetNetwork();
  await forgetHosts();
}

if (import.meta.main) await down(place());
