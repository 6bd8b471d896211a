/** StorageClasses for AWS, where the stack's config asks for them. EKS marks no class as the default since Kubernetes 1.30. */
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { StackConfig } from '../config/types.ts';
import { labelsOf } from './labels.ts';
import { ACCOUNT } from './pod-security.ts';

type Classes = StackConfig['storageClasses'];
export type StorageClassesArgs = Pick<Classes, 'ebs' | 'efs'>;
type Class = Pick<k8s.storage.v1.StorageClassArgs, 'provisioner' | 'allowVolumeExpansion' | 'volumeBindingMode'> & {
  readonly name: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly allowedTopologies?: k8s.storage.v1.StorageClassArgs['allowedTopologies'];
};

/** The driver of EKS Auto Mode. Its volumes can be attached to its own nodes only. */
const AUTO_MODE = 'ebs.csi.eks.amazonaws.com';

/** gp3, encrypted, made where the first pod runs. The parameters are those of the driver, which takes text only. */
function ebsClass({ name, provisioner, kmsKeyArn, iops, throughput }: NonNullable<Classes['ebs']>): Class {
  const ofAutoMode = [{ matchLabelExpressions: [{ key: 'eks.amazonaws.com/compute-type', values: ['auto'] }] }];
  return {
    name,
    provisioner,
    allowVolumeExpansion: true,
    volumeBindingMode: 'WaitForFirstConsumer',
    parameters: {
      type: 'gp3',
      encrypted: 'true',
      ...(kmsKeyArn === undefined ? {} : { kmsKeyId: kmsKeyArn }),
      ...(iops === undefined ? {} : { iops: String(iops) }),
      ...(throughput === undefined ? {} : { throughput: String(throughput) }),
    },
    ...(provisioner === AUTO_MODE ? { allowedTopologies: ofAutoMode } : {}),
  };
}

/**
 * An access point for each claim. It answers as `uid` and `gid` whoever asks, and ignores fsGroup: with any other account than that of our
 * pods they could not read their own files.
 */
function efsClass({ name, fileSystemId }: NonNullable<Classes['efs']>): Class {
  return {
    name,
    provisioner: 'efs.csi.aws.com',
    volumeBindingMode: 'Immediate',
    parameters: {
      provisioningMode: 'efs-ap',
      fileSystemId,
      directoryPerms: '750',
      uid: String(ACCOUNT),
      gid: String(ACCOUNT),
    },
  };
}

/** Pure. */
export function declaredClasses({ ebs, efs }: StorageClassesArgs): Class[] {
  return [...(ebs === undefined ? [] : [ebsClass(ebs)]), ...(efs === undefined ? [] : [efsClass(efs)])];
}

export class StorageClasses extends pulumi.ComponentResource {
  /** What has a claim depends on these. */
  readonly ready: readonly pulumi.Resource[];

  /** Its provider must take over what is there: the stacks of a cluster share a class. */
  constructor(name: string, classes: StorageClassesArgs, opts: pulumi.ComponentResourceOptions) {
    super('go-coffee-dr:cluster:StorageClasses', name, {}, opts);
    this.ready = declaredClasses(classes).map(
      ({ name: object, ...spec }) =>
        new k8s.storage.v1.StorageClass(
          `${name}-${object}`,
          // Retain: a claim that somebody deletes must not take the volume with it.
          { metadata: { name: object, labels: labelsOf(object) }, reclaimPolicy: 'Retain', ...spec },
          // Other stacks, and the volumes of this one, outlive it.
          { parent: this, retainOnDelete: true },
        ),
    );
    this.registerOutputs({});
  }
}
