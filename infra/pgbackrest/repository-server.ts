/** pgBackRest's TLS server for the local repository's volume, in the recovery namespace, which outlives the platform's. */
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import {
  CERTIFICATE_ANNOTATION,
  type Certificate,
  certificateData,
  certificateDigest,
  makeSecret,
} from '../cluster/keys.ts';
import { controllerSelector, labelsOf, selectorOf } from '../cluster/labels.ts';
import type { PodSpec } from '../cluster/manifests.ts';
import { PATHS } from '../cluster/paths.ts';
import { containerSecurity, podSecurity, type Resources, resources } from '../cluster/pod-security.ts';
import { PORTS, REPOSITORY_SERVER } from '../cluster/ports.ts';
import type { LocalRepository } from '../cluster/repository.ts';
import { sharedVolumeAffinity, sharedVolumeLabels, type VolumeAccess } from '../cluster/shared-volumes.ts';
import { OBJECTS } from '../jobs/dr-pod.ts';
import { type Archive, renderLineageConfig, renderRepositoryServerConfig } from './config.ts';

export interface RepositoryServerArgs {
  readonly repository: LocalRepository;
  /** Of its volume. */
  readonly volumeAccess: VolumeAccess;
  /** The current lineage, and the one that it began from. */
  readonly archives: pulumi.Input<readonly Archive[]>;
  readonly namespace: string;
  /** The image must have the same version of pgBackRest as PostgreSQL's: the protocol requires it. */
  readonly image: string;
  /** By the processes of its clients. */
  readonly resources: Resources;
  readonly certificate: Certificate;
}

const CONFIG = 'server.conf';

/** Pure. No file of a lineage that does not use this repository. */
function serverFiles(archives: readonly Archive[]): Record<string, string> {
  const lineages = archives.flatMap((archive) => {
    const text = renderLineageConfig(archive);
    return text === undefined ? [] : [[`${archive.lineage}.conf`, text] as const];
  });
  return { [CONFIG]: renderRepositoryServerConfig(), ...Object.fromEntries(lineages) };
}

function podSpec({ image, repository, resources: share, volumeAccess }: RepositoryServerArgs): PodSpec {
  const tls = `${REPOSITORY_SERVER}-tls`;
  return {
    serviceAccountName: 'default',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: podSecurity(),
    ...sharedVolumeAffinity(volumeAccess),
    containers: [
      {
        name: 'pgbackrest',
        image,
        imagePullPolicy: 'IfNotPresent',
        command: ['pgbackrest', `--config=${PATHS.pgbackrestConfig}/${CONFIG}`, 'server'],
        ports: [{ name: 'pgbackrest', containerPort: PORTS.pgbackrest }],
        livenessProbe: { tcpSocket: { port: PORTS.pgbackrest }, periodSeconds: 20 },
        readinessProbe: { tcpSocket: { port: PORTS.pgbackrest }, periodSeconds: 5 },
        securityContext: containerSecurity(),
        resources: resources(share),
        volumeMounts: [
          { name: 'config', mountPath: PATHS.pgbackrestConfig, readOnly: true },
          { name: 'tls', mountPath: PATHS.tls, readOnly: true },
          { name: 'repository', mountPath: repository.path },
          { name: 'work', mountPath: PATHS.pgbackrestWork },
          { name: 'tmp', mountPath: '/tmp' },
        ],
      },
    ],
    volumes: [
      { name: 'config', configMap: { name: REPOSITORY_SERVER } },
      { name: 'tls', secret: { secretName: tls, defaultMode: 0o440 } },
      { name: 'repository', persistentVolumeClaim: { claimName: OBJECTS.backups } },
      { name: 'work', emptyDir: { sizeLimit: '256Mi' } },
      { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } },
    ],
  };
}

export class RepositoryServer extends pulumi.ComponentResource {
  readonly deployment: k8s.apps.v1.Deployment;

  constructor(name: string, args: RepositoryServerArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:cluster:RepositoryServer', name, {}, opts);
    const labels = labelsOf(REPOSITORY_SERVER);
    const metadata = (object: string) => ({ name: object, namespace: args.namespace, labels });
    const files = pulumi.output(args.archives).apply(serverFiles);
    const child = { parent: this };
    const config = new k8s.core.v1.ConfigMap(name, { metadata: metadata(REPOSITORY_SERVER), data: files }, child);
    const tls = makeSecret(name, metadata(`${REPOSITORY_SERVER}-tls`), certificateData(args.certificate), child);
    this.deployment = new k8s.apps.v1.Deployment(
      name,
      {
        metadata: metadata(REPOSITORY_SERVER),
        spec: {
          replicas: 1,
          selector: { matchLabels: controllerSelector(REPOSITORY_SERVER) },
          template: {
            metadata: {
              labels: { ...labels, ...sharedVolumeLabels(args.volumeAccess) },
              annotations: { [CERTIFICATE_ANNOTATION]: certificateDigest(args.certificate) },
            },
            spec: podSpec(args),
          },
        },
      },
      { ...child, dependsOn: [config, tls] },
    );
    new k8s.core.v1.Service(
      name,
      {
        metadata: { ...metadata(REPOSITORY_SERVER), annotations: { 'pulumi.com/skipAwait': 'true' } },
        spec: {
          selector: selectorOf(REPOSITORY_SERVER),
          ports: [{ name: 'pgbackrest', port: PORTS.pgbackrest }],
        },
      },
      child,
    );
    this.registerOutputs({});
  }
}
