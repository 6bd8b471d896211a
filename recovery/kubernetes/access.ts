/** Opens access to a cluster by a named context. The kubeconfig's current context is never used: the last `kubectl` must not decide it. */
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
      fact: 'KUBERNETES_SERVICE_HOST is not set: this process does not run in a pod',
      hint: 'set kubernetes.kubeconfig and kubernetes.context, or run this in the cluster',
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
      hint: 'put the file there, or correct kubernetes.kubeconfig in the environment file',
      cause,
    });
  });
  const config = new KubeConfig();
  try {
    config.loadFromString(text);
    config.makePathsAbsolute(join(path, '..'));
    return config;
  } catch {
    // The parser's message may quote the file, and with it a token.
    throw badInput({
      code: 'KUBECONFIG-INVALID',
      where: 'kubernetes.kubeconfig',
      fact: `${path} is not a kubeconfig`,
      hint: `check it: kubectl --kubeconfig ${path} config get-contexts`,
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
      hint: names.length === 0 ? 'the file has no contexts' : `use one of: ${names.join(', ')}`,
    });
  }
  config.setCurrentContext(context);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined || config.getCurrentUser() === null) {
    throw badInput({
      code: 'KUBECONFIG-INVALID',
      where: 'kubernetes.context',
      fact: `the context "${context}" of ${path} names a cluster or a user that the file lacks`,
      hint: `fix the context: kubectl --kubeconfig ${path} config set-context ${context} --cluster=… --user=…`,
    });
  }
  return { config, server, describe: `context ${context} (${server})` };
}
