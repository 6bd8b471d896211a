/** The pod of a Job that asks Patroni, whose state is in the API's endpoints. Pure. */
import type { Input } from '@pulumi/pulumi';
import type { EnvVar, PodSpec } from '../cluster/manifests.ts';
import { PATHS } from '../cluster/paths.ts';
import { containerSecurity, podSecurity, resources } from '../cluster/pod-security.ts';
import { POSTGRES } from '../cluster/ports.ts';
import { POSTGRES_OBJECTS } from './pod.ts';

export interface PatroniJob {
  /** Of the container. */
  readonly name: string;
  readonly image: string;
  /** Patroni's account. */
  readonly serviceAccount: Input<string>;
  /** For `sh`; it finds the name of the cluster in `POSTGRES`. */
  readonly script: string;
  readonly env?: readonly EnvVar[];
  /** Secret with a certificate. @default none */
  readonly certificate?: string | undefined;
}

export function patroniJobSpec({ name, image, serviceAccount, script, env = [], certificate }: PatroniJob): PodSpec {
  const { patroni } = POSTGRES_OBJECTS;
  return {
    serviceAccountName: serviceAccount,
    automountServiceAccountToken: true,
    enableServiceLinks: false,
    restartPolicy: 'Never',
    securityContext: podSecurity(),
    containers: [
      {
        name,
        image,
        imagePullPolicy: 'IfNotPresent',
        command: ['sh', '-c', script],
        env: [
          { name: 'POSTGRES', value: POSTGRES },
          { name: 'PATRONI_KUBERNETES_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
          ...env,
          { name: 'HOME', value: '/tmp' },
        ],
        securityContext: containerSecurity(),
        resources: resources({ cpu: '50m', memory: '128Mi' }),
        volumeMounts: [
          { name: patroni, mountPath: PATHS.patroni, readOnly: true },
          ...(certificate === undefined ? [] : [{ name: 'certificate', mountPath: PATHS.tls, readOnly: true }]),
          { name: 'tmp', mountPath: '/tmp' },
        ],
      },
    ],
    volumes: [
      { name: patroni, configMap: { name: patroni } },
      ...(certificate === undefined
        ? []
        : [{ name: 'certificate', secret: { secretName: certificate, defaultMode: 0o440 } }]),
      { name: 'tmp', emptyDir: { sizeLimit: '16Mi' } },
    ],
  };
}
