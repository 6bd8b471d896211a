/** What the engine runs: checks what the stack's providers need on this machine, then declares the stack. */
import type { Input } from '@pulumi/pulumi';
import { configError, readConfig } from './config/config.ts';
import { kubeconfigProblems } from './config/kubeconfig.ts';
import { stack } from './index.ts';

/** Throws ConfigError before any resource is registered. */
export async function program(): Promise<Record<string, Input<unknown>>> {
  const config = readConfig();
  const problems = await kubeconfigProblems(config.cluster);
  if (problems.length > 0) throw configError(config.stack, problems);
  return stack(config);
}
