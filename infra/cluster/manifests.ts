/** Names for Pulumi's Kubernetes types, so that tsc checks the manifests that the renderers return. */
import type { types } from '@pulumi/kubernetes';

export type PodSpec = types.input.core.v1.PodSpec;
export type Container = types.input.core.v1.Container;
export type Volume = types.input.core.v1.Volume;
export type EnvVar = types.input.core.v1.EnvVar;
export type VolumeMount = types.input.core.v1.VolumeMount;
export type ResourceRequirements = types.input.core.v1.ResourceRequirements;
export type NetworkPolicySpec = types.input.networking.v1.NetworkPolicySpec;
export type NetworkPolicyPeer = types.input.networking.v1.NetworkPolicyPeer;
export type NetworkPolicyPort = types.input.networking.v1.NetworkPolicyPort;
export type PolicyRule = types.input.rbac.v1.PolicyRule;
