/** Opens access to a cluster by the kubeconfig of a stack's config: a path, or the text itself. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTempFolder } from '../core/files/temp-folder.ts';
import { writeFile } from '../core/files/writes.ts';
import { type ClusterAccess, openAccess } from './access.ts';

/** Throws `KUBECONFIG-…` and `CONTEXT-UNKNOWN` (exit 2). */
export async function openClusterAccess({ kubeconfig, context }: ClusterLocation): Promise<ClusterAccess> {
  const open = (path: string | undefined) =>
    openAccess({ ...(path === undefined ? {} : { kubeconfig: path }), context, namespaces: ['default'] });
  if (kubeconfig === undefined || 'path' in kubeconfig) return open(kubeconfig?.path);
  const folder = await makeTempFolder('go-coffee-dr-');
  try {
    const file = join(folder, 'kubeconfig');
    await writeFile(file, kubeconfig.text, { mode: 0o600 });
    return await open(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export interface ClusterLocation {
  /** A path, or the text itself. @default ~/.kube/config */
  readonly kubeconfig?: { readonly path: string } | { readonly text: string } | undefined;
  /** Always named: the kubeconfig's current context is never used. */
  readonly context: string;
}
