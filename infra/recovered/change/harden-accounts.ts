/** Tells which service accounts have rights in the API. Pure. */
import { fieldsOf, type KubeObject, listOf } from '../../../recovery/public.ts';
import type { Fields } from '../objects/pod-templates.ts';

/** Whether a binding of the snapshot gives the account, or all accounts of its namespace, a role. */
export type HasRole = (namespace: string, account: string) => boolean;

export function boundAccounts(objects: readonly KubeObject[]): HasRole {
  const accounts = new Set<string>();
  const groups = new Set<string>();
  for (const object of objects) {
    if (object.kind !== 'RoleBinding' && object.kind !== 'ClusterRoleBinding') continue;
    for (const subject of listOf(object.subjects).map(fieldsOf)) {
      const { kind, name, namespace = object.metadata.namespace } = subject;
      if (kind === 'ServiceAccount') accounts.add(`${namespace}/${name}`);
      if (kind === 'Group') groups.add(String(name));
    }
  }
  return (namespace, account) =>
    accounts.has(`${namespace}/${account}`) ||
    groups.has('system:serviceaccounts') ||
    groups.has(`system:serviceaccounts:${namespace}`);
}

export function accountOf(spec: Fields): string {
  return String(spec.serviceAccountName ?? spec.serviceAccount ?? 'default');
}
