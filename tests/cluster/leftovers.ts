/** What a cluster that is down must not have left on this machine. */
import { readdir, readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { namedHosts } from './hosts.ts';
import { NETWORK, type Place } from './place.ts';

async function commandLines(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const texts = pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
  return (await Promise.all(texts)).map((text) => text.replaceAll('\0', ' ').trim());
}

export async function leftovers(place: Place): Promise<string[]> {
  const processes = (await commandLines()).filter((line) => line.includes(place.folder));
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').filter((line) => line.includes(place.folder));
  const { exitCode } = await execa('ip', ['link', 'show', NETWORK.bridge], { reject: false });
  const { stdout: rules } = await execa('iptables-save', { reject: false });
  return [
    ...processes,
    ...mounts,
    ...(exitCode === 0 ? [NETWORK.bridge] : []),
    ...(await namedHosts()),
    ...rules.split('\n').filter((line) => /KUBE-|CNI-/.test(line)),
  ];
}
