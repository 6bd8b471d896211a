/** The kubeconfig that a stack names, checked in its preview: before a resource is registered that needs it. */
import { readFileSync } from 'node:fs';
import { output } from '@pulumi/pulumi';
import { codeOf, readKubeconfig } from '../../recovery/public.ts';
import type { ConfigProblem } from './problems.ts';
import type { StackConfig } from './types.ts';

const PATH = ['cluster', 'kubeconfig'];
const CONTEXT = ['cluster', 'context'];

/** @param secret the text of the secret `kubeconfig` */
function check(text: string, { path, context }: { readonly path?: string; readonly context: string }): ConfigProblem[] {
  const name = path === undefined ? 'the secret kubeconfig' : path;
  const { faults } = readKubeconfig({ text, name, path, context, now: new Date() });
  const own = path === undefined ? ['kubeconfig'] : PATH;
  return faults.map(({ about, fact, hint }) => ({ path: about === 'context' ? CONTEXT : own, fact, hint }));
}

function checkFile(path: string, context: string): ConfigProblem[] {
  try {
    return check(readFileSync(path, 'utf8'), { path, context });
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    const fact = `${path} can't be read (${code})`;
    const hint = 'put the file there, name another one, or set the secret kubeconfig to its content';
    return [{ path: PATH, fact, hint }];
  }
}

/** Makes no connection. Empty where a provider can begin to connect. */
export async function kubeconfigProblems({ kubeconfig, context }: StackConfig['cluster']): Promise<ConfigProblem[]> {
  if (typeof kubeconfig === 'string') return checkFile(kubeconfig, context);
  const text = await new Promise<string>((resolve) => void output(kubeconfig).apply(resolve));
  return check(text, { context });
}
