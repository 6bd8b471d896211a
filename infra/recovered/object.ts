/** Any Kubernetes object, as one resource: of kinds that are known here, and of those that came with their definitions. */
import * as pulumi from '@pulumi/pulumi';
import type { KubeObject } from '../../recovery/public.ts';

/** Fields of a Secret that hold what is secret. */
const SECRET_FIELDS = ['data', 'stringData'];

/** As the typed classes have it, so that the state knows one name for a kind: `kubernetes:core/v1:Secret`. */
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
