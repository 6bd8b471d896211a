/** Any Kubernetes object as a resource: of a built-in kind, or of a kind whose definition is in the snapshot. */
import * as pulumi from '@pulumi/pulumi';
import type { KubeObject } from '../../recovery/public.ts';

/** Fields of a Secret with secret values. */
const SECRET_FIELDS = ['data', 'stringData'];

/** The token of the typed classes, so that the state has one name for a kind: `kubernetes:core/v1:Secret`. */
function tokenOf({ apiVersion, kind }: KubeObject): string {
  return `kubernetes:${apiVersion.includes('/') ? apiVersion : `core/${apiVersion}`}:${kind}`;
}

const isSecret = ({ apiVersion, kind }: KubeObject): boolean => apiVersion === 'v1' && kind === 'Secret';

export class RecoveredObject extends pulumi.CustomResource {
  /** @param object its fields may hold Outputs */
  constructor(name: string, object: KubeObject, opts: pulumi.CustomResourceOptions) {
    if (!isSecret(object)) {
      super(tokenOf(object), name, { ...object }, opts);
      return;
    }
    const hidden = SECRET_FIELDS.flatMap((field) =>
      object[field] === undefined ? [] : [[field, pulumi.secret(object[field])] as const],
    );
    super(
      tokenOf(object),
      name,
      { ...object, ...Object.fromEntries(hidden) },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: SECRET_FIELDS }),
    );
  }
}
