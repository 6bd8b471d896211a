/** The one way into the cluster: what the config names, and never this machine's current context. */
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { StackConfig } from './config-types.ts';

export function clusterProvider({ kubeconfig, context }: StackConfig['cluster']): k8s.Provider {
  return new k8s.Provider('cluster', {
    // A kubeconfig holds keys: a path is none, its content is a secret already.
    kubeconfig: pulumi.output(kubeconfig),
    context,
    enableServerSideApply: true,
    // Without these another value is a deletion first, and pods that start meanwhile find no Secret.
    enableConfigMapMutable: true,
    enableSecretMutable: true,
    // A namespace that is gone must be said, and not be taken for an empty one.
    deleteUnreachable: false,
  });
}
