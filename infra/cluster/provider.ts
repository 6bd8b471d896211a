/** The one way into the cluster: what the config names, and never this machine's current context. */
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { StackConfig } from '../config/types.ts';

function settings({ kubeconfig, context }: StackConfig['cluster']): k8s.ProviderArgs {
  return {
    // A kubeconfig holds keys: a path is none, its content is a secret already.
    kubeconfig: pulumi.output(kubeconfig),
    context,
    enableServerSideApply: true,
    // Without these another value is a deletion first, and pods that start meanwhile find no Secret.
    enableConfigMapMutable: true,
    enableSecretMutable: true,
    // A namespace that is gone must be said, and not be taken for an empty one.
    deleteUnreachable: false,
  };
}

/** What is there already under the name of something new is somebody else's: a create that meets it fails. */
export function clusterProvider(cluster: StackConfig['cluster']): k8s.Provider {
  return new k8s.Provider('cluster', settings(cluster));
}

/**
 * For what the cluster's stacks have in common: definitions, classes, roles. What is there is taken as it is; a field that somebody else
 * has set to another value is a conflict, and is not overwritten.
 */
export function sharedProvider(cluster: StackConfig['cluster']): k8s.Provider {
  return new k8s.Provider('cluster-shared', { ...settings(cluster), upsertExistingObjects: true });
}
