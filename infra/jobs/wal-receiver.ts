/** Receives the WAL of an external PostgreSQL all the time, into the volume of the jobs' state, from where the backups copy it. */
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import { controllerSelector, labelsOf } from '../cluster/labels.ts';
import type { Resources } from '../cluster/pod-security.ts';
import { type DrPod, drPodLabels, drPodSpec } from './dr-pod.ts';
import { type JobPodArgs, jobPod } from './job-pod.ts';

const NAME = 'dr-wal-receiver';
/** `dr` beside a program that copies a stream. */
const RESOURCES: Resources = { cpu: '50m', memory: '384Mi' };

export interface WalReceiverArgs extends JobPodArgs {
  readonly namespace: string;
}

/** It opens no repository: no key of the storage, and no way there. Pure. */
function receiverPod(args: WalReceiverArgs): DrPod {
  return {
    ...jobPod(NAME, 'load', ['receive-wal'], args),
    material: ['keys', 'stores'],
    egress: ['dns', 'postgres'],
    localRepository: undefined,
    resources: RESOURCES,
    scratch: '100Mi',
    restartPolicy: 'Always',
  };
}

export class WalReceiver extends pulumi.ComponentResource {
  constructor(name: string, args: WalReceiverArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:cluster:WalReceiver', name, {}, opts);
    const pod = receiverPod(args);
    new k8s.apps.v1.Deployment(
      name,
      {
        metadata: {
          name: NAME,
          namespace: args.namespace,
          labels: labelsOf(NAME),
          // A server that is away, or forbids it, must not hold up the stack: the copies of its WAL are then late, which is an alert.
          annotations: { 'pulumi.com/skipAwait': 'true' },
        },
        spec: {
          replicas: 1,
          // One slot has one receiver.
          strategy: { type: 'Recreate' },
          selector: { matchLabels: controllerSelector(NAME) },
          template: { metadata: { labels: drPodLabels(pod) }, spec: drPodSpec(pod) },
        },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
