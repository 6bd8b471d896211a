/** Changes single fields of an object that somebody else declares, and leaves them to that one. */
import { type KubernetesObject, KubernetesObjectApi, PatchStrategy } from '@kubernetes/client-node';
import type { ClusterAccess } from '../access.ts';
import { type Call, callsOf } from '../calls.ts';
import type { ApiCall } from '../failure.ts';

export const FIELD_MANAGER = 'go-coffee-dr';

const KINDS = { Deployment: 'apps/v1', StatefulSet: 'apps/v1', CronJob: 'batch/v1', Service: 'v1' } as const;

/** What a merge patch changes: `null` removes a field or an annotation. */
interface Change {
  readonly annotations: Readonly<Record<string, string | null>>;
  readonly spec: Readonly<Record<string, unknown>>;
}

interface Named {
  readonly kind: keyof typeof KINDS;
  readonly namespace: string;
  readonly name: string;
}

/** Calls of one cluster. */
export class Patches {
  readonly call: Call;
  readonly objects: KubernetesObjectApi;

  constructor(access: ClusterAccess, signal: AbortSignal | undefined) {
    this.call = callsOf(access, signal);
    this.objects = KubernetesObjectApi.makeApiClient(access.config);
  }

  /**
   * Changes fields and gives up their ownership: the stack that declares the object must be able to set them again, and a field
   * with another owner would be a conflict.
   */
  async patch({ kind, namespace, name }: Named, { annotations, spec }: Change): Promise<void> {
    const call: ApiCall = { verb: 'patch', resource: `${kind} ${name}`, namespace };
    const head = { apiVersion: KINDS[kind], kind };
    const put = (body: KubernetesObject) =>
      this.call(call, () =>
        this.objects.patch(body, undefined, undefined, FIELD_MANAGER, undefined, PatchStrategy.MergePatch),
      );
    // The client's types know no `null`, by which a merge patch removes an annotation.
    const changed = await put({ ...head, metadata: { name, namespace, annotations }, spec } as KubernetesObject);
    const managedFields = changed?.metadata?.managedFields?.filter(({ manager }) => manager !== FIELD_MANAGER);
    if (managedFields !== undefined && managedFields.length > 0) {
      await put({ ...head, metadata: { name, namespace, managedFields } });
    }
  }
}
