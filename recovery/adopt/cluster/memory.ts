/** The memory of adoptions: a ConfigMap in the stack's recovery namespace. */
import { CoreV1Api } from '@kubernetes/client-node';
import { STANZA } from '../../../plan/layout.ts';
import { DrError } from '../../core/errors.ts';
import { parseJson } from '../../core/json.ts';
import type { ClusterAccess } from '../../kubernetes/access.ts';
import { alreadyExists, callsOf, isAbsent } from '../../kubernetes/calls.ts';
import { type Memory, type MemoryPort, memorySchema, type Store } from '../types.ts';

const NAME = 'dr-adopt';

function readMemory(text: string, namespace: string): Memory {
  const { data, error } = memorySchema.safeParse(parseJson(text));
  if (data !== undefined) return data;
  const [issue] = error.issues;
  throw new DrError({
    code: 'ADOPT-MEMORY',
    where: `ConfigMap ${namespace}/${NAME}`,
    fact: `it can’t be read: ${issue?.path.join('.')}: ${issue?.message}`,
    hint: 'end this adoption with the version of `dr` that began it',
  });
}

export function memoryIn(access: ClusterAccess, namespace: string, signal: AbortSignal): MemoryPort {
  const core = access.config.makeApiClient(CoreV1Api);
  const call = callsOf(access, signal);
  const resource = `configmaps ${NAME}`;
  const of = { name: NAME, namespace };
  const data = async (): Promise<Record<string, string> | undefined> => {
    const found = await call({ verb: 'get', resource, namespace }, () => core.readNamespacedConfigMap(of), isAbsent);
    return found === undefined ? undefined : (found.data ?? {});
  };
  const put = async (entries: Record<string, string>): Promise<void> => {
    const labels = { 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/part-of': STANZA };
    const body = { metadata: { name: NAME, namespace, labels }, data: entries };
    await call(
      { verb: 'create', resource, namespace },
      () => core.createNamespacedConfigMap({ namespace, body }),
      alreadyExists,
    );
    await call({ verb: 'patch', resource, namespace }, () => core.replaceNamespacedConfigMap({ ...of, body }));
  };
  return {
    async read(store) {
      const text = (await data())?.[store];
      return text === undefined ? undefined : readMemory(text, namespace);
    },
    write: async (memory) => put({ ...(await data()), [memory.store]: JSON.stringify(memory) }),
    async forget(store: Store) {
      const { [store]: _, ...rest } = (await data()) ?? {};
      if (Object.keys(rest).length > 0) return put(rest);
      await call({ verb: 'delete', resource, namespace }, () => core.deleteNamespacedConfigMap(of), isAbsent);
    },
  };
}
