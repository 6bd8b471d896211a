/** Kubernetes Secrets with passphrases, keys and certificates, in files that `paths.ts` names. */
import { createHash } from 'node:crypto';
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import { type AccessRole, KEY_FILES } from './paths.ts';

export interface Certificate {
  readonly ca: pulumi.Output<string>;
  readonly certificate: pulumi.Output<string>;
  readonly key: pulumi.Output<string>;
}

export interface AccessKey {
  readonly accessKeyId: pulumi.Input<string>;
  readonly secretAccessKey: pulumi.Input<string>;
}

/** All Pulumi secrets. */
export interface ClusterSecrets {
  readonly signingKey: { readonly name: string; readonly value: pulumi.Input<string> };
  /** By repository. Every point records the `name`, so points stay readable after a change of the key. */
  readonly passphrases: Readonly<Record<string, { readonly name: string; readonly value: pulumi.Input<string> }>>;
  /** By repository; absent for those with a web identity. */
  readonly access: Readonly<Record<string, Readonly<Partial<Record<AccessRole, AccessKey>>>>>;
  readonly postgres: {
    readonly superuser: pulumi.Input<string>;
    readonly replication: pulumi.Input<string>;
    readonly application: pulumi.Input<string>;
  };
  readonly redis: pulumi.Input<string>;
}

export type SecretData = Readonly<Record<string, pulumi.Input<string>>>;

/** The secrets of a drill: it can read one repository and write to none. */
export function readingOnly(secrets: ClusterSecrets, repository: string): ClusterSecrets {
  const of = <T>(all: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(all).filter(([id]) => id === repository));
  const access = Object.entries(of(secrets.access)).map(
    ([id, { restorer }]) => [id, restorer === undefined ? {} : { restorer }] as const,
  );
  return { ...secrets, passphrases: of(secrets.passphrases), access: Object.fromEntries(access) };
}

export function passphraseData(secrets: ClusterSecrets, repositories: readonly string[]): SecretData {
  return Object.fromEntries(
    repositories.flatMap((id) => {
      const found = secrets.passphrases[id];
      return found === undefined ? [] : [[KEY_FILES.passphrase(id), found.value] as const];
    }),
  );
}

export function accessData(secrets: ClusterSecrets, role: AccessRole, repositories: readonly string[]): SecretData {
  return Object.fromEntries(
    repositories.flatMap((id) => {
      const keys = secrets.access[id]?.[role];
      if (keys === undefined) return [];
      return [
        [KEY_FILES.accessKeyId(id), keys.accessKeyId] as const,
        [KEY_FILES.secretAccessKey(id), keys.secretAccessKey] as const,
      ];
    }),
  );
}

export function certificateData({ ca, certificate, key }: Certificate): SecretData {
  return { 'ca.crt': ca, 'tls.crt': certificate, 'tls.key': key };
}

/** For the template of the pods that have it: a renewed one reaches servers that read it at their start. */
export function certificateDigest({ ca, certificate }: Certificate): pulumi.Output<string> {
  return pulumi.all([ca, certificate]).apply((parts) => createHash('sha256').update(parts.join('\n')).digest('hex'));
}

export const CERTIFICATE_ANNOTATION = 'go-coffee-dr/certificate';

/** All of its data is one Pulumi secret: previews and state files show `[secret]`. */
export function makeSecret(
  resourceName: string,
  metadata: {
    readonly name: string;
    readonly namespace: pulumi.Input<string>;
    readonly labels: Record<string, string>;
  },
  data: SecretData | pulumi.Output<SecretData>,
  opts: pulumi.CustomResourceOptions,
): k8s.core.v1.Secret {
  // The API drops an empty map, and each run would then replace the Secret.
  const empty = Object.keys(data).length === 0;
  const stringData = pulumi.secret(pulumi.output(data as Record<string, pulumi.Input<string>>));
  return new k8s.core.v1.Secret(resourceName, { metadata, type: 'Opaque', ...(empty ? {} : { stringData }) }, opts);
}
