/** RoleBindings of other namespaces that give the platform's accounts something there. A capture names them: it takes nothing of others. */
import { fieldsOf, type KubeObject, kindName, nameOf } from '../../kubernetes/objects.ts';
import type { Asked } from './ask.ts';
import type { Gap } from './gaps/gap.ts';
import { givesToNamespaces } from './references.ts';
import { isForbidden } from './unread.ts';

const ROLE_BINDING = 'RoleBinding.rbac.authorization.k8s.io';

const gap = (what: string, why: string): Gap => ({ part: 'access', what, why });

function gapOf(binding: KubeObject): Gap {
  const { kind, name } = fieldsOf(binding.roleRef);
  return gap(
    nameOf(binding),
    `it gives accounts of the platform the ${kind} ${name}, and its namespace is not captured`,
  );
}

export async function readForeignBindings(
  { cluster, discovery, unread }: Asked,
  namespaces: readonly string[],
): Promise<Gap[]> {
  const type = discovery.types.find((each) => kindName(each) === ROLE_BINDING);
  if (type === undefined) return [];
  return unread.read<Gap[]>(type, [], async () => {
    try {
      const others = (await cluster.list(type)).filter(
        ({ metadata }) => !namespaces.includes(metadata.namespace ?? ''),
      );
      return others.filter((binding) => givesToNamespaces(binding, namespaces)).map(gapOf);
    } catch (error) {
      if (!isForbidden(error)) throw error;
      const why = 'the account may not list them, so it is not known which of them name accounts of the platform';
      return [gap(`${ROLE_BINDING} of other namespaces`, why)];
    }
  });
}
