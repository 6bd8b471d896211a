/** Providers of the cluster that the config names. This machine's current context is never used. */
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { StackConfig } from '../config/types.ts';

function settings({ kubeconfig, context }: StackConfig['cluster']): k8s.ProviderArgs {
  return {
    // The content of a kubeconfig is a secret already; a path is not secret.
    kubeconfig: pulumi.output(kubeconfig),
    context,
    enableServerSideApply: true,
    // Without these the engine deletes an object to change it, and pods that start meanwhile find no Secret.
    enableConfigMapMutable: true,
    enableSecretMutable: true,
    // A missing namespace must be an error and not count as an empty one.
    deleteUnreachable: false,
  };
}

/** It creates objects and never adopts one: an object that exists already belongs to somebody else. */
export function clusterProvider(cluster: StackConfig['cluster']): k8s.Provider {
  return new k8s.Provider('cluster', settings(cluster));
}

/**
 * For objects that the stacks of a cluster share: definitions, classes, roles. It adopts existing objects; a field that another manager
 * has set to another value is a conflict and is not overwritten.
 */
export function sharedProvider(cluster: StackConfig['cluster']): k8s.Provider {
  return new k8s.Provider('cluster-shared', { ...settings(cluster), upsertExistingObjects: true });
}
