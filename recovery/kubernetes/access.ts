/** Opens access to a cluster by a named context. The kubeconfig's current context is never used: the last `kubectl` must not decide it. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import type { KubernetesSettings } from '../config/environment.ts';
import { badInput } from '../core/errors.ts';
import { readKubeconfig } from './kubeconfig.ts';

export interface ClusterAccess {
  readonly config: KubeConfig;
  readonly server: string;
  /** `context production (https://…)` or `own cluster (https://…)` */
  readonly describe: string;
}

function inCluster(): ClusterAccess {
  if (process.env.KUBERNETES_SERVICE_HOST === undefined) {
    throw badInput({
      code: 'KUBERNETES-NOT-INSIDE',
      where: 'kubernetes.inCluster',
      fact: 'KUBERNETES_SERVICE_HOST is not set: this process does not run in a pod',
      hint: 'set kubernetes.kubeconfig and kubernetes.context, or run this in the cluster',
    });
  }
  const config = new KubeConfig();
  config.loadFromCluster();
  const server = config.getCurrentCluster()?.server ?? '';
  return { config, server, describe: `own cluster (${server})` };
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw badInput({
      code: 'KUBECONFIG-UNREADABLE',
      where: 'kubernetes.kubeconfig',
      fact: `${path} can't be read (${cause.code})`,
      hint: 'put the file there, or correct the path: in the environment file, or --kubeconfig where it was typed',
      cause,
    });
  });
}

const CODES = {
  text: { code: 'KUBECONFIG-INVALID', where: 'kubernetes.kubeconfig' },
  context: { code: 'CONTEXT-UNKNOWN', where: 'kubernetes.context' },
  part: { code: 'KUBECONFIG-INVALID', where: 'kubernetes.context' },
} as const;

/** Throws `KUBECONFIG-…`, `CONTEXT-UNKNOWN` or `KUBERNETES-NOT-INSIDE` (exit 2). Makes no connection. */
export async function openAccess(settings: KubernetesSettings): Promise<ClusterAccess> {
  const { kubeconfig, context } = settings;
  if (context === undefined) return inCluster();
  const path = kubeconfig ?? join(homedir(), '.kube', 'config');
  const text = await textOf(path);
  const { config, faults } = readKubeconfig({ text, name: path, path, context, now: new Date() });
  const [fault] = faults;
  if (fault !== undefined) throw badInput({ ...CODES[fault.about], fact: fault.fact, hint: fault.hint });
  const server = config?.getCurrentCluster()?.server;
  if (config === undefined || server === undefined)
    throw new TypeError('a kubeconfig without a server has passed its check');
  return { config, server, describe: `context ${context} (${server})` };
}
