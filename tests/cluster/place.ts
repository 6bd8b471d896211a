/** Where the cluster of the tests lies, and its addresses. One per machine: the bridge and the ports are the machine's. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'go-coffee-dr');

/** As the set-up builds it. */
function kubernetesVersion(): string {
  const text = readFileSync(join(import.meta.dirname, 'kubernetes', 'go.mod'), 'utf8');
  const version = /^require k8s\.io\/kubernetes (v[\d.]+)$/m.exec(text)?.[1];
  if (version === undefined) throw new Error('tests/cluster/kubernetes/go.mod requires no k8s.io/kubernetes');
  return version;
}

export const NODE = 'node-1';
export const NETWORK = {
  bridge: 'dr-cluster0',
  nodeIp: '10.88.0.1',
  pods: '10.88.0.0/16',
  services: '10.96.0.0/16',
  apiService: '10.96.0.1',
  dns: '10.96.0.10',
  apiPort: 6443,
} as const;

/** Two S3 servers, each with a name and an address of its own as in the shipped stack `local`. */
export const S3_HOSTS = {
  primary: { name: 's3-primary.test', address: '10.89.0.1' },
  secondary: { name: 's3-secondary.test', address: '10.89.0.2' },
} as const;
export const S3_PORT = 7070;

export interface Place {
  /** Everything that the cluster stores; removed by `down`. */
  readonly folder: string;
  readonly kubeconfig: string;
  readonly pids: string;
  readonly logs: string;
  /** Survives: images take minutes to build. */
  readonly images: string;
  program(name: string): string;
}

export function place(folder = process.env.DR_CLUSTER || '/tmp/go-coffee-dr-cluster'): Place {
  const programs = join(cache, `kubernetes-${kubernetesVersion()}`);
  return {
    folder,
    kubeconfig: join(folder, 'admin.kubeconfig'),
    pids: join(folder, 'pids'),
    logs: join(folder, 'logs'),
    images: join(cache, 'images'),
    program: (name) => join(programs, name),
  };
}
