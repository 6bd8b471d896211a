/** Which cluster is spoken to, and as whom. Never the kubeconfig's current context: yesterday's `kubectl` must not decide it. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { didYouMean } from '../../plan/nearest.ts';
import type { KubernetesSettings } from '../config/environment.ts';
import { badInput } from '../core/errors.ts';

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
      fact: 'KUBERNETES_SERVICE_HOST is not set: this is no pod',
      hint: 'name a kubeconfig and a context instead, or run it in the cluster',
    });
  }
  const config = new KubeConfig();
  config.loadFromCluster();
  const server = config.getCurrentCluster()?.server ?? '';
  return { config, server, describe: `own cluster (${server})` };
}

async function load(path: string): Promise<KubeConfig> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw badInput({
      code: 'KUBECONFIG-UNREADABLE',
      where: 'kubernetes.kubeconfig',
      fact: `${path} can't be read (${cause.code})`,
      hint: 'put the file there, or correct its path in the environment file',
      cause,
    });
  });
  const config = new KubeConfig();
  try {
    config.loadFromString(text);
    config.makePathsAbsolute(join(path, '..'));
    return config;
  } catch {
    // The parser's own words may quote the file, and with it a token.
    throw badInput({
      code: 'KUBECONFIG-INVALID',
      where: 'kubernetes.kubeconfig',
      fact: `${path} is no kubeconfig`,
      hint: `kubectl --kubeconfig ${path} config get-contexts shows whether it can be read`,
    });
  }
}

/** Throws `KUBECONFIG-…`, `CONTEXT-UNKNOWN` or `KUBERNETES-NOT-INSIDE` (exit 2). Makes no connection. */
export async function openAccess(settings: KubernetesSettings): Promise<ClusterAccess> {
  const { kubeconfig, context } = settings;
  if (context === undefined) return inCluster();
  const path = kubeconfig ?? join(homedir(), '.kube', 'config');
  const config = await load(path);
  const names = config.getContexts().map(({ name }) => name);
  if (!names.includes(context)) {
    throw badInput({
      code: 'CONTEXT-UNKNOWN',
      where: 'kubernetes.context',
      fact: `${path} has no context "${context}".${didYouMean(context, names)}`,
      hint: names.length === 0 ? 'it has no context at all' : `it has: ${names.join(', ')}`,
    });
  }
  config.setCurrentContext(context);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined || config.getCurrentUser() === null) {
    throw badInput({
      code: 'KUBECONFIG-INVALID',
      where: 'kubernetes.context',
      fact: `the context "${context}" of ${path} names a cluster or a user that is not in it`,
      hint: 'mend that context in the kubeconfig',
    });
  }
  return { config, server, describe: `context ${context} (${server})` };
}
