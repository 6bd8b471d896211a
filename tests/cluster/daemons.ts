/** The cluster's processes: each outlives its starter and is known by a pid file, so that `down` finds what a killed run left. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startDaemon } from '../../drill/host/processes.ts';
import type { Place } from './place.ts';

/** In the order of their start; they end in the opposite one. */
export const DAEMONS = [
  'etcd',
  'apiserver',
  'controller-manager',
  'scheduler',
  'kube-proxy',
  'containerd',
  'kubelet',
  'kube-router',
] as const;
export type Daemon = (typeof DAEMONS)[number];

export function pidFile(place: Place, name: Daemon): string {
  return join(place.pids, name);
}

export async function start(place: Place, name: Daemon, argv: readonly [string, ...string[]]): Promise<void> {
  await mkdir(place.logs, { recursive: true });
  await startDaemon({
    argv,
    cwd: place.folder,
    logFile: join(place.logs, `${name}.log`),
    pidFile: pidFile(place, name),
  });
}
